#!/usr/bin/env bash
# run.sh opens the window of the ./yonder that was just built. Where there is no
# display it says so and receives in the terminal instead.
cd "$(dirname "$0")/.." || exit 1

receive() {
  echo "$1: starting \"yonder receive\" instead. Ctrl+C ends it."
  exec ./yonder receive
}

[[ $(uname -s) != Linux || -n ${DISPLAY:-} ]] || receive 'There is no display (DISPLAY is not set)'
./yonder
code=$?
((code != 2)) || receive 'The window could not be opened' # 2: no usable display
exit $code
