// SPDX-License-Identifier: BSD-2-Clause
#include "vm/address_space.hpp"

#include <vector>

#include "vm_test.hpp"

namespace sos::vm {

namespace {

constexpr Rights rw{.read = true, .write = true};
constexpr Rights ro{.read = true};
constexpr Rights rx{.read = true, .execute = true};
constexpr VAddr code{0x40'0000};
constexpr std::uint64_t no_execute =
    abi::page_attributes::normal | abi::page_attributes::execute_never;

class AddressSpaceTest : public VmTest {
  protected:
    AddressSpaceTest() {
        EXPECT_TRUE(space.init());
        EXPECT_TRUE(space.add_elf_region(code, code + 0x4000, rx));
        EXPECT_TRUE(space.start_heap());
    }
    ~AddressSpaceTest() override { space.destroy(); }

    std::optional<fake::Mapping> mapping(VAddr page) {
        return kernel.mapping(space.vspace().raw(), page.raw());
    }
    std::uint64_t rights(VAddr page) {
        const auto found = mapping(page);
        return found ? found->rights : 99;
    }

    AddressSpace space;
};

TEST_F(AddressSpaceTest, StartsWithTheIpcBufferMapped) {
    EXPECT_EQ(mapping(ipc_buffer_address)->rights, abi::rights::read_write.word);
    EXPECT_EQ(mapping(ipc_buffer_address)->attributes, no_execute);
    EXPECT_EQ(kernel.find(space.ipc_buffer_frame().raw())->cap.paddr,
              mapping(ipc_buffer_address)->paddr);
    EXPECT_EQ(space.use().resident_pages, 1u);
}

TEST_F(AddressSpaceTest, WhatTheNextProgramNeedsStaysWhenOneGoes) {
    ASSERT_TRUE(space.handle_fault(stack_top - page_size, Access::write));
    const auto heap = *space.map(VAddr{0}, page_size, rw, Placement::anywhere);
    ASSERT_TRUE(space.handle_fault(heap, Access::write));
    space.pin(ipc_buffer_address, Access::write)->data()[7] = std::byte{1};
    space.clear();
    const sel4::CPtr vspace = space.vspace();
    const std::uint32_t frames_kept = frames_in_use();
    ASSERT_TRUE(space.init());
    EXPECT_EQ(space.vspace(), vspace);
    EXPECT_FALSE(space.handle_fault(heap, Access::read)) << "its regions are gone";
    EXPECT_EQ(space.pin(ipc_buffer_address, Access::read)->data()[7], std::byte{0});
    EXPECT_EQ(space.use().resident_pages, 1u);
    space.clear();
    EXPECT_EQ(frames_in_use(), frames_kept);
}

TEST_F(AddressSpaceTest, IpcBufferThatATransferStillWritesToIsNotHandedOn) {
    const std::uint64_t transfer = space.pin(ipc_buffer_address, Access::write)->release_token();
    const sel4::CPtr first_frame = space.ipc_buffer_frame();
    space.clear();
    ASSERT_TRUE(space.init());
    EXPECT_NE(space.ipc_buffer_frame(), first_frame);
    release_pin(transfer);
}

TEST_F(AddressSpaceTest, StackGrowsOnTouchAndEndsAtItsBounds) {
    EXPECT_TRUE(space.handle_fault(stack_top - 1, Access::write));
    EXPECT_EQ(rights(stack_top - 0x1000), abi::rights::read_write.word);
    EXPECT_TRUE(space.handle_fault(stack_bottom, Access::write));
    EXPECT_EQ(space.handle_fault(stack_bottom - 1, Access::write).error(), Error::bad_address);
    EXPECT_EQ(space.handle_fault(stack_top, Access::read).error(), Error::bad_address);
    EXPECT_EQ(space.handle_fault(stack_top - 8, Access::execute).error(), Error::bad_address);
}

TEST_F(AddressSpaceTest, HostileAddressesAreRefused) {
    for (std::uint64_t at :
         {0ull, 8ull, 0x7fff'ffff'ffffull, 0x8000'0000'0000ull, 0xffff'ff80'0000'0000ull, ~0ull}) {
        for (Access access : {Access::read, Access::write, Access::execute}) {
            EXPECT_EQ(space.handle_fault(VAddr{at}, access).error(), Error::bad_address);
            EXPECT_EQ(space.pin(VAddr{at}, access).error(), Error::bad_address);
        }
    }
}

TEST_F(AddressSpaceTest, ReadFirstIsMappedReadOnlyUntilWritten) {
    const VAddr at = *space.map(VAddr{0}, 0x1000, rw, Placement::anywhere);
    ASSERT_TRUE(space.handle_fault(at + 5, Access::read));
    EXPECT_EQ(rights(at), abi::rights::read.word);
    ASSERT_TRUE(space.handle_fault(at + 5, Access::write));
    EXPECT_EQ(rights(at), abi::rights::read_write.word);
    EXPECT_EQ(space.use().resident_pages, 2u);
}

TEST_F(AddressSpaceTest, AnonymousFaultIsOneKernelCall) {
    const VAddr at = *space.map(VAddr{0}, 0x10'000, rw, Placement::anywhere);
    ASSERT_TRUE(space.handle_fault(at, Access::write));
    ASSERT_TRUE(space.handle_fault(at + 0x1000, Access::write));
    ASSERT_TRUE(space.unmap(at, 0x1000));  // its frame is the next to be used
    std::uint64_t calls = kernel.calls();
    ASSERT_TRUE(space.handle_fault(at + 0x2000, Access::write));
    EXPECT_EQ(kernel.calls() - calls, 1u);
    calls = kernel.calls();
    ASSERT_TRUE(space.unmap(at + 0x2000, 0x1000));
    EXPECT_EQ(kernel.calls() - calls, 1u);
}

TEST_F(AddressSpaceTest, CodeIsExecutableAndNotWritable) {
    ASSERT_TRUE(space.handle_fault(code, Access::execute));
    EXPECT_EQ(rights(code), abi::rights::read.word);
    EXPECT_EQ(mapping(code)->attributes, abi::page_attributes::normal);
    EXPECT_EQ(space.handle_fault(code, Access::write).error(), Error::bad_address);
    EXPECT_EQ(space.pin(code, Access::write).error(), Error::bad_address);
    EXPECT_TRUE(space.pin(code, Access::read));
}

TEST_F(AddressSpaceTest, ExecutableFillIsMadeVisibleToFetches) {
    const std::uint64_t unified = kernel.calls(abi::Invocation::page_unify_instruction);
    ASSERT_TRUE(space.handle_fault(code, Access::execute));
    EXPECT_EQ(kernel.calls(abi::Invocation::page_unify_instruction), unified + 1);
    // Again after SOS has written to a page that may be executed.
    const VAddr at = *space.map(VAddr{0}, 0x1000, {true, true, true}, Placement::anywhere);
    ASSERT_TRUE(space.handle_fault(at, Access::execute));
    { auto pin = *space.pin(at, Access::write); }
    EXPECT_FALSE(mapping(at).has_value());
    ASSERT_TRUE(space.handle_fault(at, Access::execute));
    EXPECT_EQ(kernel.calls(abi::Invocation::page_unify_instruction), unified + 3);
}

TEST_F(AddressSpaceTest, PinnedPageIsTheProgramsPage) {
    const VAddr at = *space.map(VAddr{0}, 0x2000, rw, Placement::anywhere);
    {
        PinnedFrame pin = *space.pin(at + 0x1123, Access::write);
        pin.data()[0x123] = std::byte{42};
        EXPECT_EQ(pins(pin.frame()), 1u);
    }
    ASSERT_TRUE(space.handle_fault(at + 0x1000, Access::read));
    EXPECT_EQ(*(kernel.physical(mapping(at + 0x1000)->paddr) + 0x123), std::byte{42});
    EXPECT_EQ(rights(at + 0x1000), abi::rights::read_write.word);
}

TEST_F(AddressSpaceTest, PinnedPageOutlivesTheSpace) {
    const VAddr at = *space.map(VAddr{0}, 0x1000, rw, Placement::anywhere);
    const std::uint64_t token = space.pin(at, Access::write)->release_token();
    space.destroy();
    EXPECT_EQ(frames_in_use(), frames + 1);
    frame_data(FrameRef{static_cast<std::uint32_t>(token)})[0] = std::byte{1};
    release_pin(token);
    EXPECT_EQ(frames_in_use(), frames);
}

TEST_F(AddressSpaceTest, WindowsPinAPartOfTheFramesOnly) {
    const std::uint64_t most = page_frame_limit() / 32;
    const VAddr at = *space.map(VAddr{0}, (most + 1) * 0x1000, rw, Placement::anywhere);
    std::vector<std::uint64_t> tokens;
    for (std::uint64_t i = 0; i < most; ++i) {
        tokens.push_back(*space.pin_for_window(at + i * 0x1000, Access::write));
    }
    EXPECT_EQ(space.pin_for_window(at, Access::write).error(), Error::would_block);
    EXPECT_EQ(space.pin_for_window(code, Access::write).error(), Error::bad_address);
    EXPECT_TRUE(space.pin(at, Access::write)) << "others are not bounded by that";
    release_pin(tokens.back());
    tokens.back() = *space.pin_for_window(at + most * 0x1000, Access::read);
    transfer_data(tokens.back())[0] = std::byte{1};
    for (const std::uint64_t token : tokens) release_pin(token);
    EXPECT_EQ(space.region_around(at, Access::write)->start, at);
    EXPECT_FALSE(space.region_around(code, Access::write).has_value());
}

TEST_F(AddressSpaceTest, BreakGrowsAndShrinks) {
    const VAddr start = space.brk(VAddr{0});
    EXPECT_EQ(start, code + 0x4000);
    EXPECT_EQ(space.handle_fault(start, Access::write).error(), Error::bad_address);
    EXPECT_EQ(space.brk(start + 0x2345), start + 0x2345);
    EXPECT_TRUE(space.handle_fault(start + 0x2fff, Access::write));
    EXPECT_EQ(space.handle_fault(start + 0x3000, Access::write).error(), Error::bad_address);
    EXPECT_EQ(space.brk(start + 0x1000), start + 0x1000);
    EXPECT_EQ(space.use().resident_pages, 1u);
    EXPECT_EQ(space.handle_fault(start + 0x2fff, Access::write).error(), Error::bad_address);
    // What cannot be leaves it alone.
    EXPECT_EQ(space.brk(start - 1), start + 0x1000);
    EXPECT_EQ(space.brk(VAddr{~0ull}), start + 0x1000);
    EXPECT_EQ(space.brk(stack_bottom + 1), start + 0x1000);
    EXPECT_EQ(space.brk(start + (1ull << 40)), start + 0x1000);
    EXPECT_EQ(space.brk(start), start);
}

TEST_F(AddressSpaceTest, BreakStopsAtAMapping) {
    const VAddr start = space.brk(VAddr{0});
    ASSERT_TRUE(space.map(start + 0x4000, 0x1000, rw, Placement::fixed_no_replace));
    EXPECT_EQ(space.brk(start + 0x4001), start);
    EXPECT_EQ(space.brk(start + 0x4000), start + 0x4000);
}

TEST_F(AddressSpaceTest, HeapIsZeroWhenItGrowsAgain) {
    const VAddr start = space.brk(VAddr{0});
    space.brk(start + 0x1000);
    space.pin(start, Access::write)->data()[9] = std::byte{9};
    space.brk(start);
    space.brk(start + 0x1000);
    EXPECT_EQ(space.pin(start, Access::read)->data()[9], std::byte{0});
}

TEST_F(AddressSpaceTest, MapPlacesAndRefuses) {
    const VAddr first = *space.map(VAddr{0}, 1, rw, Placement::anywhere);
    EXPECT_EQ(first, mmap_top - 0x1000);
    EXPECT_EQ(*space.map(VAddr{0}, 0x1001, rw, Placement::anywhere), first - 0x2000);
    const VAddr there{0x5000'0000};
    EXPECT_EQ(*space.map(there, 0x1000, rw, Placement::anywhere), there);
    EXPECT_EQ(space.map(there, 0x1000, rw, Placement::fixed_no_replace).error(), Error::exists);
    EXPECT_EQ(*space.map(there, 0x1000, ro, Placement::fixed), there);
    EXPECT_EQ(space.map(VAddr{0}, 0, rw, Placement::anywhere).error(), Error::bad_argument);
    EXPECT_EQ(space.map(VAddr{0}, ~0ull, rw, Placement::anywhere).error(), Error::no_memory);
    EXPECT_EQ(space.map(VAddr{0}, 1ull << 46, rw, Placement::anywhere).error(), Error::no_memory);
    for (std::uint64_t bad :
         {std::uint64_t{0x123}, std::uint64_t{0}, stack_bottom.raw(), ~std::uint64_t{0xfff}}) {
        EXPECT_EQ(space.map(VAddr{bad}, 0x1000, rw, Placement::fixed).error(), Error::bad_argument);
    }
}

TEST_F(AddressSpaceTest, FixedMappingReplacesWhatWasThere) {
    const VAddr at{0x5000'0000};
    ASSERT_TRUE(space.map(at, 0x3000, rw, Placement::fixed));
    space.pin(at + 0x1000, Access::write)->data()[0] = std::byte{1};
    ASSERT_TRUE(space.map(at + 0x1000, 0x1000, rw, Placement::fixed));
    EXPECT_EQ(space.pin(at + 0x1000, Access::read)->data()[0], std::byte{0});
}

TEST_F(AddressSpaceTest, UnmapFreesPagesAndTables) {
    const std::uint32_t tables = space.use().page_table_pages;
    const VAddr at{0x123'4567'0000};
    ASSERT_TRUE(space.map(at, 0x200'000, rw, Placement::fixed));
    for (std::uint64_t i = 0; i < 0x200; i += 3) {
        ASSERT_TRUE(space.handle_fault(at + i * 0x1000, Access::write));
    }
    ASSERT_TRUE(space.unmap(at, 0x200'000));
    EXPECT_EQ(space.use().resident_pages, 1u);
    EXPECT_EQ(space.use().page_table_pages, tables);
    EXPECT_EQ(space.handle_fault(at, Access::read).error(), Error::bad_address);
    EXPECT_TRUE(space.unmap(at, 0x1000));  // nothing there: success, as POSIX has it
    EXPECT_EQ(space.unmap(at, 0).error(), Error::bad_argument);
    EXPECT_EQ(space.unmap(at + 1, 0x1000).error(), Error::bad_argument);
    EXPECT_EQ(space.unmap(at, ~0ull).error(), Error::bad_argument);
    EXPECT_EQ(space.unmap(ipc_buffer_address, 0x1000).error(), Error::bad_argument);
}

TEST_F(AddressSpaceTest, ProtectChangesMappedPages) {
    const VAddr at = *space.map(VAddr{0}, 0x3000, rw, Placement::anywhere);
    ASSERT_TRUE(space.handle_fault(at + 0x1000, Access::write));
    ASSERT_TRUE(space.protect(at + 0x1000, 0x1000, ro));
    EXPECT_EQ(space.handle_fault(at + 0x1000, Access::write).error(), Error::bad_address);
    ASSERT_TRUE(space.handle_fault(at + 0x1000, Access::read));
    EXPECT_EQ(rights(at + 0x1000), abi::rights::read.word);
    ASSERT_TRUE(space.protect(at, 0x3000, Rights{}));
    EXPECT_EQ(space.handle_fault(at + 0x1000, Access::read).error(), Error::bad_address);
    EXPECT_FALSE(mapping(at + 0x1000).has_value());
    ASSERT_TRUE(space.protect(at, 0x3000, rw));
    ASSERT_TRUE(space.handle_fault(at + 0x1000, Access::write));
    EXPECT_EQ(rights(at + 0x1000), abi::rights::read_write.word);
    EXPECT_EQ(space.protect(at, 0x1'0000'0000, ro).error(), Error::bad_argument);
    EXPECT_EQ(space.protect(at - 0x1000, 0x2000, ro).error(), Error::no_memory);
}

TEST_F(AddressSpaceTest, ElfRegionsMayShareTheirBorderPage) {
    ASSERT_TRUE(space.add_elf_region(code + 0x3000, code + 0x5000, rw));
    EXPECT_TRUE(space.handle_fault(code + 0x3000, Access::write));
    EXPECT_TRUE(space.handle_fault(code + 0x3000, Access::execute));
    EXPECT_EQ(space.handle_fault(code + 0x4000, Access::execute).error(), Error::bad_address);
    EXPECT_EQ(space.add_elf_region(code, code + 0x1000, rw).error(), Error::bad_address);
    EXPECT_EQ(space.add_elf_region(VAddr{0}, VAddr{0x1000}, rw).error(), Error::bad_address);
    EXPECT_EQ(space.add_elf_region(stack_bottom, stack_top, rw).error(), Error::bad_address);
}

TEST_F(AddressSpaceTest, EachFailingStepOfInitGivesEverythingBack) {
    for (std::uint64_t n = 1; n < 100; ++n) {
        const abi::ResourceCount now = fake::resources();
        const std::uint32_t used = frames_in_use();
        AddressSpace other;
        res::fail_after(n);
        const auto made = other.init();
        res::fail_after(0);
        other.destroy();
        other.destroy();
        EXPECT_EQ(fake::resources(), now) << n;
        EXPECT_EQ(frames_in_use(), used) << n;
        if (made) return;
    }
    FAIL() << "init never succeeded";
}

TEST_F(AddressSpaceTest, EachFailingStepOfAFaultLeavesTheSpaceUsable) {
    for (std::uint64_t n = 1; n < 12; ++n) {
        const VAddr at{0x100'0000'0000 + n * (1ull << 39)};
        ASSERT_TRUE(space.map(at, 0x1000, rw, Placement::fixed));
        kernel.fail_call(n);
        const auto first = space.handle_fault(at, Access::write);
        kernel.fail_call(0);
        EXPECT_TRUE(first || first.error() == Error::no_memory);
        EXPECT_TRUE(space.handle_fault(at, Access::write));
        EXPECT_EQ(rights(at), abi::rights::read_write.word);
    }
}

TEST_F(AddressSpaceTest, RunningOutOfFramesIsAnError) {
    const std::uint64_t all = frame_table_size() * std::uint64_t{page_size};
    const VAddr at = *space.map(VAddr{0}, all, rw, Placement::anywhere);
    Result<void> last;
    for (VAddr page = at; page < at + all; page = page + page_size) {
        last = space.handle_fault(page, Access::write);
        if (!last) break;
    }
    ASSERT_FALSE(last);
    EXPECT_EQ(last.error(), Error::no_memory);
    ASSERT_TRUE(space.unmap(at, all));
    EXPECT_TRUE(space.handle_fault(stack_top - 8, Access::write));
}

}  // namespace

}  // namespace sos::vm
