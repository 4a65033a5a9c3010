#!/usr/bin/env bash
# cleanroom.sh proves that a fresh clone works: it makes a clean Debian with only
# Go, gcc, git and make, clones this repository into it, and there runs `make run`,
# which has no display and so must receive in the terminal, and .ci/run.
#
# Root only; needs a Debian mirror and the Go module proxy. What is not committed is
# not seen; WORKTREE=1 takes the files as they are instead. KEEP=1 leaves the root.
. "$(dirname "$0")/env.sh"
. packaging/check/root.sh
root=$PWD/$WORK/root-clean

say "a clean $SUITE with gcc, git and make"
new_root "$root" gcc libc6-dev git make ca-certificates
[[ ! -f /etc/ssl/certs/ca-certificates.crt ]] || cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
mkdir -p "$root/usr/local"
cp -a "$(go env GOROOT)" "$root/usr/local/go"
if [[ -n ${WORKTREE:-} ]]; then
  mkdir "$root/yonder"
  git ls-files -co --exclude-standard -z | tar --null -T - -cf - --ignore-failed-read | tar -C "$root/yonder" -xf -
else
  git clone -q "file://$PWD" "$root/yonder"
fi

say 'make run, without a display'
start=$SECONDS
inside "$root" /bin/bash -c '
  cd /yonder
  export YONDER_DATA=/tmp/profile
  mkdir -p $YONDER_DATA && echo "{\"discovery\": \"none\"}" >$YONDER_DATA/settings.json # nothing is announced around
  make run >run.log 2>&1 & pid=$!
  for _ in $(seq 6000); do
    sleep 0.1
    grep -q "^listening on" run.log && break
    kill -0 $pid 2>/dev/null || break
  done
  cat run.log
  grep -q "There is no display" run.log && grep -q "^listening on" run.log
' || { echo 'error: make run did not get as far as receiving' >&2; exit 1; }
say "make run receives after $((SECONDS - start)) s"

say '.ci/run'
start=$SECONDS
inside "$root" /bin/bash -c 'cd /yonder && bash .ci/run'
say ".ci/run passed after $((SECONDS - start)) s"

say 'make run, a second time, with a display and without the network'
inside "$root" /bin/bash -c '
  apt-get install -y -qq --no-install-recommends x11-utils >/dev/null 2>&1 # for the look at the screen
  cd /yonder
  export YONDER_DATA=/tmp/profile DISPLAY=:99
  Xvfb :99 -screen 0 1200x800x24 >/dev/null 2>&1 &
  for _ in $(seq 100); do [ -S /tmp/.X11-unix/X99 ] && break; sleep 0.1; done
  unshare --net bash -c "ip link set lo up; exec dbus-run-session -- make run" >run.log 2>&1 &
  for _ in $(seq 300); do
    sleep 0.2
    xwininfo -root -tree 2>/dev/null | grep "\"Yonder" && exit 0
  done
  cat run.log
  exit 1
' || { echo 'error: make run did not open the window' >&2; exit 1; }
[[ -n ${KEEP:-} ]] || rm -rf --one-file-system "$root" "$root.log"
say 'a fresh clone runs and passes its tests'
