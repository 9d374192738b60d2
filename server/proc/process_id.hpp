// SPDX-License-Identifier: BSD-2-Clause
// How threads of the server name a process. A pid is only the index of its slot and is used again;
// the generation tells the uses of a slot apart, so a stale name finds nothing.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sos::proc {

inline constexpr std::size_t max_processes = 512;

struct ProcessId {
    std::uint32_t slot = ~0u;
    std::uint32_t generation = 0;

    constexpr bool valid() const { return slot < max_processes; }
    constexpr std::int64_t pid() const { return valid() ? std::int64_t{slot} : -1; }

    /// As one message word.
    constexpr std::uint64_t word() const { return std::uint64_t{generation} << 32 | slot; }
    static constexpr ProcessId from_word(std::uint64_t word) {
        return {static_cast<std::uint32_t>(word), static_cast<std::uint32_t>(word >> 32)};
    }
    friend constexpr bool operator==(ProcessId, ProcessId) = default;
};

inline constexpr ProcessId no_process{};

}  // namespace sos::proc
