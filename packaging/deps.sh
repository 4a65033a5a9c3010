#!/usr/bin/env bash
# deps.sh SET... installs what this machine lacks to build, test or package Yonder.
#
#   build      a C compiler and the X11 and OpenGL headers: `make build`, `make run`
#   test       what the tests drive: a virtual screen, fonts, network namespaces, Avahi
#   package    cross compiler and zip: `make packages`
#   check      clean roots and Wine, to try the packages: `make test-packages`
#
# On Debian and Ubuntu missing packages are installed with apt, through sudo where
# that is needed. If nothing is missing it does nothing, and needs no network.
# Elsewhere it names the packages and goes on if the compiler is there.
set -euo pipefail

# apt_packages SET prints the Debian packages of a set.
apt_packages() {
  case $1 in
  build) echo gcc libc6-dev pkg-config libgl-dev libx11-dev libxrandr-dev libxxf86vm-dev libxi-dev libxcursor-dev libxinerama-dev ;;
  test) echo xvfb dbus avahi-daemon avahi-utils fonts-noto-cjk iproute2 nftables btrfs-progs procps ;;
  package) echo gcc-mingw-w64-x86-64 zip ;;
  check) echo debootstrap debian-archive-keyring wine wine64 gcc-mingw-w64-x86-64 unzip xvfb x11-utils imagemagick ;;
  *) return 1 ;;
  esac
}

usage() { sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0"; }
(($#)) || { usage >&2; exit 2; }

wanted=()
for set in "$@"; do
  [[ $set != -h && $set != --help ]] || { usage; exit 0; }
  list=$(apt_packages "$set") || { echo "error: deps.sh: no set $set" >&2; usage >&2; exit 2; }
  read -ra more <<<"$list"
  wanted+=("${more[@]}")
done

if ! command -v go >/dev/null; then
  echo "error: Go is not installed, or not in PATH" >&2
  echo "hint: get it from https://go.dev/dl/ ($(sed -n 's/^go /version /p' "${0%/*}/../go.mod") or newer)" >&2
  exit 1
fi

# elsewhere names the packages of a system whose package manager is left alone.
elsewhere() {
  case $1 in
  fedora) echo 'sudo dnf install gcc make git pkgconf-pkg-config libglvnd-devel libX11-devel libXrandr-devel libXxf86vm-devel libXi-devel libXcursor-devel libXinerama-devel'
    echo '# tests: xorg-x11-server-Xvfb dbus-daemon avahi avahi-tools google-noto-sans-cjk-fonts iproute nftables btrfs-progs procps-ng'
    echo '# packages: mingw64-gcc zip' ;;
  arch) echo 'sudo pacman -S --needed gcc make git pkgconf libglvnd libx11 libxrandr libxxf86vm libxi libxcursor libxinerama'
    echo '# tests: xorg-server-xvfb dbus avahi noto-fonts-cjk iproute2 nftables btrfs-progs procps-ng'
    echo '# packages: mingw-w64-gcc zip' ;;
  macos) echo 'xcode-select --install' ;;
  windows) echo 'winget install GoLang.Go Git.Git   # and a C compiler: MSYS2 with mingw-w64-ucrt-x86_64-gcc, or w64devkit' ;;
  esac
}

case $(uname -s) in
Darwin) xcode-select -p >/dev/null 2>&1 || { echo 'Yonder needs the command line tools of Xcode:'; elsewhere macos; exit 1; }; exit 0 ;;
MINGW* | MSYS* | CYGWIN*) command -v gcc >/dev/null || { echo 'Yonder needs a C compiler:'; elsewhere windows; exit 1; }; exit 0 ;;
esac

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
  echo 'This is not Debian or Ubuntu, so nothing is installed for you. Yonder needs:'
  if command -v dnf >/dev/null; then elsewhere fedora
  elif command -v pacman >/dev/null; then elsewhere arch
  else
    echo 'on Fedora:'; elsewhere fedora
    echo 'on Arch:'; elsewhere arch
  fi
  if command -v cc >/dev/null || command -v gcc >/dev/null; then exit 0; fi
  exit 1
fi

missing=()
for package in "${wanted[@]}"; do
  state=$(dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | sort -u || true)
  [[ $state == *installed* && $state != *not-installed* ]] || missing+=("$package")
done
((${#missing[@]})) || exit 0

root=()
if ((EUID)); then
  command -v sudo >/dev/null || {
    echo "error: these packages are missing and this user may not install them: ${missing[*]}" >&2
    echo "hint: as root: apt-get install ${missing[*]}" >&2
    exit 1
  }
  root=(sudo)
fi
echo "installing: ${missing[*]}"
log=$(mktemp)
"${root[@]}" apt-get update -qq >"$log" 2>&1 &&
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >>"$log" 2>&1 || {
  cat "$log" >&2
  rm -f "$log"
  echo "error: apt could not install: ${missing[*]}" >&2
  exit 1
}
rm -f "$log"
