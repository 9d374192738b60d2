# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# libc: the source package with the files of user/libc/overlay laid over it (same relative path).
# Result: musl/include, musl/lib/{libc.a,crt1.o,crti.o,crtn.o}. A change to an overlay file that is
# no header recompiles only that file; a changed header or a removed file starts afresh.

musl_overlay=$repository/user/libc/overlay
musl_flags="-O2 -mno-outline-atomics -fno-pie -ffunction-sections -fdata-sections"
musl_work=$out/musl.work
musl_jobs=$(nproc)

# What every object file depends on.
musl_common_stamp() {
    hash_of "$downloads/musl" "$repository/third_party/musl/build.sh"
    "${cross}gcc" -dumpfullversion
    echo "$musl_flags"
}

musl_stamp() {
    musl_common_stamp
    hash_of "$musl_overlay"
}

musl_overlay_files() {
    (cd "$musl_overlay" && find . -type f ! -name '*.md' | sort)
}

# What the work tree was made from, apart from the contents of the overlay's non-header files.
musl_base_stamp() {
    musl_common_stamp
    musl_overlay_files
    (cd "$musl_overlay" && find . -name '*.h' -type f -print0 | sort -z | xargs -0 -r sha256sum)
}

musl_unpack() {
    rm -rf "$musl_work"
    mkdir -p "$musl_work"
    dpkg-source --no-check -x "$downloads"/musl/*.dsc "$musl_work/src"
}

musl_lay_over() {
    local file
    while read -r file; do
        if ! cmp -s "$musl_overlay/$file" "$musl_work/src/$file"; then
            mkdir -p "$(dirname "$musl_work/src/$file")"
            cp "$musl_overlay/$file" "$musl_work/src/$file"
        fi
    done < <(musl_overlay_files)
}

# Every system call goes through the table: no svc instruction may be left in the library.
musl_check_no_svc() {
    if "${cross}objdump" -d "$1" | grep -E '^[^ ]+:  |[[:space:]]svc[[:space:]]' |
        grep -B 1 -E '[[:space:]]svc[[:space:]]'; then
        echo "a raw system call is left in libc.a (see user/libc/overlay)" >&2
        return 1
    fi
}

musl_make() {
    local stage=$musl_work/stage
    local base
    base=$(musl_base_stamp)
    if [ "$(cat "$musl_work/base" 2>/dev/null)" != "$base" ]; then
        musl_unpack
        musl_lay_over
        (cd "$musl_work/src" &&
            CC=${cross}gcc AR=${cross}ar RANLIB=${cross}ranlib CFLAGS=$musl_flags \
                ./configure --disable-shared --target=aarch64-linux-musl --prefix=/)
        echo "$base" >"$musl_work/base"
    else
        musl_lay_over
    fi
    make -C "$musl_work/src" -j"$musl_jobs"
    rm -rf "$stage"
    make -C "$musl_work/src" DESTDIR="$stage" install-headers install-libs
    musl_check_no_svc "$stage/lib/libc.a"
    # Users of the old library keep their open files; the next build sees the new one, whole.
    rm -rf "$out/musl.old"
    [ ! -e "$out/musl" ] || mv "$out/musl" "$out/musl.old"
    mv "$stage" "$out/musl"
    rm -rf "$out/musl.old"
    musl_stamp >"$out/musl/.stamp"
}

[ -f "$musl_overlay/arch/aarch64/syscall_arch.h" ] ||
    fail "user/libc/overlay/arch/aarch64/syscall_arch.h is missing"
if [ "$(cat "$out/musl/.stamp" 2>/dev/null)" != "$(musl_stamp)" ]; then
    step build-musl musl_make
fi
