#!/usr/bin/env bash
# inside.sh is the part of deb.sh that runs in the clean root.
# usage: inside.sh WINDOW.deb HEADLESS.deb PACKAGE VERSION ID
set -euo pipefail
window=$1 headless=$2 package=$3 version=$4 id=$5
cd /packages
die() { echo "error: $*" >&2; exit 1; }
say() { echo "== in the clean root: $*"; }
install() { apt-get install -y -qq --no-install-recommends "$@" </dev/null >install.log 2>&1 || { tail -n 30 install.log >&2; die "apt-get install $*"; }; }
apt-get update -qq

say 'headless package'
before=$(dpkg-query -f '${Package}\n' -W | wc -l)
install "./$headless"
((before + 1 == $(dpkg-query -f '${Package}\n' -W | wc -l))) || die "$headless pulled in other packages: $(grep 'newly installed' install.log)"
[[ $("$package" version) == *"$version"* ]] || die "$package version prints $("$package" version)"
HOME=$(mktemp -d) "$package" >out 2>&1 && die 'the headless build opened a window'
{ grep -q '^error: ' out && grep -q '^hint: ' out; } || die "without a window it says: $(cat out)"

say 'window package in its place'
install "./$window"
dpkg-query -W -f '${db:Status-Status}\n' "$package-headless" 2>/dev/null | grep -qx installed && die 'both packages are installed'
[[ $("$package" version) == *"$version"* ]] || die "$package version prints $("$package" version)"
for file in /usr/share/bash-completion/completions/"$package" /usr/share/zsh/vendor-completions/_"$package" \
  /usr/share/fish/vendor_completions.d/"$package".fish /usr/share/man/man1/"$package".1.gz \
  /usr/share/doc/"$package"/{copyright,changelog.gz,CHANGELOG.md.gz,third-party.txt.gz} /etc/ufw/applications.d/"$package" /usr/lib/firewalld/services/"$package".xml \
  /usr/share/icons/hicolor/256x256/apps/"$id".png; do
  [[ -s $file ]] || die "$file is missing or empty"
done
bash -n /usr/share/bash-completion/completions/"$package"

say 'menu entry and metadata'
missing=$(ldd "$(command -v "$package")" | grep 'not found' || true)
[[ -z $missing ]] || die "libraries are missing: $missing"
install xvfb xauth imagemagick dbus x11-utils desktop-file-utils appstream
desktop-file-validate /usr/share/applications/"$id".desktop
bad=$(appstreamcli validate --no-net /usr/share/metainfo/"$id".metainfo.xml 2>&1 | grep '^[EW]:' | grep -v url-homepage-missing || true) # there is none
[[ -z $bad ]] || die "metadata is not valid: $bad"

say 'the window'
export HOME=/packages/home && mkdir -p "$HOME"
cat >window.sh <<'SCRIPT'
set -u
Xvfb :99 -screen 0 1200x800x24 >/dev/null 2>&1 & screen=$!
trap 'kill $screen 2>/dev/null' EXIT
export DISPLAY=:99
for _ in $(seq 100); do [ -S /tmp/.X11-unix/X99 ] && break; sleep 0.1; done
"$1" --no-discovery >window.log 2>&1 & window=$!
for _ in $(seq 100); do # until there is a picture
  sleep 0.2
  kill -0 $window 2>/dev/null || { echo "error: the window closed itself"; cat window.log; exit 1; }
  import -window root window.png 2>/dev/null || continue
  colours=$(identify -format %k window.png)
  [ "$colours" -gt 50 ] && break
done
echo "colours on the screen: $colours"
xwininfo -root -tree | grep '"Yonder' || { echo 'error: no window with that title'; exit 1; }
kill $window; wait $window
[ "$colours" -gt 50 ]
SCRIPT
# A network of its own: nothing is announced to the one around.
unshare --net dbus-run-session -- bash window.sh "$package" 2>window.err || { cat window.err >&2; die 'the window did not open'; }

say 'removing'
apt-get purge -y -qq "$package" >/dev/null 2>&1
left=$(find /usr /etc -path "*$package*" -not -path '/usr/share/doc*' | head || true)
[[ -z $left ]] || die "left behind: $left"
