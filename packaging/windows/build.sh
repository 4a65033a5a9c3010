#!/usr/bin/env bash
# build.sh makes the portable zip for Windows: the window program, compiled with
# mingw, and the terminal program, which needs no C. Both get icon, manifest and
# version from a resource file.
#
# Go links such a resource only if it lies beside main.go. There it would end up in
# other people's builds too, so main.go is copied beside the resource instead, into
# a folder of this module that ./... does not see.
. "$(dirname "$0")/../env.sh"
stage=$WORK/windows
zip=$PACKAGE-$VERSION-windows-amd64-portable.zip
folder=$stage/${zip%.zip}
rm -rf "$stage" && mkdir -p "$folder"
export GOOS=windows GOARCH=amd64
mingw=x86_64-w64-mingw32
for tool in $mingw-gcc $mingw-windres zip; do
  command -v "$tool" >/dev/null || { echo "error: $tool is missing" >&2; echo 'hint: bash packaging/deps.sh package' >&2; exit 1; }
done

"$WORK/bin/icongen" -o "$stage/icon.ico" packaging/icon.svg
render packaging/windows/yonder.manifest.in "$stage/yonder.manifest"

# resource NAME EXE DESCRIPTION prepares the folder from which EXE is built.
resource() {
  mkdir -p "$stage/$1"
  find . -maxdepth 1 -name '*.go' ! -name '*_test.go' -exec cp {} "$stage/$1/" \;
  cp FyneApp.toml "$stage/$1/"
  render packaging/windows/yonder.rc.in "$stage/$1.rc" Exe="$2" Description="$3"
  (cd "$stage" && $mingw-windres "$1.rc" -O coff -o "$1/resource_windows_amd64.syso")
}

say 'window build for windows/amd64 (the first one takes minutes)'
resource window "$PACKAGE-window.exe" "$NAME"
CGO_ENABLED=1 CC=$mingw-gcc go build -trimpath -buildvcs=false -ldflags '-s -w -H windowsgui' \
  -o "$folder/$PACKAGE-window.exe" "./$stage/window"

say 'terminal build for windows/amd64'
resource terminal "$PACKAGE.exe" "$NAME for the terminal"
headless windows amd64 "$folder/$PACKAGE.exe" "./$stage/terminal"

render packaging/windows/README.txt.in "$folder/README.txt"
printf '\xef\xbb\xbf' | cat - "$folder/README.txt" >"$stage/readme" # a BOM, or old editors garble the Chinese
sed 's/$/\r/' "$stage/readme" >"$folder/README.txt"
sed 's/$/\r/' LICENSE >"$folder/LICENSE.txt"
licenses windows amd64 1 -trimpath >"$folder/third-party.txt"
find "$folder" -exec touch -d "@$SOURCE_DATE_EPOCH" {} +
(cd "$stage" && find "${folder##*/}" -type f | sort | zip -q -X -9 -@ "$zip")
mv "$stage/$zip" "$DIST/"
