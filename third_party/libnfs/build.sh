# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# libnfs: the distribution's arm64 archive and headers, used as they are.

libnfs_extract() {
    local part=$out/libnfs.part
    rm -rf "$out/libnfs" "$part"
    mkdir -p "$part/deb" "$part/lib"
    dpkg-deb -x "$downloads"/libnfs/*.deb "$part/deb"
    mv "$part/deb/usr/include" "$part/include"
    mv "$part/deb/usr/lib/aarch64-linux-gnu/libnfs.a" "$part/lib/"
    mv "$part/deb/usr/share/doc/libnfs-dev/copyright" "$part/"
    rm -rf "$part/deb"
    echo "$libnfs_stamp" >"$part/.stamp"
    mv "$part" "$out/libnfs"
}

libnfs_stamp=$(hash_of "$downloads/libnfs")
if [ "$(cat "$out/libnfs/.stamp" 2>/dev/null)" != "$libnfs_stamp" ]; then
    step unpack-libnfs libnfs_extract
fi
