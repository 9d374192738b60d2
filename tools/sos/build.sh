# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# ./sos build and ./sos clean. Debug is the usual build: optimised, with assertions. Release is
# the same without them. Both can be there side by side:
#   build/aarch64-debug   -> build/sos.img           build/aarch64-release -> build/sos-release.img
# The programs of the build that was made last are in build/rootfs.

configure_and_compile() {
    local preset=$1
    # Configured once; afterwards ninja notices changed CMake files itself.
    [ -f "build/$preset/build.ninja" ] || cmake --preset "$preset"
    cmake --build "build/$preset" --parallel "$(nproc)"
}

# The parts of the NFS server's environment, see tools/nfs.
compile_nfs_helper() {
    local library=build/tools/nfs_helper.so sources=(tools/nfs/*.c)
    local newest
    mkdir -p build/tools
    newest=$(find "${sources[@]}" -newer "$library" 2>&1 || true)
    [ -n "$newest" ] || return 0
    cc -O2 -Wall -Wextra -Werror -fPIC -shared -o "$library.part" "${sources[@]}" -ldl -pthread
    mv "$library.part" "$library"
}

# New and changed programs go to build/rootfs by rename, so that a running SOS keeps the file that
# it has open. Other files there belong to the user.
fill_rootfs() {
    local from=$1/rootfs file
    mkdir -p build/rootfs
    (cd "$from" && find . -type f) | while read -r file; do
        cmp -s "$from/$file" "build/rootfs/$file" && continue
        mkdir -p "$(dirname "build/rootfs/$file")"
        cp -p "$from/$file" "build/rootfs/.$$.part"
        mv "build/rootfs/.$$.part" "build/rootfs/$file"
        echo "$file"
    done
}

pack_image() {
    local from=$1 image=$2
    python3 tools/pack_image.py --loader "$from/loader/loader.elf" \
        --kernel "$from/kernel/kernel.elf" --root "$from/server/sos.elf" -o "$image.part"
    mv "$image.part" "$image"
}

build() {
    local preset=aarch64-debug image=build/sos.img argument
    for argument in "$@"; do
        if [ "$argument" = --release ]; then
            preset=aarch64-release image=build/sos-release.img
        fi
    done
    cd "$repository" || exit 1
    # One build at a time in a checkout; two checkouts do not know of each other.
    exec 8>build/.lock
    flock 8
    step nfs-helper compile_nfs_helper
    "$repository/third_party/fetch_and_build.sh" || exit 1
    step "$preset" configure_and_compile "$preset"
    step rootfs fill_rootfs "build/$preset"
    step image pack_image "build/$preset" "$image"
    exec 8>&-
}

clean() {
    cd "$repository" || exit 1
    case ${1:-} in
    '') find build -mindepth 1 -maxdepth 1 ! -name third_party ! -name rootfs -exec rm -rf {} + ;;
    --all) rm -rf build ;;
    *) fail "clean: unknown option $1" ;;
    esac
}
