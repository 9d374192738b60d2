# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# One readable line for each step of a build, on standard error (standard output belongs to what
# runs in SOS); the step's whole output goes to build/logs.

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
log_dir=$repository/build/logs
mkdir -p "$log_dir"

note() {
    printf '%s\n' "$*" >&2
}

fail() {
    note "sos: $*"
    exit 1
}

# step NAME COMMAND...: runs it with its output in build/logs/NAME.log. Prints the time taken, or
# the log's last lines when it failed; then the caller ends too.
step() {
    local name=$1 begin=$SECONDS status
    shift
    printf '  %-36s' "$name" >&2
    # In a child shell with -e, so that any command that fails ends the step. Not inside an `if`,
    # which would turn -e off in there.
    set +e
    (set -e; "$@") >"$log_dir/$name.log" 2>&1 </dev/null
    status=$?
    set -e
    if [ $status -eq 0 ]; then
        printf '%5d s\n' $((SECONDS - begin)) >&2
        return 0
    fi
    printf ' FAILED; the end of build/logs/%s.log:\n' "$name" >&2
    tail -n 20 "$log_dir/$name.log" | cut -c 1-200 | sed "s/^/    | /" >&2
    exit 1
}
