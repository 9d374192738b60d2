#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# fetch.sh: for `./sos bench files` alone. The distribution's arm64 Linux kernel and busybox, with
# the modules of its NFS client, into build/third_party/linux: what SOS is compared with.
set -euo pipefail

# shellcheck source=third_party/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

# In the order in which they are loaded.
modules='failover net_failover virtio_net virtio_mmio netfs fscache sunrpc grace lockd nfs_acl nfs nfsv3'

linux_download() {
    local image
    start_private_apt
    # Read to the end: a pipe that is closed early would end the script now and then (pipefail).
    image=$(apt-cache -c "$private_apt_root/apt.conf" depends linux-image-arm64 |
        awk '/Depends:/ && !found { print $2; found = 1 }')
    [ -n "$image" ] || fail "no package linux-image-arm64 in this machine's sources"
    # Under their names only when both are there whole.
    rm -rf "$downloads/linux.part"
    mkdir -p "$downloads/linux.part"
    (cd "$downloads/linux.part" && private_apt download "$image" busybox-static)
    end_private_apt
    mv "$downloads/linux.part" "$downloads/linux"
}

linux_extract() {
    local part=$out/linux.part name file
    rm -rf "$part"
    mkdir -p "$part/all" "$part/modules"
    dpkg-deb -x "$downloads"/linux/linux-image-*.deb "$part/all"
    dpkg-deb -x "$downloads"/linux/busybox-static_*.deb "$part/all"
    mv "$part"/all/boot/vmlinuz-* "$part/kernel"
    find "$part/all" -name busybox -type f -exec mv {} "$part/busybox" \;
    for name in $modules; do
        file=$(find "$part/all" -name "$name.ko*" -print -quit)
        [ -n "$file" ] || continue  # built in
        case $file in
        *.xz) xz -d "$file" && file=${file%.xz} ;;
        esac
        mv "$file" "$part/modules/"
        echo "$name" >>"$part/modules/order"
    done
    [ -s "$part/kernel" ] && [ -s "$part/busybox" ] || fail "the packages lack a kernel or busybox"
    rm -rf "$part/all"
    mv "$part" "$out/linux"
}

[ -e "$out/linux/kernel" ] && exit 0
[ -e "$downloads/linux" ] || step fetch-linux linux_download
step unpack-linux linux_extract
