// SPDX-License-Identifier: BSD-2-Clause
// What the tests of vm share: the fake kernel, a frame table, and a check that nothing leaked.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>

#include "fake_paging.hpp"
#include "fake_server.hpp"
#include "res/res.hpp"
#include "sync/lock.hpp"
#include "vm/frame_table.hpp"

namespace sos::vm {

class VmTest : public testing::Test {
  protected:
    VmTest() : kernel(fake::server_kernel()) {
        static const bool ready = fake::start_vm();
        if (!ready) std::abort();
        before = fake::resources();
        frames = frames_in_use();
    }
    ~VmTest() override {
        fake::paging().complete_all();
        EXPECT_EQ(fake::resources(), before) << "the test leaked";
        EXPECT_EQ(frames_in_use(), frames) << "the test leaked frames";
    }

    fake::FakeKernel& kernel;
    abi::ResourceCount before{};
    std::uint32_t frames = 0;
};

}  // namespace sos::vm
