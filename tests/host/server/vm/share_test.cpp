// SPDX-License-Identifier: BSD-2-Clause
// sos_share_vm: who sees what, who may write, and that all comes back.
#include <memory>

#include "vm/address_space.hpp"
#include "vm/page_file.hpp"
#include "vm/shared_page.hpp"
#include "vm_test.hpp"

namespace sos::vm {

namespace {

constexpr VAddr at{0x5000'0000};
constexpr Rights rw{.read = true, .write = true};

class ShareTest : public VmTest {
  protected:
    ~ShareTest() override { EXPECT_EQ(shared_pages_in_use(), 0u); }

    static std::unique_ptr<AddressSpace> make(std::uint64_t pages = 4) {
        auto space = std::make_unique<AddressSpace>();
        EXPECT_TRUE(space->init());
        EXPECT_TRUE(space->map(at, pages * page_size, rw, Placement::fixed));
        return space;
    }
    static void write(AddressSpace& space, VAddr where, int value) {
        const auto pin = space.pin(where, Access::write);
        ASSERT_TRUE(pin);
        pin->data()[0] = static_cast<std::byte>(value);
    }
    static int read(AddressSpace& space, VAddr where) {
        const auto pin = space.pin(where, Access::read);
        EXPECT_TRUE(pin);
        return pin ? std::to_integer<int>(pin->data()[0]) : -1;
    }
    static bool can_write(AddressSpace& space, VAddr where) {
        return space.handle_fault(where, Access::write).has_value();
    }
    std::uint64_t rights(AddressSpace& space, VAddr where) {
        const auto mapping = kernel.mapping(space.vspace().raw(), where.raw());
        return mapping ? mapping->rights : 0;
    }
};

TEST_F(ShareTest, TheFirstOnesPageIsEverybodys) {
    const auto a = make(), b = make(), c = make();
    write(*a, at, 1);
    write(*b, at, 2);
    ASSERT_TRUE(a->share(at, page_size, true));
    EXPECT_EQ(read(*a, at), 1);
    EXPECT_EQ(read(*b, at), 2) << "it has not taken part yet";
    ASSERT_TRUE(b->share(at, page_size, true));
    ASSERT_TRUE(c->share(at, page_size, true));
    EXPECT_EQ(read(*b, at), 1);
    write(*c, at, 3);
    EXPECT_EQ(read(*a, at), 3);
    EXPECT_EQ(read(*b, at), 3);
    EXPECT_EQ(shared_pages_in_use(), 1u);
    // Its neighbours are still everybody's own.
    write(*a, at + page_size, 7);
    EXPECT_EQ(read(*b, at + page_size), 0);
}

TEST_F(ShareTest, WritesNeedTheConsentOfAllOthers) {
    const auto a = make(), b = make();
    ASSERT_TRUE(a->share(at, page_size, false));
    EXPECT_TRUE(can_write(*a, at)) << "there is nobody else";
    EXPECT_EQ(rights(*a, at), 3u);
    ASSERT_TRUE(b->share(at, page_size, true));
    EXPECT_TRUE(can_write(*a, at)) << "the other one lets it";
    EXPECT_FALSE(can_write(*b, at));
    EXPECT_FALSE(b->pin(at, Access::write));
    EXPECT_TRUE(b->handle_fault(at, Access::read));
    EXPECT_EQ(rights(*b, at) & 1, 0u);

    const auto c = make();
    ASSERT_TRUE(c->share(at, page_size, false));
    EXPECT_EQ(rights(*a, at), 0u) << "unmapped, so that it finds out";
    EXPECT_FALSE(can_write(*a, at));
    EXPECT_FALSE(can_write(*b, at));
    EXPECT_FALSE(can_write(*c, at));
}

TEST_F(ShareTest, ConsentCanBeGivenAndTakenAgain) {
    const auto a = make(), b = make();
    ASSERT_TRUE(a->share(at, page_size, false));
    ASSERT_TRUE(b->share(at, page_size, false));
    EXPECT_FALSE(can_write(*b, at));
    ASSERT_TRUE(a->share(at, page_size, true));
    EXPECT_TRUE(can_write(*b, at));
    EXPECT_FALSE(can_write(*a, at));
    ASSERT_TRUE(a->share(at, page_size, false));
    EXPECT_EQ(rights(*b, at) & 1, 0u);
    EXPECT_FALSE(can_write(*b, at));
}

TEST_F(ShareTest, WhoLeavesHasNoSayAndThePageStays) {
    auto a = make(), b = make();
    write(*a, at, 5);
    ASSERT_TRUE(a->share(at, page_size, false));
    ASSERT_TRUE(b->share(at, page_size, true));
    EXPECT_FALSE(can_write(*b, at));
    a.reset();
    EXPECT_EQ(read(*b, at), 5);
    EXPECT_TRUE(can_write(*b, at));
    ASSERT_TRUE(b->unmap(at, page_size));
    EXPECT_EQ(shared_pages_in_use(), 0u);
}

TEST_F(ShareTest, RegionsRightsStillCount) {
    const auto a = make(), b = make();
    ASSERT_TRUE(a->share(at, 2 * page_size, true));
    ASSERT_TRUE(b->share(at, 2 * page_size, true));
    EXPECT_TRUE(can_write(*a, at));
    ASSERT_TRUE(a->protect(at, page_size, {.read = true}));
    EXPECT_EQ(rights(*a, at), 0u);
    EXPECT_FALSE(can_write(*a, at));
    EXPECT_TRUE(a->handle_fault(at, Access::read));
    EXPECT_EQ(rights(*a, at), 2u);
    EXPECT_TRUE(can_write(*b, at));
    ASSERT_TRUE(a->protect(at, page_size, {}));
    EXPECT_FALSE(a->handle_fault(at, Access::read));
}

TEST_F(ShareTest, CodeThatIsSharedCanBeFetched) {
    const auto a = make(), b = make();
    ASSERT_TRUE(a->share(at, page_size, true));
    ASSERT_TRUE(b->share(at, page_size, true));
    ASSERT_TRUE(b->protect(at, page_size, {.read = true, .execute = true}));
    write(*a, at, 1);
    const auto unified = kernel.calls(abi::Invocation::page_unify_instruction);
    ASSERT_TRUE(b->handle_fault(at, Access::execute));
    EXPECT_EQ(kernel.calls(abi::Invocation::page_unify_instruction), unified + 1);
}

TEST_F(ShareTest, MappingAnewEndsASharing) {
    const auto a = make(), b = make();
    write(*a, at, 5);
    ASSERT_TRUE(a->share(at, page_size, true));
    ASSERT_TRUE(b->share(at, page_size, true));
    ASSERT_TRUE(b->map(at, page_size, rw, Placement::fixed));
    EXPECT_EQ(read(*b, at), 0);
    write(*b, at, 6);
    EXPECT_EQ(read(*a, at), 5);
}

TEST_F(ShareTest, WhatIsNoMemoryOfTheirsIsRefused) {
    const auto a = make();
    EXPECT_EQ(a->share(at + 1, page_size, true).error(), Error::bad_argument);
    EXPECT_EQ(a->share(at, 100, true).error(), Error::bad_argument);
    EXPECT_EQ(a->share(at, 5 * page_size, true).error(), Error::bad_address) << "beyond its end";
    EXPECT_EQ(a->share(VAddr{0}, page_size, true).error(), Error::bad_address);
    EXPECT_EQ(a->share(ipc_buffer_address, page_size, true).error(), Error::bad_address);
    EXPECT_EQ(a->share(VAddr{0xffff'8000'0000'0000}, page_size, true).error(), Error::bad_address);
    EXPECT_EQ(a->share(at, ~std::uint64_t{4095}, true).error(), Error::bad_address);
    EXPECT_TRUE(a->share(at, 0, true));
    EXPECT_EQ(shared_pages_in_use(), 0u);
}

TEST_F(ShareTest, PagesAreBounded) {
    constexpr std::uint64_t most = max_shared_pages - 1;
    const auto a = make(1);
    ASSERT_TRUE(a->map(VAddr{0x6000'0000}, most * page_size, rw, Placement::fixed));
    ASSERT_TRUE(a->share(VAddr{0x6000'0000}, most * page_size, true));
    EXPECT_EQ(a->share(at, page_size, true).error(), Error::no_memory);
    ASSERT_TRUE(a->unmap(VAddr{0x6000'0000}, page_size));
    EXPECT_TRUE(a->share(at, page_size, true));
}

TEST_F(ShareTest, EachFailingStepGivesEverythingBack) {
    for (std::uint64_t n = 1; n < 20; ++n) {
        const auto a = make(), b = make();
        ASSERT_TRUE(a->share(at, 4 * page_size, true));
        kernel.fail_call(n);
        const bool shared = b->share(at, 4 * page_size, true).has_value();
        const bool used = shared && b->handle_fault(at, Access::write).has_value();
        kernel.fail_call(0);
        ASSERT_TRUE(b->share(at, 4 * page_size, true));
        write(*b, at, 9);
        EXPECT_EQ(read(*a, at), 9);
        if (used && n > 10) break;
    }
}

TEST_F(ShareTest, PagesOfAnExecutableAreReadFirst) {
    constexpr VAddr code{0x40'0000};
    fake::paging().executable.assign(3 * page_size, std::byte{9});
    fake::paging().version = {.size = 1};
    const FileSegment segment{code, 0, 3 * page_size - 100};
    fake::Thread threads[2];
    AddressSpace spaces[2] = {AddressSpace(&threads[0]), AddressSpace(&threads[1])};
    for (AddressSpace& space : spaces) {
        ASSERT_TRUE(space.init());
        ASSERT_TRUE(space.add_elf_region(code, code + 4 * page_size, rw));
        ASSERT_TRUE(space.start_heap());
        space.set_executable(Executable({.version = fake::paging().version}, {&segment, 1}));
    }
    ASSERT_TRUE(spaces[0].handle_fault(code + page_size, Access::read));
    for (AddressSpace& space : spaces) ASSERT_TRUE(space.share(code, 4 * page_size, true));
    for (std::uint64_t page = 0; page < 3; ++page) {
        EXPECT_EQ(read(spaces[1], code + page * page_size), 9);
    }
    EXPECT_EQ(read(spaces[1], code + 3 * page_size), 0);
    write(spaces[1], code, 4);
    EXPECT_EQ(read(spaces[0], code), 4);
}

}  // namespace

}  // namespace sos::vm
