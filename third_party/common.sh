# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# What the scripts of this folder share: where things are, hashes of inputs, and a private apt,
# which knows the machine's own package sources (with deb-src, for arm64), keeps its lists below
# build/, and never touches the machine's configuration.

# shellcheck source=tools/sos/step.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tools/sos/step.sh"

out=$repository/build/third_party
downloads=$out/dl
cross=aarch64-linux-gnu-
mkdir -p "$downloads"

# field NAME COLUMN: a column of the versions file.
field() {
    awk -v name="$1" -v column="$2" '$1 == name { print $column }' \
        "$repository/third_party/versions"
}

# hash_of PATH...: one word that changes when a file's name or contents do.
hash_of() {
    find "$@" -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum | cut -c1-16
}

# The machine's package sources, those of the distribution only, for arm64 and with deb-src.
# Third parties' sources have nothing that is needed here, and cost time.
copy_sources() {
    local to=$1 file
    mkdir -p "$to"
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
        [ -f "$file" ] || continue
        # One-line format: "deb [options] URI suite components". An arch= option would hide arm64.
        sed -nE '
            s/^deb(-src)?[[:space:]]+/deb /
            /^deb .*(debian|ubuntu)/ {
                s/[[:space:]]?arch=[^] ]*//
                s/\[[[:space:]]*\][[:space:]]*//
                p
                s/^deb /deb-src /
                p
            }' "$file" | sort -u >"$to/$(basename "$file" .list).list"
    done
    for file in /etc/apt/sources.list.d/*.sources; do
        [ -f "$file" ] || continue
        # Deb822 format: paragraphs, separated by empty lines.
        awk 'BEGIN { RS = ""; ORS = "\n\n"; FS = "\n" }
            /(^|\n)URIs:[^\n]*(debian|ubuntu)/ && !/(^|\n)Enabled: *no/ {
                text = ""; skip = 0
                for (i = 1; i <= NF; i++) {
                    if ($i ~ /^#/) continue
                    if ($i !~ /^[ \t]/) skip = ($i ~ /^(Types|Architectures):/)
                    if (!skip) text = text "\n" $i
                }
                print "Types: deb deb-src" text
            }' "$file" >"$to/$(basename "$file")"
    done
    find "$to" -type f -size 0 -delete
    [ -n "$(ls -A "$to")" ] || fail "no Debian or Ubuntu package source in /etc/apt"
}

private_apt_root=$out/apt

private_apt() {
    apt-get -c "$private_apt_root/apt.conf" "$@"
}

start_private_apt() {
    local root=$private_apt_root
    rm -rf "$root"
    mkdir -p "$root"/{lists/partial,cache/archives/partial}
    : >"$root/status"
    copy_sources "$root/sources.list.d"
    cat >"$root/apt.conf" <<CONF
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
APT::Architecture "arm64";
APT::Architectures { "arm64"; };
#clear APT::Architectures;
APT::Architectures:: "arm64";
APT::Sandbox::User "";
APT::Get::List-Cleanup "false";
Acquire::Languages "none";
Acquire::Retries "3";
Dir::State "$root";
Dir::State::Lists "$root/lists";
Dir::State::status "$root/status";
Dir::Cache "$root/cache";
Dir::Etc::SourceList "/dev/null";
Dir::Etc::SourceParts "$root/sources.list.d";
CONF
    private_apt update
}

end_private_apt() {
    rm -rf "$private_apt_root"
}
