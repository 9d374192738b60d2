// SPDX-License-Identifier: BSD-2-Clause
// The root task: its objects, capabilities, address space and BootInfo, made from free memory
// exactly as sel4-abi 12.5 to 12.8 describes them. What does not fit is a machine or an image that
// we cannot run: PANIC.
#pragma once

#include <cstddef>
#include <span>

#include "abi/boot_info.hpp"
#include "boot/boot_arguments.hpp"
#include "boot/region_set.hpp"
#include "cap/slot.hpp"
#include "object/tcb.hpp"

namespace numbat {

/// Where things are in the root task's address space.
///
///   image          | IPC buffer | BootInfo | extra BootInfo
///   start .. end   | one page   | one page | extra_pages
struct RootLayout {
    std::uint64_t image_start = 0;
    std::uint64_t image_end = 0;
    std::uint64_t extra_size = 0;  // bytes of extra BootInfo

    static constexpr std::uint64_t page = 4096;
    constexpr std::uint64_t image_pages() const { return (image_end - image_start) / page; }
    constexpr std::uint64_t extra_pages() const { return (extra_size + page - 1) / page; }
    constexpr std::uint64_t ipc_buffer() const { return image_end; }
    constexpr std::uint64_t boot_info() const { return image_end + page; }
    constexpr std::uint64_t extra() const { return image_end + 2 * page; }
    /// The end of what the page tables cover.
    constexpr std::uint64_t end() const {
        std::uint64_t covered = 0;
        if (extra_size > 0)
            for (covered = page; covered < extra_size;) covered *= 2;
        return extra() + covered;
    }
};

class RootTask {
  public:
    /// `free` is RAM that may be used, `devices` all else of the physical address space.
    RootTask(const BootArguments& arguments, std::span<const std::byte> tree, RegionSet& free,
             const RegionSet& devices);

    /// Makes everything and starts the thread.
    Tcb& start();

  private:
    std::uint64_t allocate_raw(std::uint64_t size, std::uint64_t alignment);
    void allocate_objects();
    Slot& slot(std::uint64_t index) { return cnode_[index]; }
    std::uint64_t take_slot();
    Slot& put(std::uint64_t index, Cap cap);

    void make_initial_caps();
    void make_page_tables();
    void map_page(std::uint64_t slot_index, std::uint64_t paddr, std::uint64_t vaddr,
                  std::uint64_t attributes);
    void map_extra_pages();
    void map_image();
    void make_untypeds();
    void add_untypeds(std::span<const Region> regions, bool device);
    void fill_extra();
    void make_thread();

    const BootArguments arguments_;
    const std::span<const std::byte> tree_;
    RegionSet& free_;
    const RegionSet& devices_;
    RootLayout layout_;

    Slot* cnode_ = nullptr;
    std::uint64_t* vspace_ = nullptr;
    abi::BootInfo* info_ = nullptr;
    Tcb* tcb_ = nullptr;
    SchedContext* sched_context_ = nullptr;
    std::uint64_t ipc_buffer_ = 0;  // physical
    std::uint64_t boot_info_ = 0;   // physical
    std::uint64_t extra_ = 0;       // physical, contiguous
    std::uint64_t asid_pool_ = 0;   // physical
    Asid asid_ = 0;
    std::uint64_t next_slot_ = abi::init_cap::first_dynamic;
};

}  // namespace numbat
