// SPDX-License-Identifier: BSD-2-Clause
#include "fs/page_view.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sos::fs::test {
namespace {

constexpr std::size_t page_size = PageViews::page_size;

class PageViewTest : public ::testing::Test {
  protected:
    /// Views of `count` pages, the first of which is number 7 of the file.
    PageViewTest() {
        for (std::size_t i = 0; i < memory.size(); ++i) memory[i] = static_cast<char>(i * 31 >> 4);
        views.first = 7;
        views.count = count;
        for (std::uint32_t i = 0; i < count; ++i) {
            views.pages[i] = {reinterpret_cast<const std::byte*>(memory.data()) + i * page_size,
                              &versions[i], versions[i]};
        }
    }
    bool read(std::uint64_t offset, std::size_t size, std::size_t piece = page_size) {
        got.assign(size, '?');
        std::vector<IoBuffer> buffers;
        for (std::size_t at = 0; at < size; at += piece) {
            buffers.push_back({reinterpret_cast<std::byte*>(got.data() + at),
                               std::min(piece, size - at), no_pin});
        }
        return views.read(offset, buffers);
    }

    static constexpr std::uint32_t count = 3;
    static constexpr std::uint64_t begin = 7 * page_size;
    std::string memory = std::string(count * page_size, '.');
    std::uint32_t versions[count]{5, 6, 0xffff'ffff};
    PageViews views{};
    std::string got;
};

TEST_F(PageViewTest, any_part_of_them_is_read) {
    for (const std::size_t offset : {0ul, 1ul, 4095ul, 4096ul, 5000ul, 12287ul}) {
        for (const std::size_t size : {0ul, 1ul, 511ul, 4096ul, 4097ul, 7000ul, 12288ul}) {
            for (const std::size_t piece : {100ul, 4096ul}) {
                const bool inside = offset + size <= memory.size();
                ASSERT_EQ(read(begin + offset, size, piece), inside) << offset << " " << size;
                if (!inside) continue;
                ASSERT_EQ(got, memory.substr(offset, size)) << offset << " " << size;
            }
        }
    }
}

TEST_F(PageViewTest, nothing_beside_them_is_read) {
    EXPECT_FALSE(read(0, 100));
    EXPECT_FALSE(read(begin - 1, 100));
    EXPECT_FALSE(read(begin + memory.size(), 1));
    EXPECT_FALSE(read(begin + memory.size() - 1, 2));
    EXPECT_FALSE(read(~0ull, 1));
    EXPECT_FALSE(read(~0ull - 50, 100));
    views.count = 0;
    EXPECT_FALSE(read(begin, 1));
}

TEST_F(PageViewTest, a_page_with_another_version_is_not_read) {
    ++versions[1];
    EXPECT_TRUE(read(begin, page_size));
    EXPECT_FALSE(read(begin + page_size - 1, 2));
    EXPECT_FALSE(read(begin + page_size, 10));
    EXPECT_TRUE(read(begin + 2 * page_size, page_size));
    --versions[1];
    EXPECT_TRUE(read(begin + page_size - 1, 2));
}

}  // namespace
}  // namespace sos::fs::test
