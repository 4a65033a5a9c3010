#!/usr/bin/env bash
# wine.sh runs the Windows terminal program from dist/ under Wine, against the Linux
# build of this tree, over loopback with no discovery:
#
#   1. yonder.exe prints its version, and opens no window
#   2. Linux sends a tree to Windows
#   3. Windows sends it back
#   4. yonder-window.exe opens its window and draws, on a virtual screen
#
# The trees must be equal: names, content, empty folders, times to the second.
# Wine 8 lacks one library that Go needs; a stand-in is put where Windows has it. As
# root it all runs in a network of its own.
. "$(dirname "$0")/../env.sh"
if ((EUID == 0)) && [[ -z ${ALONE:-} ]]; then
  exec unshare --net -- env ALONE=1 bash -c 'ip link set lo up; exec bash packaging/check/wine.sh'
fi
zip=$PWD/$DIST/$PACKAGE-$VERSION-windows-amd64-portable.zip
[[ -f $zip ]] || { echo "error: $zip is missing" >&2; echo 'hint: make packages' >&2; exit 1; }
for tool in wine unzip x86_64-w64-mingw32-gcc Xvfb import xwininfo; do
  command -v "$tool" >/dev/null || { echo "error: $tool is missing" >&2; echo 'hint: bash packaging/deps.sh check' >&2; exit 1; }
done
die() { echo "error: $*" >&2; exit 1; }

here=$PWD
temp=$(mktemp -d)
export LC_ALL=C.UTF-8 # or Wine cannot make a Chinese name
export WINEPREFIX=$temp/prefix WINEDEBUG=-all WINEDLLOVERRIDES='mscoree,mshtml=' YONDER_DATA=
receiver='' screen=''
finish() {
  [[ -z $receiver ]] || kill "$receiver" 2>/dev/null || true
  [[ -z $screen ]] || kill "$screen" 2>/dev/null || true
  wineserver -k 2>/dev/null || /usr/lib/wine/wineserver -k 2>/dev/null || true
  rm -rf "$temp"
}
trap finish EXIT

say 'a Windows with the program'
unzip -q "$zip" -d "$temp"
program=$(echo "$temp"/"$PACKAGE"-*)
CGO_ENABLED=0 go build "${STATIC[@]}" -o "$temp/linux" .
timeout 120 wine wineboot -i >/dev/null 2>&1 || die 'Wine does not start'
x86_64-w64-mingw32-gcc -shared -O2 -o "$WINEPREFIX/drive_c/windows/system32/bcryptprimitives.dll" packaging/check/bcryptprimitives.c -ladvapi32
windows() { timeout 120 wine "$program/$PACKAGE.exe" "$@"; }
linux() { timeout 120 "$temp/linux" --data "$temp/profile" "$@"; }
seen=$(windows version | tr -d '\r')
[[ $seen == *"$VERSION"* ]] || die "yonder.exe version prints '$seen', want $VERSION"
echo "$seen"
code=0
windows >"$temp/bare" 2>&1 || code=$?
((code == 2)) && grep -q '^hint: ' "$temp/bare" || die "without a command yonder.exe exits with $code: $(cat "$temp/bare")"

say 'a tree to send'
mkdir -p "$temp/tree/empty folder" "$temp/tree/文件夹/deep/er"
head -c 5000000 /dev/urandom >"$temp/tree/large.bin"
: >"$temp/tree/empty"
echo 你好 >"$temp/tree/文件夹/你好世界.txt"
cp "$here"/packaging/*.go "$temp/tree/文件夹/deep/er/"
for i in $(seq 100); do echo "$i" >"$temp/tree/文件夹/$i.txt"; done
touch -d 2001-02-03T04:05:06 "$temp/tree/文件夹/1.txt"

# listing FOLDER prints what must be equal on both sides.
listing() { (cd "$1" && find . -type d -printf '%P/\n' -o -type f -printf '%P %s %Ts ' -exec sh -c 'sha256sum <"$1"' sh {} \; | sort); }

# receive SYSTEM FOLDER SAVE starts a receiver and sets $address; SAVE is FOLDER as
# that system calls it.
receive() {
  local log=$temp/receive-$1.log port=$((20000 + RANDOM % 10000))
  mkdir -p "$2" && : >"$log"
  "$1" receive --no-discovery --accept all --once --port $port --save "$3" >"$log" 2>&1 & receiver=$!
  for _ in $(seq 300); do
    address=$(tr -d '\r' <"$log" | sed -n 's/^listening on .*:\([0-9]*\)$/127.0.0.1:\1/p')
    [[ -z $address ]] || return 0
    kill -0 $receiver 2>/dev/null || break
    sleep 0.1
  done
  cat "$log" >&2
  die "$1 does not listen"
}

# arrived NAME FOLDER waits for the receiver and compares the trees.
arrived() {
  wait "$receiver" || { cat "$temp"/receive-*.log >&2; die "$1: the receiver failed"; }
  receiver=
  diff <(listing "$temp/tree") <(listing "$2") || die "$1: the trees differ"
}

say 'Linux sends to Windows'
receive windows "$temp/to windows" "Z:${temp//\//\\}\\to windows"
linux send --no-discovery --retry 0 --to "$address" "$temp/tree" || die "exit code $?"
arrived 'Linux to Windows' "$temp/to windows/tree"

say 'Windows sends to Linux'
receive linux "$temp/to linux" "$temp/to linux"
windows send --no-discovery --retry 0 --to "$address" "Z:${temp//\//\\}\\tree" || die "exit code $?"
arrived 'Windows to Linux' "$temp/to linux/tree"

say "$(listing "$temp/tree" | wc -l) entries went both ways"

say 'the window'
mkfifo "$temp/display" && exec 3<>"$temp/display"
Xvfb -displayfd 3 -screen 0 1200x800x24 >/dev/null 2>&1 & screen=$!
read -r -t 20 display <&3 || die 'Xvfb does not start'
export DISPLAY=:$display
wine "$program/$PACKAGE-window.exe" --no-discovery >"$temp/window.log" 2>&1 &
colours=0
for _ in $(seq 120); do # until there is a picture
  sleep 0.5
  xwininfo -root -tree | grep -q '"Yonder"' || continue
  import -window root "$temp/window.png"
  colours=$(identify -format %k "$temp/window.png")
  ((colours < 50)) || break
done
cp "$temp/window.png" "$WORK/window-from-zip.png" 2>/dev/null || true
((colours >= 50)) || die "no window, or an empty one ($colours colours): $(cat "$temp/window.log")"
say "$colours colours on the screen; screenshot in $WORK/window-from-zip.png"
