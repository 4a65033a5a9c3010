# shellcheck shell=bash
# root.sh is read by scripts that need a clean Debian: `. packaging/check/root.sh`.
# It is for root only. Everything is mounted in a namespace of its own and under
# _build, and goes away with the script.
#
#   new_root FOLDER [PACKAGE...]  unpacks a minimal Debian into FOLDER
#   inside FOLDER COMMAND...      runs COMMAND in it, with its own processes
SUITE=${SUITE:-bookworm}
MIRROR=${MIRROR:-http://deb.debian.org/debian}

((EUID == 0)) || { echo 'error: a clean root can only be made by root' >&2; exit 1; }
command -v debootstrap >/dev/null || { echo 'error: debootstrap is missing' >&2; echo 'hint: bash packaging/deps.sh check' >&2; exit 1; }

new_root() {
  local root=$1 include; shift
  include=$(IFS=,; echo "$*")
  rm -rf --one-file-system "$root"
  mkdir -p "$root"
  debootstrap --variant=minbase ${include:+--include="$include"} "$SUITE" "$root" "$MIRROR" >"$root.log" 2>&1 ||
    { tail -n 20 "$root.log" >&2; return 1; }
  cp /etc/resolv.conf "$root/etc/"
  printf '127.0.0.1 localhost\n::1 localhost\n' >"$root/etc/hosts"
  # What this machine needs to reach its mirrors, the new root needs too.
  cp /etc/apt/apt.conf.d/*prox* /etc/apt/apt.conf.d/*check* "$root/etc/apt/apt.conf.d/" 2>/dev/null || true
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d" && chmod 755 "$root/usr/sbin/policy-rc.d" # no services
}

inside() {
  local root=$1; shift
  unshare --mount --pid --ipc --uts --fork --kill-child bash -c '
    set -e
    root=$1; shift
    mount --bind "$root" "$root" # a mount, as / is everywhere else
    mount -t proc proc "$root/proc"
    mount -t tmpfs tmpfs "$root/tmp"
    mount --rbind /dev "$root/dev"
    mount --make-rslave "$root/dev"
    mount --rbind /sys "$root/sys"
    mount --make-rslave "$root/sys"
    exec chroot "$root" /usr/bin/env -i HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
      PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
      ${http_proxy:+http_proxy=$http_proxy} ${https_proxy:+https_proxy=$https_proxy} ${GOPROXY:+GOPROXY=$GOPROXY} "$@"
  ' bash "$root" "$@"
}
