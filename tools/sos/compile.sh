# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# ./sos cc and ./sos c++: the cross compiler with SOS's headers, libraries and options, so that
#   ./sos cc hello.c -o hello
# gives a program for SOS. Arguments are the compiler's own, and --api=2021|2023 for the names of
# the programming interface. What is compiled against is what `./sos build` made last.

# compile gcc|g++ ARGUMENT...
compile() {
    local driver=$1 api=2023 linking=yes argument arguments=()
    local built=$repository/build/aarch64-debug musl=$repository/build/third_party/musl
    local api_dir=$repository/user/libsosapi/include
    shift
    for argument in "$@"; do
        case $argument in
        --api=2021 | --api=2023) api=${argument#--api=} ;;
        --api=*) fail "$argument: the interface of 2021 or of 2023" ;;
        -c | -S | -E | -M | -MM | -fsyntax-only) linking=no arguments+=("$argument") ;;
        *) arguments+=("$argument") ;;
        esac
    done
    [ ${#arguments[@]} -gt 0 ] || fail 'usage: ./sos cc|c++ [--api=2021|2023] COMPILER-ARGUMENT...'
    [ -f "$built/user/libsosapi/libsosapi.a" ] || fail 'nothing to link with yet: run ./sos build'

    local lines compile_options cxx_options link_options
    mapfile -t lines < <(cmake -P "$repository/tools/sos/print_flags.cmake")
    read -ra compile_options <<<"${lines[0]}"
    read -ra cxx_options <<<"${lines[1]}"
    read -ra link_options <<<"${lines[2]}"

    local cross=aarch64-linux-gnu- words=() directory
    words=("$cross$driver" "${compile_options[@]}" -nostdinc)
    if [ "$driver" = g++ ]; then
        # libstdc++'s headers ask for glibc's version; only those that need no more of it work.
        words+=(-std=c++23 "${cxx_options[@]}" '-D__GLIBC_PREREQ(a,b)=1')
        while read -r directory; do
            words+=(-isystem "$directory")
        done < <("${cross}g++" -E -v -x c++ /dev/null 2>&1 | grep '^ .*/c++/')
    fi
    words+=(-isystem "$musl/include" -isystem "$("${cross}gcc" -print-file-name=include)"
        -isystem "$api_dir/sos/$api" -isystem "$api_dir" "${arguments[@]}")
    if [ $linking = yes ]; then
        words+=("${link_options[@]}" -Wl,--undefined=_start -L"$musl/lib")
        [ "$api" != 2021 ] || words+=(
            "$built/user/libsosapi/CMakeFiles/sosapi_2021.dir/src/era_2021.cpp.obj")
        words+=("$built/user/libsosapi/libsosapi.a" "$musl/lib/libc.a"
            "$("${cross}gcc" -print-libgcc-file-name)")
    fi
    exec "${words[@]}"
}
