// SPDX-License-Identifier: BSD-2-Clause
#include "root/machine.hpp"

#include <span>

#include "log/log.hpp"
#include "root/log_sink.hpp"

namespace sos::root {

namespace {

constexpr std::size_t extra_offset = 4096;  // from BootInfo (ABI 12.7)

constinit platform::Machine the_machine{};
constinit platform::BootSettings the_settings;

/// The device tree among the chunks behind BootInfo; empty when there is none.
std::span<const std::byte> find_device_tree(const abi::BootInfo& boot_info) {
    const auto* const extra = reinterpret_cast<const std::byte*>(&boot_info) + extra_offset;
    std::uint64_t at = 0;
    while (boot_info.extra_len - at >= sizeof(abi::BootInfoHeader)) {
        const auto& header = *reinterpret_cast<const abi::BootInfoHeader*>(extra + at);
        if (header.len < sizeof header || header.len > boot_info.extra_len - at) break;
        if (header.id == static_cast<std::uint64_t>(abi::BootInfoChunk::fdt)) {
            return {extra + at + sizeof header, header.len - sizeof header};
        }
        at += header.len;
    }
    return {};
}

void warn_of_argument(void*, platform::BootWarning warning, std::string_view word) {
    log::warn<log::Area::boot>("boot argument '{}': {}", word, platform::to_string(warning));
}

void enable_traces(std::string_view areas) {
    while (!areas.empty()) {
        const std::size_t end = std::min(areas.find(','), areas.size());
        const std::string_view area = areas.substr(0, end);
        if (!log::enable_trace(area)) {
            log::warn<log::Area::boot>("boot argument log: no area '{}'", area);
        }
        areas.remove_prefix(std::min(end + 1, areas.size()));
    }
}

}  // namespace

void read_boot_data(const abi::BootInfo& boot_info) {
    const auto read = platform::read_machine(find_device_tree(boot_info));
    if (!read) {
        log::warn<log::Area::boot>("no device tree: {}", platform::to_string(read.error()));
        return;
    }
    the_machine = *read;
    // Twice: the first pass finds the mark, so that lines of the second one have it.
    static constinit platform::BootSettings first_pass;
    first_pass.parse(
        the_machine.boot_arguments, [](void*, platform::BootWarning, std::string_view) {}, nullptr);
    if (!first_pass.log_mark.empty()) set_log_mark(first_pass.log_mark);
    the_settings.parse(the_machine.boot_arguments, warn_of_argument, nullptr);
    enable_traces(the_settings.log);
}

const platform::Machine& machine() {
    return the_machine;
}

const platform::BootSettings& settings() {
    return the_settings;
}

}  // namespace sos::root
