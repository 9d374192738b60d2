// SPDX-License-Identifier: BSD-2-Clause
// A root task that looks at what it was given, for loaders that are not ours.
#include "abi/boot_info.hpp"
#include "support.hpp"
#include "test.hpp"

namespace target {
namespace {

void check_tree(const abi::BootInfo& info) {
    if (info.extra_len == 0) {
        EXPECT_EQ(info.extra_bi_pages.start, 0);
        EXPECT_EQ(info.extra_bi_pages.end, 0);
        return;
    }
    const auto* header = reinterpret_cast<const abi::BootInfoHeader*>(
        reinterpret_cast<std::uintptr_t>(&info) + 4096);
    EXPECT_EQ(header->id, static_cast<std::uint64_t>(abi::BootInfoChunk::fdt));
    EXPECT_EQ(header->len, info.extra_len);
    EXPECT_EQ(*reinterpret_cast<const std::uint32_t*>(header + 1), 0xedfe'0dd0u);
}

/// Memory is there, can be used, and invocations with words beyond the registers work.
void check_memory(const abi::BootInfo& info) {
    std::uint64_t bytes = 0;
    CPtr first{0};
    for (std::uint64_t i = 0; i < info.untyped.size(); ++i) {
        const abi::UntypedDesc& entry = info.untyped_list[i];
        if (entry.is_device != 0) continue;
        bytes += 1ull << entry.size_bits;
        if (first == CPtr{0} && entry.size_bits >= 12) first = CPtr{info.untyped.start + i};
    }
    EXPECT_TRUE(bytes > 900ull << 20);
    EXPECT_OK(sel4::untyped_retype(first, ObjectType::notification, 0, CPtr{2}, info.empty.start));
    const CPtr made{info.empty.start};
    sel4::signal(made);
    sel4::wait(made);
    EXPECT_OK(sel4::cnode_delete({CPtr{2}, made.raw(), 64}));
}

}  // namespace

extern "C" void test_main(const abi::BootInfo* info) {
    sel4_ipc_buffer = reinterpret_cast<abi::IpcBuffer*>(info->ipc_buffer);
    clear_failures();
    print("RUN FOREIGN_0001 a loader that maps the kernel's image alone, {} tree\n",
          info->extra_len == 0 ? "without a" : "with a");
    check_tree(*info);
    check_memory(*info);
    const bool good = failure_count() == 0;
    if (good) print("TEST FOREIGN_0001 ok\n1 passed, 0 failed\n");
    if (!good) print("TEST FOREIGN_0001 FAIL {}\n0 passed, 1 failed\n", failure_reason());
    while (true) sel4::debug_halt();
}

}  // namespace target
