// SPDX-License-Identifier: BSD-2-Clause
// The boot arguments: words `key=value`, separated by spaces or tabs. Any part of a value may
// stand in double quotes, where only \" and \\ are escapes. The last of equal keys wins.
//
// A word that is wrong never stops the boot: it is reported, and the setting keeps its value. The
// settings own their text, so views into them live as long as they do.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sos::platform {

/// In host order: 10.0.2.2 is 0x0a000202.
struct Ipv4Address {
    std::uint32_t value = 0;
    friend constexpr bool operator==(Ipv4Address, Ipv4Address) = default;
};

/// nfs=ADDR[:NFSPORT[:MOUNTPORT]]/EXPORT
struct NfsLocation {
    Ipv4Address server;
    std::uint16_t nfs_port = 2049;
    std::optional<std::uint16_t> mount_port;  // none: ask the portmapper
    std::string_view export_path;             // begins with '/'
};

/// ip=ADDR/LEN,GATEWAY
struct StaticAddress {
    Ipv4Address address;
    unsigned prefix_length = 0;
    Ipv4Address gateway;
};

enum class SecondReader { block, refuse };
enum class TypeAhead { off, on };

enum class BootWarning {
    too_long,            // more than max_boot_arguments: the rest is ignored
    unterminated_quote,  // the quote is taken to end with the arguments
    no_value,            // no '=' in the word
    unknown_key,
    bad_value,  // the setting keeps its value
};

const char* to_string(BootWarning warning);

struct BootSettings {
    static constexpr std::size_t max_boot_arguments = 4096;

    std::string_view init = "sosh";        // command line of the first program
    std::optional<std::string_view> exec;  // given to init as `-c` and this, unsplit
    std::optional<NfsLocation> nfs;
    std::optional<StaticAddress> ip;      // none: DHCP
    std::optional<std::uint64_t> frames;  // limit of evictable user pages
    std::string_view page_file = "pagefile";
    std::optional<std::uint64_t> page_file_pages;  // its size; none: as many as it can have
    SecondReader second_reader = SecondReader::block;
    TypeAhead type_ahead = TypeAhead::off;
    std::string_view log;       // areas, comma separated
    std::string_view log_mark;  // token that marks log lines; empty: none

    BootSettings() = default;
    BootSettings(const BootSettings&) = delete;
    BootSettings& operator=(const BootSettings&) = delete;

    /// Called for each word that has no effect; `word` only lives during the call.
    using WarningSink = void (*)(void* context, BootWarning warning, std::string_view word);

    /// Replaces what `arguments` names; the others keep their values. Once per object.
    void parse(std::string_view arguments, WarningSink warn, void* context);

  private:
    std::optional<BootWarning> apply(std::string_view key, std::string_view value);
    bool apply_text(std::string_view key, std::string_view value, bool& known);

    std::array<char, max_boot_arguments> text_{};  // the words without their quotes
};

}  // namespace sos::platform
