# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# lwIP: only unpacked. CMake compiles the files that SOS uses, by the options in server/fs/lwip.

lwip_unpack() {
    rm -rf "$out/lwip" "$out/lwip.part"
    mkdir -p "$out/lwip.part"
    dpkg-source --no-check -x "$downloads"/lwip/*.dsc "$out/lwip.part/lwip"
    echo "$lwip_stamp" >"$out/lwip.part/lwip/.stamp"
    mv "$out/lwip.part/lwip" "$out/lwip"
    rm -rf "$out/lwip.part"
}

lwip_stamp=$(hash_of "$downloads/lwip")
if [ "$(cat "$out/lwip/.stamp" 2>/dev/null)" != "$lwip_stamp" ]; then
    step unpack-lwip lwip_unpack
fi
