#!/usr/bin/env bash
# packages.sh builds every package that can be made on Linux into dist/ and writes
# their SHA-256 sums. `make packages` installs what it needs first.
. "$(dirname "$0")/env.sh"

rm -rf "$DIST" && mkdir -p "$DIST"
bash packaging/linux/build.sh
bash packaging/windows/build.sh
bash packaging/macos/headless.sh
(cd "$DIST" && sha256sum -- * >SHA256SUMS)
say "packages in $DIST:"
ls -l "$DIST"
