#!/usr/bin/env bash
# app.sh builds Yonder.app for both processors and packs it as a zip and a dmg.
# It runs on macOS with the command line tools of Xcode (`xcode-select --install`).
#
# The app is signed ad hoc, which a Mac needs to run it at all. A signature that
# Gatekeeper trusts needs an Apple developer account: set SIGN_AS to its identity.
. "$(dirname "$0")/../env.sh"
[[ $(uname -s) == Darwin ]] || {
  echo 'error: the window build for macOS needs the SDK of Apple and can only be made on a Mac' >&2
  echo 'hint: "make packages" makes the terminal program for macOS on any system' >&2
  exit 1
}
stage=$WORK/macos
mkdir -p "$stage"
for arch in amd64 arm64; do
  say "window build for darwin/$arch"
  clang=arm64; [[ $arch == amd64 ]] && clang=x86_64
  GOARCH=$arch CGO_ENABLED=1 CGO_CFLAGS="-O2 -arch $clang -mmacosx-version-min=12.0" \
    CGO_LDFLAGS="-arch $clang -mmacosx-version-min=12.0" \
    go build "${FLAGS[@]}" -ldflags '-s -w' -o "$stage/window-$arch" .
done
lipo -create -output "$stage/window" "$stage/window-amd64" "$stage/window-arm64"
bash packaging/macos/bundle.sh "$stage/window" "$stage"

say 'signing'
codesign --force --options runtime --sign "${SIGN_AS:--}" "$stage/$NAME.app"
codesign --verify --strict "$stage/$NAME.app"

say 'zip and dmg'
file=$PACKAGE-$VERSION-macos-universal
ditto -c -k --keepParent "$stage/$NAME.app" "$DIST/$file.zip"
rm -rf "$stage/dmg" && mkdir "$stage/dmg"
cp -R "$stage/$NAME.app" "$stage/dmg/" && ln -s /Applications "$stage/dmg/Applications"
hdiutil create -volname "$NAME" -srcfolder "$stage/dmg" -format UDZO -ov "$DIST/$file.dmg"
