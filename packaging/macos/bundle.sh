#!/usr/bin/env bash
# bundle.sh BINARY FOLDER puts a macOS program into FOLDER/Yonder.app. It only
# arranges files, so it runs on any system.
. "$(dirname "$0")/../env.sh"
(($# == 2)) || { echo 'usage: bundle.sh BINARY FOLDER' >&2; exit 2; }
app=$2/$NAME.app
rm -rf "$app" && mkdir -p "$app/Contents/MacOS" "$app/Contents/Resources/zh-Hans.lproj"
cp "$1" "$app/Contents/MacOS/$PACKAGE" && chmod 755 "$app/Contents/MacOS/$PACKAGE"
render packaging/macos/Info.plist.in "$app/Contents/Info.plist"
printf 'APPL????' >"$app/Contents/PkgInfo"
"$WORK/bin/icongen" -o "$app/Contents/Resources/icon.icns" packaging/icon.svg
cp packaging/macos/InfoPlist.zh-Hans.strings "$app/Contents/Resources/zh-Hans.lproj/InfoPlist.strings"
cp LICENSE "$app/Contents/Resources/LICENSE.txt"
licenses darwin arm64 1 -trimpath >"$app/Contents/Resources/third-party.txt"
