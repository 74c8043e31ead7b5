#!/bin/sh
# build.sh VERSION OUTPUT-DIR: makes xivosync_VERSION_ARCH.deb of this checkout.
# The same commit gives the same bytes.
set -eu
version=${1:?version} out=${2:?output folder}
here=$(cd "$(dirname "$0")/.." && pwd)
top=$(dirname "$here")
arch=$(dpkg --print-architecture)
: "${SOURCE_DATE_EPOCH:=$(git -C "$top" log -1 --format=%ct 2>/dev/null || echo 0)}"
export SOURCE_DATE_EPOCH
# Without a release, a later commit is a later version, and any release later still.
case ${version#v} in
[0-9]*.[0-9]*) version=${version#v} ;;
*) version=0~git$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y%m%d%H%M%S).$version ;;
esac
version=$(printf %s "$version" | tr -c 'A-Za-z0-9.~+' '.')

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
umask 022
chmod 755 "$root"
mkdir -p "$out"
put() { install -D -m "$1" "$2" "$root/$3"; }

cd "$top"
CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$version" -o "$root/usr/bin/xivosync" ./cmd/xivosync
mkdir -p "$root/usr/share/man/man1" "$root/var/lib/xivosync"
go run -tags manual ./cmd/xivosync manual "$root/usr/share/man/man1"
gzip -9n "$root"/usr/share/man/man1/*
for shell in bash zsh fish; do
    case $shell in
    bash) to=usr/share/bash-completion/completions/xivosync ;;
    zsh) to=usr/share/zsh/vendor-completions/_xivosync ;;
    fish) to=usr/share/fish/vendor_completions.d/xivosync.fish ;;
    esac
    mkdir -p "$root/$(dirname $to)"
    "$root/usr/bin/xivosync" completion $shell >"$root/$to"
done
for unit in "$here"/systemd/*; do put 644 "$unit" "lib/systemd/system/$(basename "$unit")"; done
put 640 "$here/xivosync.example.toml" etc/xivosync/xivosync.toml
put 644 "$here/xivosync.example.toml" usr/share/doc/xivosync/examples/xivosync.example.toml
put 644 "$here/active-directory.example.toml" usr/share/doc/xivosync/examples/active-directory.example.toml
put 644 "$top/README.md" usr/share/doc/xivosync/README.md
put 644 "$top/LICENSE" usr/share/doc/xivosync/copyright
for page in "$top"/docs/*.md "$here"/prometheus/* "$here"/grafana/*; do
    [ -f "$page" ] || continue
    put 644 "$page" "usr/share/doc/xivosync/${page#"$top/"}"
done

mkdir "$root/DEBIAN"
size=$(du -sk --exclude=DEBIAN "$root" | cut -f1)
sed -e "s/@VERSION@/$version/" -e "s/@ARCH@/$arch/" -e "s/@SIZE@/$size/" "$here/deb/control" >"$root/DEBIAN/control"
for script in postinst prerm postrm; do install -m 755 "$here/deb/$script" "$root/DEBIAN/$script"; done
echo /etc/xivosync/xivosync.toml >"$root/DEBIAN/conffiles"
(cd "$root" && find . -path ./DEBIAN -prune -o -type f -print | sed 's,^\./,,' | LC_ALL=C sort | xargs md5sum) >"$root/DEBIAN/md5sums"
find "$root" -exec touch -hd "@$SOURCE_DATE_EPOCH" {} +
deb=$out/xivosync_${version}_$arch.deb
dpkg-deb --root-owner-group -Zxz --build "$root" "$deb" >/dev/null
echo "$deb"
