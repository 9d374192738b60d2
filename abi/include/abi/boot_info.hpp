// SPDX-License-Identifier: BSD-2-Clause
// BootInfo and the initial capabilities of the root task.
#pragma once

#include <cstddef>
#include <cstdint>

namespace abi {

inline constexpr unsigned max_boot_untypeds = 230;
inline constexpr unsigned root_cnode_bits = 12;

struct SlotRegion {
    std::uint64_t start;  // inclusive
    std::uint64_t end;    // exclusive
    constexpr std::uint64_t size() const { return end - start; }
};

struct UntypedDesc {
    std::uint64_t paddr;
    std::uint8_t size_bits;
    std::uint8_t is_device;
    std::uint8_t padding[6];
};

struct BootInfo {
    std::uint64_t extra_len;
    std::uint64_t node_id;
    std::uint64_t num_nodes;
    std::uint64_t num_iopt_levels;
    std::uint64_t ipc_buffer;  // virtual address
    SlotRegion empty;
    SlotRegion shared_frames;
    SlotRegion user_image_frames;
    SlotRegion user_image_paging;
    SlotRegion io_space_caps;
    SlotRegion extra_bi_pages;
    std::uint64_t init_thread_cnode_size_bits;
    std::uint64_t init_thread_domain;
    SlotRegion sched_control;
    SlotRegion untyped;
    UntypedDesc untyped_list[max_boot_untypeds];
};
static_assert(sizeof(UntypedDesc) == 16 && sizeof(BootInfo) == 3864);
static_assert(offsetof(BootInfo, empty) == 40 && offsetof(BootInfo, sched_control) == 152 &&
              offsetof(BootInfo, untyped_list) == 184);

enum class BootInfoChunk : std::uint64_t { padding = 0, fdt = 6 };

struct BootInfoHeader {
    std::uint64_t id;
    std::uint64_t len;  // includes this header
};

// Initial capability slots.
namespace init_cap {
enum : std::uint64_t {
    null = 0,
    tcb = 1,
    cnode = 2,
    vspace = 3,
    irq_control = 4,
    asid_control = 5,
    asid_pool = 6,
    io_port_control = 7,
    io_space = 8,
    boot_info_frame = 9,
    ipc_buffer = 10,
    domain = 11,
    smmu_sid_control = 12,
    smmu_cb_control = 13,
    sched_context = 14,
    smc = 15,
    first_dynamic = 16,
};
}

}  // namespace abi
