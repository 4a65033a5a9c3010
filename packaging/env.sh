# shellcheck shell=bash
# env.sh is read by the packaging scripts: `. packaging/env.sh`. It goes to the root
# of the repository and sets
#
#   FLAGS     array: how the window build is compiled on this system
#   STATIC    array: how the headless build is compiled, everywhere
#   NAME PACKAGE ID VERSION BUILD ICON   from FyneApp.toml
#   WORK      folder for what is made on the way; ignored by git and by ./...
#   DIST      folder for finished packages
#   SOURCE_DATE_EPOCH   the one time that packages show, in seconds
set -euo pipefail
umask 022
cd "$(dirname "${BASH_SOURCE[0]}")/.."
command -v go >/dev/null || PATH=$PATH:/usr/local/go/bin
export PATH LC_ALL=C TZ=UTC
read -ra FLAGS <<<"$(sh packaging/flags.sh)"
STATIC=(-trimpath -buildvcs=false -tags headless)
WORK=_build DIST=dist
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date -r CHANGELOG.md +%s)}
export SOURCE_DATE_EPOCH
mkdir -p "$WORK/bin" "$DIST"
go build "${FLAGS[@]}" -o "$WORK/bin/" ./packaging/meta ./packaging/icongen ./packaging/licenses
eval "$("$WORK/bin/meta" vars)"

say() { echo "== $*"; }

# render DESCRIPTION FILE [KEY=VALUE...]
render() { local in=$1 out=$2; shift 2; mkdir -p "${out%/*}"; "$WORK/bin/meta" render "$in" "$@" >"$out"; }

# headless GOOS GOARCH FILE builds the static program without a window.
headless() { GOOS=$1 GOARCH=$2 CGO_ENABLED=0 go build "${STATIC[@]}" -ldflags '-s -w' -o "$3" "${4:-.}"; }

# licenses GOOS GOARCH CGO_ENABLED FLAGS... prints the licences in that build.
licenses() {
  local os=$1 arch=$2 cgo=$3; shift 3
  GOOS=$os GOARCH=$arch CGO_ENABLED=$cgo "$WORK/bin/licenses" "$@" .
}

# texts FOLDER puts what every archive carries beside the program into FOLDER.
texts() { cp README.md LICENSE CHANGELOG.md "$1/"; }

# tarball FOLDER FILE packs FOLDER, reproducibly.
tarball() {
  tar --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner \
    -C "$(dirname "$1")" -cf - "$(basename "$1")" | gzip -9n >"$2"
}
