// SPDX-License-Identifier: BSD-2-Clause
// What the root task finds at boot.
#include "env.hpp"

namespace target {
namespace {

constexpr std::uint64_t page = 0x1000;

TEST_CASE(BOOT_0001, "slot regions follow one another and end with the cnode") {
    const abi::BootInfo& info = *env.boot_info;
    EXPECT_EQ(info.init_thread_cnode_size_bits, 12);
    EXPECT_EQ(info.user_image_paging.start, abi::init_cap::first_dynamic);
    const abi::SlotRegion regions[] = {info.user_image_paging, info.extra_bi_pages,
                                       info.sched_control,     info.user_image_frames,
                                       info.untyped,           info.empty};
    std::uint64_t next = abi::init_cap::first_dynamic;
    for (const abi::SlotRegion& region : regions) {
        if (region.start == 0 && region.end == 0) continue;  // no extra pages
        EXPECT_EQ(region.start, next);
        EXPECT_TRUE(region.end >= region.start);
        next = region.end;
    }
    EXPECT_EQ(next, 4096);
    EXPECT_EQ(info.sched_control.size(), 1);
    EXPECT_EQ(info.node_id, 0);
    EXPECT_EQ(info.num_nodes, 1);
    EXPECT_EQ(info.num_iopt_levels, 0);
    EXPECT_EQ(info.init_thread_domain, 0);
    EXPECT_EQ(info.shared_frames.size(), 0);
    EXPECT_EQ(info.io_space_caps.size(), 0);
}

TEST_CASE(BOOT_0002, "initial slots hold the right kinds") {
    const std::uint64_t expected[16] = {0, 12, 10, 9, 14, 11, 13, 0, 0, 1, 1, 20, 0, 0, 22, 0};
    for (std::uint64_t slot = 0; slot < 16; ++slot)
        EXPECT_EQ(sel4::debug_cap_identify(CPtr{slot}), expected[slot]);
    const abi::BootInfo& info = *env.boot_info;
    EXPECT_EQ(sel4::debug_cap_identify(CPtr{info.sched_control.start}), 24);
    for (std::uint64_t s = info.user_image_paging.start; s < info.user_image_paging.end; ++s)
        EXPECT_EQ(sel4::debug_cap_identify(CPtr{s}), 3);
    for (std::uint64_t s = info.user_image_frames.start; s < info.user_image_frames.end; ++s)
        EXPECT_EQ(sel4::debug_cap_identify(CPtr{s}), 1);
    for (std::uint64_t s = info.extra_bi_pages.start; s < info.extra_bi_pages.end; ++s)
        EXPECT_EQ(sel4::debug_cap_identify(CPtr{s}), 1);
    for (std::uint64_t s = info.untyped.start; s < info.untyped.end; ++s)
        EXPECT_EQ(sel4::debug_cap_identify(CPtr{s}), 2);
    for (std::uint64_t s = info.empty.end - 900; s < info.empty.end - 16; ++s)
        EXPECT_EQ(sel4::debug_cap_identify(CPtr{s}), 0);
}

TEST_CASE(BOOT_0003, "untypeds are aligned, ascending and do not overlap") {
    const abi::BootInfo& info = *env.boot_info;
    EXPECT_TRUE(info.untyped.size() <= abi::max_boot_untypeds);
    std::uint64_t device_end = 0, ram_bytes = 0;
    for (std::uint64_t i = 0; i < info.untyped.size(); ++i) {
        const abi::UntypedDesc& entry = info.untyped_list[i];
        EXPECT_TRUE(entry.size_bits >= 4 && entry.size_bits <= 47);
        EXPECT_EQ(entry.paddr % (1ull << entry.size_bits), 0);
        for (const std::uint8_t byte : entry.padding) EXPECT_EQ(byte, 0);
        const std::uint64_t end = entry.paddr + (1ull << entry.size_bits);
        if (entry.is_device != 0) {
            EXPECT_TRUE(entry.paddr >= device_end);
            device_end = end;
        } else {
            ram_bytes += end - entry.paddr;
        }
        for (std::uint64_t j = 0; j < i; ++j) {
            const abi::UntypedDesc& other = info.untyped_list[j];
            const std::uint64_t other_end = other.paddr + (1ull << other.size_bits);
            EXPECT_TRUE(end <= other.paddr || other_end <= entry.paddr);
        }
    }
    EXPECT_TRUE(ram_bytes > (64u << 20));
    EXPECT_TRUE(device_end <= 1ull << 40);
}

TEST_CASE(BOOT_0004, "the interrupt controller is not in any untyped, the UART is") {
    const abi::BootInfo& info = *env.boot_info;
    bool uart = false;
    for (std::uint64_t i = 0; i < info.untyped.size(); ++i) {
        const abi::UntypedDesc& entry = info.untyped_list[i];
        const std::uint64_t end = entry.paddr + (1ull << entry.size_bits);
        const auto holds = [&](std::uint64_t address) {
            return entry.paddr <= address && address < end;
        };
        EXPECT_TRUE(!holds(0x0800'0000) && !holds(0x0801'0000));
        uart = uart || (holds(0x0900'0000) && entry.is_device != 0);
    }
    EXPECT_TRUE(uart);
}

TEST_CASE(BOOT_0005, "image, IPC buffer, BootInfo and tree lie one behind the other") {
    const abi::BootInfo& info = *env.boot_info;
    const std::uint64_t image_end = 0x400000 + info.user_image_frames.size() * page;
    EXPECT_EQ(info.ipc_buffer, image_end);
    EXPECT_EQ(&info, image_end + page);
    EXPECT_EQ(info.extra_bi_pages.size(), (info.extra_len + page - 1) / page);
    std::uint64_t last = 0;
    for (std::uint64_t s = info.user_image_frames.start; s < info.user_image_frames.end; ++s) {
        const auto address = sel4::page_get_address(CPtr{s});
        ASSERT_OK(address);
        if (s != info.user_image_frames.start) EXPECT_EQ(address->raw(), last + page);
        last = address->raw();
    }
}

TEST_CASE(BOOT_0006, "the device tree is one chunk") {
    const abi::BootInfo& info = *env.boot_info;
    if (info.extra_len == 0) return;
    const auto* header = reinterpret_cast<const abi::BootInfoHeader*>(as_word(&info) + page);
    EXPECT_EQ(header->id, abi::BootInfoChunk::fdt);
    EXPECT_EQ(header->len, info.extra_len);
    EXPECT_EQ(*reinterpret_cast<const std::uint32_t*>(header + 1), 0xedfe0dd0);
}

TEST_CASE(BOOT_0007, "all of the image is writable and executable") {
    // `mov x0, #42; ret` in the data of the program.
    alignas(64) static std::uint32_t code[16] = {0xd2800540, 0xd65f03c0};
    asm volatile("dc cvau, %0\n\tdsb ish\n\tic ivau, %0\n\tdsb ish\n\tisb" ::"r"(code) : "memory");
    const auto function =
        reinterpret_cast<std::uint64_t (*)()>(reinterpret_cast<std::uintptr_t>(code));
    EXPECT_EQ(function(), 42);
}

}  // namespace
}  // namespace target
