// SPDX-License-Identifier: BSD-2-Clause
// What SOS wants to know of its machine, read from a flattened device tree (Devicetree
// Specification 0.4, chapter 5): boot arguments, random seed, memory, and the devices it drives.
//
// The blob is hostile until proven otherwise: every offset, length and nesting depth is checked,
// and nothing outside the given span is ever read. The result refers into the blob, which must
// outlive it. Interrupts are those of a GIC (three cells); nodes that are not "okay" are left out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/result.hpp"
#include "server/platform/bounded_list.hpp"

namespace sos::platform {

enum class DeviceTreeError {
    too_short,      // does not hold a header, or less than the header says
    bad_magic,      // not a device tree
    bad_version,    // older than 17, or only for readers of a newer one
    bad_layout,     // blocks outside the blob or misaligned
    bad_structure,  // token stream damaged, or properties of impossible sizes
    too_deep,       // nodes nested more than max_depth
    too_many,       // more memory ranges or devices than the result holds
};

const char* to_string(DeviceTreeError error);

struct MemoryRange {
    std::uint64_t base = 0;
    std::uint64_t size = 0;
    friend constexpr bool operator==(const MemoryRange&, const MemoryRange&) = default;
};

enum class InterruptTrigger { level, edge };

/// An interrupt as the kernel numbers them: SPIs from 32, PPIs from 16.
struct Interrupt {
    unsigned number = 0;
    InterruptTrigger trigger = InterruptTrigger::level;
    friend constexpr bool operator==(const Interrupt&, const Interrupt&) = default;
};

struct Device {
    MemoryRange window;
    std::optional<Interrupt> interrupt;
};

struct Machine {
    static constexpr std::size_t max_depth = 16;

    std::string_view boot_arguments;          // /chosen/bootargs, without its NUL
    std::span<const std::byte> random_seed;   // /chosen/rng-seed
    std::string_view stdout_path;             // /chosen/stdout-path
    BoundedList<MemoryRange, 8> memory;       // in the order of the tree
    std::optional<Device> uart;               // first arm,pl011
    std::optional<Device> clock;              // first arm,pl031
    BoundedList<Device, 64> virtio;           // virtio,mmio, by ascending address
    std::optional<Interrupt> physical_timer;  // EL1 non-secure physical timer
};

base::Result<Machine, DeviceTreeError> read_machine(std::span<const std::byte> blob);

}  // namespace sos::platform
