#!/usr/bin/env bash
# build.sh makes the Debian packages (window build for this processor, headless
# build for amd64 and arm64) and the headless tarballs for Linux.
. "$(dirname "$0")/../env.sh"
native=$(go env GOARCH)
stage=$WORK/linux
rm -rf "$stage" && mkdir -p "$stage/man"

say 'window build'
go build "${FLAGS[@]}" -ldflags '-s -w' -o "$stage/window" .
libc=$(objdump -T "$stage/window" | grep -o 'GLIBC_[0-9.]*' | sort -Vu | tail -n 1)
libc=${libc#GLIBC_}
for arch in amd64 arm64; do
  say "headless build for linux/$arch"
  headless linux $arch "$stage/headless-$arch"
done

say 'completions, manual pages, icons, licences'
program=$stage/headless-$native
for shell in bash zsh fish; do "$program" completion $shell >"$stage/completion.$shell"; done
"$program" man "$stage/man"
gzip -9n "$stage/man"/*
for size in 16 24 32 48 64 128 256 512; do
  mkdir -p "$stage/icons/${size}x$size/apps"
  "$WORK/bin/icongen" -size $size -o "$stage/icons/${size}x$size/apps/$ID.png" packaging/icon.svg
done
mkdir -p "$stage/icons/scalable/apps" && cp packaging/icon.svg "$stage/icons/scalable/apps/$ID.svg"
render packaging/linux/yonder.desktop.in "$stage/$ID.desktop"
render packaging/linux/metainfo.xml.in "$stage/$ID.metainfo.xml"
render packaging/linux/ufw.in "$stage/ufw"
render packaging/linux/firewalld.xml.in "$stage/firewalld.xml"
render packaging/linux/copyright.in "$stage/copyright" License="$(sed -n '/^Permission/,$s/^/ /p' LICENSE | sed 's/^ $/ ./')"
for kind in window headless; do
  render packaging/linux/changelog.in "$stage/changelog-$kind" Kind=$kind
  gzip -9n "$stage/changelog-$kind"
done
gzip -9nc CHANGELOG.md >"$stage/CHANGELOG.md.gz"
licenses linux "$native" 1 "${FLAGS[@]}" | gzip -9n >"$stage/third-party-window.txt.gz"
licenses linux "$native" 0 "${STATIC[@]}" | gzip -9n >"$stage/third-party-headless.txt.gz"
find "$stage" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +

say 'packaging tools'
go -C packaging/tools build -trimpath -buildvcs=false -o "$PWD/$WORK/bin/" github.com/goreleaser/nfpm/v2/cmd/nfpm

# deb KIND ARCH BINARY
deb() {
  render packaging/linux/nfpm.yaml.in "$stage/nfpm-$1-$2.yaml" Kind="$1" Arch="$2" Stage="$stage" Binary="$3" Libc="$libc"
  "$WORK/bin/nfpm" package --packager deb --config "$stage/nfpm-$1-$2.yaml" --target "$DIST/"
}
say 'Debian packages'
deb window "$native" "$stage/window"
for arch in amd64 arm64; do deb headless $arch "$stage/headless-$arch"; done

for arch in amd64 arm64; do
  say "tarball for linux/$arch"
  folder=$stage/$PACKAGE-headless-$VERSION-linux-$arch
  mkdir -p "$folder/man" "$folder/completions"
  cp "$stage/headless-$arch" "$folder/$PACKAGE"
  cp "$stage"/completion.* "$folder/completions/"
  cp "$stage"/man/* "$folder/man/"
  zcat "$stage/third-party-headless.txt.gz" >"$folder/third-party.txt"
  texts "$folder"
  tarball "$folder" "$DIST/${folder##*/}.tar.gz"
done
