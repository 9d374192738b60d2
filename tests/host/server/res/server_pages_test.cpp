// SPDX-License-Identifier: BSD-2-Clause
#include "res/server_pages.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "fake_server.hpp"
#include "res/res.hpp"

namespace {

using namespace sos;
using fake::resources;

constexpr std::uint64_t server_vspace = abi::init_cap::vspace;

class ServerPagesTest : public testing::Test {
  protected:
    ServerPagesTest() : kernel(fake::server_kernel()), before(resources()) {}
    ~ServerPagesTest() override { EXPECT_EQ(resources(), before) << "the test leaked"; }

    bool mapped(const std::byte* at) {
        return kernel.mapping(server_vspace, reinterpret_cast<std::uintptr_t>(at)).has_value();
    }

    fake::FakeKernel& kernel;
    abi::ResourceCount before;
};

TEST_F(ServerPagesTest, AreZeroAndWritable) {
    auto pages = *res::map_pages(5);
    EXPECT_EQ(pages.size(), 5u * 4096);
    for (std::byte b : pages.bytes()) ASSERT_EQ(b, std::byte{0});
    std::memset(pages.data(), 0xee, pages.size());
}

TEST_F(ServerPagesTest, AreZeroAgainWhenUsedAgain) {
    for (int round = 0; round < 3; ++round) {
        auto pages = *res::map_pages(3);
        for (std::byte b : pages.bytes()) ASSERT_EQ(b, std::byte{0});
        std::memset(pages.data(), 0x77, pages.size());
    }
}

TEST_F(ServerPagesTest, GuardIsNotMapped) {
    auto stack = *res::map_pages(4, res::Guard::below);
    EXPECT_TRUE(mapped(stack.data()));
    EXPECT_FALSE(mapped(stack.data() - 4096));
    auto other = *res::map_pages(4, res::Guard::below);
    EXPECT_FALSE(mapped(other.data() - 4096));
}

TEST_F(ServerPagesTest, AreUnmappedWhenTheOwnerGoes) {
    std::byte* where = nullptr;
    {
        auto pages = *res::map_pages(2);
        where = pages.data();
        EXPECT_TRUE(mapped(where));
    }
    EXPECT_FALSE(mapped(where));
}

TEST_F(ServerPagesTest, BigRequestsUseLargePages) {
    const std::uint64_t calls = kernel.calls();
    auto pages = *res::map_pages(1024 + 3);
    EXPECT_LT(kernel.calls() - calls, 60u);
    pages.bytes().front() = std::byte{1};
    pages.bytes().back() = std::byte{1};
    EXPECT_EQ(resources().untyped_bytes - before.untyped_bytes, (1024 + 3) * 4096u);
}

TEST_F(ServerPagesTest, LargePartsAreGivenUpAndComeBack) {
    auto pages = *res::map_pages(1024);
    const std::uint64_t used = res::server_memory().used;
    const abi::ResourceCount whole = resources();
    pages.bytes().back() = std::byte{1};
    ASSERT_TRUE(pages.give_up_large(1));
    EXPECT_FALSE(pages.give_up_large(1));
    EXPECT_EQ(res::server_memory().used, used - (2 << 20));
    EXPECT_TRUE(mapped(pages.data()));
    EXPECT_FALSE(mapped(pages.data() + (2 << 20)));
    // Whose it is does not change.
    EXPECT_EQ(resources(), whole);
    if (pages.back_again(1)) {
        EXPECT_EQ(res::server_memory().used, used);
        EXPECT_EQ(pages.bytes().back(), std::byte{0});
        EXPECT_EQ(resources(), whole);
    }
}

TEST_F(ServerPagesTest, NothingIsTakenBeyondTheBound) {
    std::vector<res::ServerPages> taken;
    while (res::server_memory().limit - res::server_memory().used >= 512 * 4096) {
        auto pages = res::map_pages(512);
        if (!pages) break;  // this machine has less
        taken.push_back(std::move(*pages));
    }
    const res::ServerMemory memory = res::server_memory();
    EXPECT_LE(memory.used, memory.limit);
    EXPECT_EQ(res::map_pages(513).error(), Error::no_memory);
    EXPECT_EQ(res::server_memory().used, memory.used);
}

TEST_F(ServerPagesTest, ContiguousPagesAreContiguous) {
    for (std::size_t count : {1u, 3u, 16u, 257u, 512u}) {
        auto pages = *res::map_contiguous(count);
        const std::uint64_t start = pages.physical_address()->raw();
        for (std::size_t i = 0; i < count; ++i) {
            const auto mapping = kernel.mapping(
                server_vspace, reinterpret_cast<std::uintptr_t>(pages.data()) + i * 4096);
            ASSERT_TRUE(mapping.has_value());
            EXPECT_EQ(mapping->paddr, start + i * 4096);
        }
    }
    EXPECT_EQ(res::map_contiguous(513).error(), Error::no_memory);
    EXPECT_EQ(res::map_contiguous(0).error(), Error::no_memory);
}

TEST_F(ServerPagesTest, ImpossibleRequestsAreRefused) {
    EXPECT_EQ(res::map_pages(0).error(), Error::no_memory);
    EXPECT_EQ(res::map_pages(65536).error(), Error::no_memory);
    EXPECT_EQ(res::map_pages(~std::size_t{0}).error(), Error::no_memory);
    EXPECT_EQ(res::map_pages(30'000).error(), Error::no_memory);  // more than there is
}

TEST_F(ServerPagesTest, EachFailingStepGivesEverythingBack) {
    { auto warm = *res::map_contiguous(9); }
    for (std::uint64_t n = 1;; ++n) {
        kernel.fail_call(n);
        auto pages = res::map_pages(6, res::Guard::below);
        kernel.fail_call(0);
        EXPECT_TRUE(pages || resources() == before) << n;
        if (pages) break;
    }
    for (std::uint64_t n = 1;; ++n) {
        kernel.fail_call(n);
        auto pages = res::map_contiguous(9);
        kernel.fail_call(0);
        EXPECT_TRUE(pages || resources() == before) << n;
        if (pages) break;
    }
}

TEST_F(ServerPagesTest, DeviceWindows) {
    const auto uart = res::map_device(base::PAddr{0x0900'0000}, 0x1000);
    ASSERT_TRUE(uart.has_value());
    const auto rtc = res::map_device(base::PAddr{0x0901'0000}, 0x1000);
    ASSERT_TRUE(rtc.has_value());
    const auto inside = res::map_device(base::PAddr{0x0901'0200}, 0x200);  // the same page again
    ASSERT_TRUE(inside.has_value());
    rtc->write<std::uint32_t>(0, 1);
    inside->write<std::uint32_t>(0, 1);
    const auto several = res::map_device(base::PAddr{0x0900'f000}, 0x4000);
    ASSERT_TRUE(several.has_value());
    EXPECT_EQ(res::map_device(base::PAddr{0x4000'0000}, 0x1000).error(), Error::bad_address);
    EXPECT_EQ(res::map_device(base::PAddr{0x0900'0000}, 0).error(), Error::bad_argument);
}

TEST_F(ServerPagesTest, DeviceAttributes) {
    static_cast<void>(res::map_device(base::PAddr{0x0902'0000}, 0x18));
    fake::Slot* space = kernel.find(server_vspace);
    bool found = false;
    for (const auto& [vaddr, mapping] : space->cap.object->pages) {
        if (mapping.paddr != 0x0902'0000) continue;
        found = true;
        EXPECT_EQ(mapping.attributes, abi::page_attributes::device);
    }
    EXPECT_TRUE(found);
}

}  // namespace
