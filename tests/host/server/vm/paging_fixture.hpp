// SPDX-License-Identifier: BSD-2-Clause
// Tests of paging: sixteen frames, processes that know what their memory holds, and a check that
// nothing leaked.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <vector>

#include "fake_paging.hpp"
#include "fake_server.hpp"
#include "res/res.hpp"
#include "sync/lock.hpp"
#include "vm/address_space.hpp"
#include "vm/clock.hpp"
#include "vm/page_file.hpp"
#include "vm/pager.hpp"

namespace sos::vm {

inline constexpr std::uint32_t frame_limit = 16;
inline constexpr Rights rw{.read = true, .write = true};
inline constexpr VAddr base_address{0x5000'0000};

inline VAddr address(std::uint64_t page) {
    return base_address + page * page_size;
}

class PagingTest : public testing::Test {
  protected:
    PagingTest() : kernel(fake::server_kernel()) {
        static const bool ready = fake::start_vm(frame_limit);
        if (!ready) std::abort();
        paging.fail_reads = paging.fail_writes = false;
        before = fake::resources();
        frames = frames_in_use();
    }
    ~PagingTest() override {
        paging.complete_all();
        EXPECT_EQ(fake::resources(), before) << "the test leaked";
        EXPECT_EQ(frames_in_use(), frames) << "the test leaked frames";
        EXPECT_EQ(slots_in_use(), 0u) << "the test leaked slots";
        EXPECT_EQ(page_frames_free(), frame_limit);
        EXPECT_EQ(transfers_under_way(), 0u);
    }

    fake::FakeKernel& kernel;
    fake::Paging& paging = fake::paging();
    abi::ResourceCount before{};
    std::uint32_t frames = 0;
};

/// A process with a mapping of some pages, of which it knows the content.
struct Process {
    explicit Process(std::uint64_t page_total) : values(page_total) {
        EXPECT_TRUE(space.init());
        EXPECT_TRUE(space.map(base_address, page_total * page_size, rw, Placement::fixed));
    }

    /// False when it was killed meanwhile.
    bool write(std::uint64_t page, std::uint8_t value) {
        const auto pin = space.pin(address(page), Access::write);
        if (!pin) return killed_by(pin.error());
        EXPECT_EQ(pin->data()[page % page_size], std::byte{values[page]}) << page;
        EXPECT_EQ(pin->data()[4095 - page % 100], std::byte{values[page]}) << page;
        pin->data()[page % page_size] = pin->data()[4095 - page % 100] = std::byte{value};
        values[page] = value;
        return true;
    }
    bool check(std::uint64_t page) {
        const auto pin = space.pin(address(page), Access::read);
        if (!pin) return killed_by(pin.error());
        EXPECT_EQ(pin->data()[page % page_size], std::byte{values[page]}) << page;
        EXPECT_EQ(pin->data()[4095 - page % 100], std::byte{values[page]}) << page;
        return true;
    }
    bool killed_by(Error error) const {
        EXPECT_EQ(error, Error::cancelled);
        EXPECT_TRUE(thread.killed);
        return false;
    }

    fake::Thread thread;
    AddressSpace space{&thread};
    std::vector<std::uint8_t> values;
};

}  // namespace sos::vm
