# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The packages that SOS is built, run and tested with, and what for. Only missing ones are
# installed, without what they merely recommend, and only this uses sudo.

# purpose  package  what for
package_list='
build cmake                  configures the build
build ninja-build            runs the build
build make                   builds musl
build g++                    compiles the host tests and the NFS server helper
build g++-aarch64-linux-gnu  compiles SOS
build dpkg-dev               unpacks the source packages of musl and lwIP
build ca-certificates        downloads them when the package source is https
build python3                packs the boot image, connects terminal and machine
run   qemu-system-arm        the machine that SOS runs on
run   nfs-ganesha            the NFS server that holds the files
run   nfs-ganesha-vfs        lets it export a folder
test  libgtest-dev           host tests
test  libnfs-dev             host test of the NFS client against a real server
test  python3-pytest         system tests
test  python3-pexpect        drives the console in system tests
debug gdb-multiarch          ./sos run --gdb and ./sos dump
fuzz  clang                  compiles the fuzz targets
fuzz  libclang-rt-14-dev     libFuzzer
'

# Services that come with the NFS server and would start by themselves; SOS runs its own, private.
system_services='nfs-ganesha.service nfs-ganesha-lock.service nfs-ganesha-config.service
rpcbind.service rpcbind.socket'

installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Keeps a service that this installation brings from starting: masked before it comes.
mask_services() {
    local unit
    [ -d /run/systemd/system ] || return 0
    for unit in $system_services; do
        systemctl cat "$unit" >/dev/null 2>&1 || $1 systemctl mask "$unit"
    done
}

install_packages() {
    local as_root=''
    export DEBIAN_FRONTEND=noninteractive
    [ "$(id -u)" -eq 0 ] || as_root='sudo --preserve-env=DEBIAN_FRONTEND'
    case " $* " in *' nfs-ganesha '*) mask_services "$as_root" ;; esac
    # Another installation may be running: wait for its lock.
    $as_root apt-get -o DPkg::Lock::Timeout=600 update
    $as_root apt-get -o DPkg::Lock::Timeout=600 install -y --no-install-recommends "$@"
}

# require_packages PURPOSE...
require_packages() {
    local purpose package what missing=()
    if ! command -v dpkg-query >/dev/null; then
        note 'sos: no dpkg here: you must see to the packages that tools/sos/packages.sh lists'
        return 0
    fi
    while read -r purpose package what; do
        case " $* " in *" $purpose "*) ;; *) continue ;; esac
        installed "$package" && continue
        [ ${#missing[@]} -gt 0 ] || note 'Missing packages, to be installed:'
        note "$(printf '  %-24s %s' "$package" "$what")"
        missing+=("$package")
    done <<<"${package_list#?}"
    [ ${#missing[@]} -gt 0 ] || return 0

    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || fail "neither root nor sudo; as root please run:
  apt-get install --no-install-recommends ${missing[*]}"
        # Asked for here, where it can be seen, and not inside the step.
        sudo -v || fail 'sudo refused'
    fi
    step install-packages install_packages "${missing[@]}"
    case " ${missing[*]} " in
    *' nfs-ganesha '*)
        [ ! -d /run/systemd/system ] ||
            note '  (the system services of nfs-ganesha and rpcbind are masked: SOS starts its own)'
        ;;
    esac
}
