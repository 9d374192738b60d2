// SPDX-License-Identifier: BSD-2-Clause
#include "fs/nfs/directory.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sos::fs::nfs {
namespace {

class DirectoryTest : public ::testing::Test {
  protected:
    DirectoryTest() : memory_(chunks) {
        pool.add(std::as_writable_bytes(std::span(memory_)));
        EXPECT_EQ(pool.available(), chunks);
    }
    ~DirectoryTest() override {
        listing.clear(pool);
        EXPECT_EQ(pool.available(), chunks);
    }

    static std::string name(std::uint64_t number) { return "entry" + std::to_string(number); }

    /// Names and next positions of the records that a copy gives.
    std::vector<std::pair<std::string, std::uint64_t>> records(std::uint64_t position,
                                                               std::size_t size) {
        std::vector<std::byte> into(size);
        const std::size_t filled = *listing.copy(position, into);
        std::vector<std::pair<std::string, std::uint64_t>> found;
        for (std::size_t at = 0; at < filled;) {
            std::uint64_t next;
            std::uint16_t length;
            std::memcpy(&next, &into[at + 8], 8);
            std::memcpy(&length, &into[at + 16], 2);
            found.emplace_back(reinterpret_cast<const char*>(&into[at + 19]), next);
            at += length;
            EXPECT_EQ(at % 8, 0u);
        }
        return found;
    }

    static constexpr std::size_t chunks = 16;
    ChunkPool pool;
    DirectorySnapshot listing;

  private:
    std::vector<DirectoryChunk> memory_;
};

TEST_F(DirectoryTest, gives_entries_in_order_from_any_position) {
    constexpr std::uint64_t count = 1000;
    for (std::uint64_t i = 0; i < count; ++i) {
        ASSERT_TRUE(listing.add(pool, i + 7, 8, name(i)));
    }
    for (const std::size_t size : {32u, 40u, 500u, 4096u, 65536u}) {
        std::uint64_t next = 0;
        while (next < count) {
            for (const auto& [text, behind] : records(next, size)) {
                ASSERT_EQ(text, name(next));
                ASSERT_EQ(behind, ++next);
            }
        }
    }
    for (const std::uint64_t position : {999ull, 0ull, 500ull, 499ull, 998ull, 1ull}) {
        EXPECT_EQ(records(position, 64)[0].first, name(position));
    }
    EXPECT_TRUE(records(count, 64).empty());
}

TEST_F(DirectoryTest, refuses_room_for_less_than_one_record) {
    ASSERT_TRUE(listing.add(pool, 1, 8, "x"));
    std::vector<std::byte> into(23);
    EXPECT_EQ(listing.copy(0, into).error(), Error::bad_argument);
    into.resize(24);
    EXPECT_EQ(*listing.copy(0, into), 24u);
    EXPECT_EQ(*listing.copy(1, std::span(into).first(0)), 0u);
}

TEST_F(DirectoryTest, leaves_out_what_no_file_can_be_called) {
    EXPECT_TRUE(listing.add(pool, 1, 8, ""));
    EXPECT_TRUE(listing.add(pool, 1, 8, "a/b"));
    EXPECT_TRUE(listing.add(pool, 1, 8, std::string(256, 'n')));
    EXPECT_EQ(listing.entries(), 0u);
    EXPECT_TRUE(listing.add(pool, 1, 8, std::string(255, 'n')));
    EXPECT_EQ(listing.entries(), 1u);
}

TEST_F(DirectoryTest, says_when_the_pool_is_empty) {
    std::uint64_t added = 0;
    while (listing.add(pool, 1, 8, std::string(255, 'n'))) ++added;
    EXPECT_EQ(added, chunks * (4072 / 280));
    EXPECT_EQ(pool.available(), 0u);
    DirectorySnapshot other;
    EXPECT_EQ(other.add(pool, 1, 8, "x").error(), Error::no_memory);
    listing.clear(pool);
    EXPECT_TRUE(other.add(pool, 1, 8, "x"));
    other.clear(pool);
}

}  // namespace
}  // namespace sos::fs::nfs
