#!/usr/bin/env bash
# deb.sh installs the Debian packages from dist/ into a clean root and uses them:
#
#   1. the headless package alone, with nothing else pulled in
#   2. the window package in its place, with its dependencies from the mirror;
#      menu entry and metadata are valid, and the window opens and draws
#   3. removing leaves nothing behind
#
# Root only; needs a Debian mirror. SUITE=trixie tries another release.
. "$(dirname "$0")/../env.sh"
. packaging/check/root.sh
arch=$(dpkg --print-architecture)
root=$PWD/$WORK/root-deb
window=${PACKAGE}_${VERSION}_$arch.deb
headless=$PACKAGE-headless_${VERSION}_$arch.deb
for file in "$window" "$headless"; do
  [[ -f $DIST/$file ]] || { echo "error: $DIST/$file is missing" >&2; echo 'hint: make packages' >&2; exit 1; }
done

say "a clean $SUITE"
new_root "$root"
mkdir -p "$root/packages"
cp "$DIST/$window" "$DIST/$headless" "$root/packages/"
cp packaging/check/inside.sh "$root/packages/"
inside "$root" /bin/bash /packages/inside.sh "$window" "$headless" "$PACKAGE" "$VERSION" "$ID"
cp "$root/packages/window.png" "$WORK/window-from-deb.png"
say "the packages install, run and go away again; screenshot in $WORK/window-from-deb.png"
rm -rf --one-file-system "$root" "$root.log"
