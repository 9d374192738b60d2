# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# ./sos doctor: what is missing or odd on the machine, one line for each thing; changes nothing. The
# status is 1 if something is in the way of ./sos run or ./sos test.

doctor_problems=0

good() { printf '  ok       %s\n' "$1"; }
odd() { printf '  odd      %s\n' "$1"; }
bad() {
    printf '  MISSING  %s\n' "$1"
    doctor_problems=$((doctor_problems + 1))
}

doctor_packages() {
    local purpose package what
    command -v dpkg-query >/dev/null || {
        odd 'no dpkg: this is not Debian; tools/sos/packages.sh lists what is needed'
        return
    }
    while read -r purpose package what; do
        [ -n "$purpose" ] || continue
        if installed "$package"; then
            good "$package"
        elif [ "$purpose" = fuzz ]; then
            odd "$package: $what (./sos fuzz installs it)"
        else
            bad "$package: $what (./sos $([ "$purpose" = debug ] && echo dump || echo "$purpose") installs it)"
        fi
    done <<<"$package_list"
}

# at_least WHAT HAVE NEED UNIT
at_least() {
    if [ "$2" -ge "$3" ]; then good "$1: $2 $4"; else odd "$1: $2 $4, $3 are better"; fi
}

doctor_machine() {
    at_least 'memory to spare' "$(awk '/MemAvailable/ { print int($2 / 1024) }' /proc/meminfo)" 2048 MiB
    at_least 'disk' "$(df -Pm "$repository" | awk 'NR == 2 { print $4 }')" 3072 MiB
    at_least 'processors' "$(nproc)" 2 'of them'
    local load
    load=$(cut -d. -f1 /proc/loadavg)
    if [ "$load" -gt $((4 * $(nproc))) ]; then
        odd "load: $load; tests may run into their time limits"
    fi
    if [ -w /tmp ]; then good '/tmp can be written'; else bad '/tmp cannot be written'; fi
    if [ ! -e "$repository/build" ] || [ -w "$repository/build" ]; then
        good 'build/ can be written'
    else
        bad 'build/ belongs to somebody else'
    fi
    case $repository in *[[:space:]]*) odd 'the path of this folder has a space in it' ;; esac
}

doctor_tools() {
    local machine
    if command -v qemu-system-aarch64 >/dev/null; then
        machine=$(qemu-system-aarch64 --version | head -n 1)
        case $machine in
        *'version 7.2'*) good "$machine" ;;
        *) odd "$machine; 7.2 is what is tested" ;;
        esac
    fi
    if command -v aarch64-linux-gnu-g++ >/dev/null; then
        machine=$(aarch64-linux-gnu-g++ -dumpversion)
        [ "${machine%%.*}" -ge 12 ] && good "cross compiler $machine" ||
            bad "cross compiler $machine: 12 or later is needed"
    fi
    if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
        odd 'neither root nor sudo: missing packages cannot be installed'
    fi
}

doctor() {
    echo 'packages'
    doctor_packages
    echo 'machine'
    doctor_machine
    echo 'tools'
    doctor_tools
    if [ "$doctor_problems" -gt 0 ]; then
        echo "sos: $doctor_problems missing"
        return 1
    fi
    echo 'sos: nothing is missing'
}
