#!/usr/bin/env bash
# headless.sh makes the terminal program for macOS, for both processors in one file.
# It needs nothing of Apple's and runs on any system. The window build needs Apple's
# SDK: see app.sh.
. "$(dirname "$0")/../env.sh"
stage=$WORK/macos
folder=$stage/$PACKAGE-headless-$VERSION-macos-universal
rm -rf "$folder" && mkdir -p "$folder/completions" "$folder/man"

for arch in amd64 arm64; do
  say "headless build for darwin/$arch"
  headless darwin $arch "$stage/headless-$arch"
done
go -C packaging/tools build -trimpath -buildvcs=false -o "$PWD/$WORK/bin/" github.com/randall77/makefat
"$WORK/bin/makefat" "$folder/$PACKAGE" "$stage/headless-amd64" "$stage/headless-arm64"
chmod 755 "$folder/$PACKAGE"

headless "$(go env GOHOSTOS)" "$(go env GOHOSTARCH)" "$WORK/bin/$PACKAGE"
for shell in bash zsh fish; do "$WORK/bin/$PACKAGE" completion $shell >"$folder/completions/completion.$shell"; done
"$WORK/bin/$PACKAGE" man "$folder/man"
licenses darwin arm64 0 "${STATIC[@]}" >"$folder/third-party.txt"
texts "$folder"
tarball "$folder" "$DIST/${folder##*/}.tar.gz"
