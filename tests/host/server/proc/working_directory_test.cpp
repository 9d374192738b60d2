// SPDX-License-Identifier: BSD-2-Clause
#include "proc/working_directory.hpp"

#include <gtest/gtest.h>

#include <string>

#include "fake_server.hpp"
#include "res/res.hpp"

namespace {

using namespace sos;

TEST(WorkingDirectoryTest, takes_memory_for_long_paths_only) {
    fake::server_kernel();
    const abi::ResourceCount before = fake::resources();
    {
        proc::WorkingDirectory directory;
        EXPECT_EQ(directory.path(), "");
        ASSERT_TRUE(directory.set("/some/where"));
        EXPECT_EQ(directory.path(), "/some/where");
        EXPECT_EQ(fake::resources(), before);
        const std::string longest = "/" + std::string(4094, 'x');
        ASSERT_TRUE(directory.set(longest));
        EXPECT_EQ(directory.path(), longest);
        EXPECT_EQ(directory.path().data()[longest.size()], '\0');
#ifndef NDEBUG
        res::fail_after(1);
        EXPECT_EQ(directory.set(std::string(300, '/')).error(), Error::no_memory);
        res::fail_after(0);
        EXPECT_EQ(directory.path(), longest);
#endif
        ASSERT_TRUE(directory.set("/"));
        EXPECT_EQ(directory.path(), "/");
        EXPECT_EQ(fake::resources(), before);
        ASSERT_TRUE(directory.set(longest));
        directory.clear();
        EXPECT_EQ(directory.path(), "");
        EXPECT_EQ(fake::resources(), before);
        ASSERT_TRUE(directory.set(longest));
    }
    EXPECT_EQ(fake::resources(), before);
}

}  // namespace
