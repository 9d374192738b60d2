#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Fetches the imported stacks from the distribution and prepares them below build/third_party:
#   musl/{include,lib}     libc for programs and for the imported stacks, with our system call layer
#   lwip/                  the TCP/IP stack's source, compiled by CMake (target lwip)
#   libnfs/{include,lib}   the NFS client library, as the distribution built it for arm64
# Runs again at every build: what is up to date costs nothing, and once build/third_party/dl is
# filled no network is needed.
set -euo pipefail
# shellcheck source=third_party/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

exec 9>"$out/.lock"
flock 9

# A download is complete when its folder is there: it is filled elsewhere and renamed.
missing=()
for name in musl lwip libnfs; do
    [ -d "$downloads/$name" ] || missing+=("$name")
done

download() {
    local name package kind part
    start_private_apt
    for name in "${missing[@]}"; do
        package=$(field "$name" 2)
        kind=$(field "$name" 3)
        part=$downloads/$name.part
        rm -rf "$part"
        mkdir -p "$part"
        if [ "$kind" = source ]; then
            (cd "$part" && private_apt source --download-only --only-source "$package")
        else
            (cd "$part" && private_apt download "$package")
        fi
        mv "$part" "$downloads/$name"
    done
    end_private_apt
}

if [ ${#missing[@]} -gt 0 ]; then
    step "download-$(IFS=+; echo "${missing[*]}")" download
fi

for name in musl lwip libnfs; do
    tested=$(field "$name" 4)
    # libnfs-dev_4.0.0-1+deb12u1_arm64.deb, musl_1.2.3-1.dsc
    file=$(find "$downloads/$name" -name '*.dsc' -o -name '*.deb')
    [[ $file =~ _([0-9]+%3a)?([0-9.]+[0-9])[^/]*$ ]] ||
        fail "build/third_party/dl/$name holds no package; remove it"
    if [ "${BASH_REMATCH[2]}" != "$tested" ]; then
        note "  warning: $name ${BASH_REMATCH[2]} is here, $tested is what was tested"
    fi
done

for name in musl lwip libnfs; do
    # shellcheck source=/dev/null
    source "$repository/third_party/$name/build.sh"
done
