// SPDX-License-Identifier: BSD-2-Clause
// A new address space for each test, and a check that all of it was given back.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>

#include "fake_paging.hpp"
#include "fake_server.hpp"
#include "vm/address_space.hpp"

namespace elf_test {

class SpaceTest : public testing::Test {
  protected:
    SpaceTest() {
        fake::server_kernel();
        static const bool ready = fake::start_vm();
        if (!ready) std::abort();
        before = fake::resources();
        frames = sos::vm::frames_in_use();
        EXPECT_TRUE(space.init());
    }
    ~SpaceTest() override {
        space.destroy();
        EXPECT_EQ(fake::resources(), before) << "the test leaked";
        EXPECT_EQ(sos::vm::frames_in_use(), frames) << "the test leaked frames";
    }

    abi::ResourceCount before{};
    std::uint32_t frames = 0;
    fake::Thread thread;
    sos::vm::AddressSpace space{&thread};
};

}  // namespace elf_test
