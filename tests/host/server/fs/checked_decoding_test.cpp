// SPDX-License-Identifier: BSD-2-Clause
// Replies with lengths that libnfs must not believe, decoded by libnfs behind our checks.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fs/nfs/libnfs.hpp"

namespace {

/// A reply's results, word by word.
class Reply {
  public:
    Reply& word(std::uint32_t value) {
        for (int shift = 24; shift >= 0; shift -= 8) {
            bytes_.push_back(static_cast<char>(value >> shift));
        }
        return *this;
    }
    Reply& words(unsigned count, std::uint32_t value = 0) {
        while (count-- > 0) word(value);
        return *this;
    }

    template <typename Result>
    bool decodes(std::uint32_t (*decode)(ZDR*, Result*)) {
        ZDR zdr;
        Result result{};
        zdrmem_create(&zdr, bytes_.data(), static_cast<std::uint32_t>(bytes_.size()), ZDR_DECODE);
        const bool good = decode(&zdr, &result) != 0;
        zdr_destroy(&zdr);
        return good;
    }

  private:
    std::vector<char> bytes_;
};

TEST(CheckedDecoding, takes_handles_that_are_all_there) {
    const auto lookup = [](std::uint32_t length, unsigned words) {
        // status, handle, no attributes of object and directory
        return Reply().word(0).word(length).words(words).words(2).decodes(zdr_LOOKUP3res);
    };
    EXPECT_TRUE(lookup(64, 16));
    EXPECT_TRUE(lookup(1, 1));
    EXPECT_FALSE(lookup(65, 17));
    EXPECT_FALSE(lookup(64, 13));
    for (const std::uint32_t length :
         {0x7fffffffu, 0x80000000u, 0x80000010u, 0xfffffff8u, 0xffffffffu}) {
        EXPECT_FALSE(lookup(length, 16)) << length;
    }
    EXPECT_FALSE(Reply().word(0).decodes(zdr_LOOKUP3res));
    EXPECT_FALSE(Reply().decodes(zdr_LOOKUP3res));
}

TEST(CheckedDecoding, takes_texts_that_are_all_there) {
    const auto read_link = [](std::uint32_t length, unsigned words) {
        return Reply()
            .word(0)
            .word(0)
            .word(length)
            .words(words, 0x61616161)
            .decodes(zdr_READLINK3res);
    };
    EXPECT_TRUE(read_link(8, 2));
    EXPECT_FALSE(read_link(9, 2));
    EXPECT_FALSE(read_link(0xfffffffc, 2));
    EXPECT_FALSE(read_link(0xffffffff, 2));
}

TEST(CheckedDecoding, takes_data_that_is_all_there) {
    const auto read = [](std::uint32_t length, unsigned words) {
        // status, no attributes, count, end of file, data
        return Reply().word(0).word(0).word(8).word(1).word(length).words(words).decodes(
            zdr_READ3res);
    };
    EXPECT_TRUE(read(8, 2));
    EXPECT_FALSE(read(12, 2));
    EXPECT_FALSE(read(0x80000000, 2));
}

TEST(CheckedDecoding, takes_arrays_that_can_be_there) {
    const auto mount = [](std::uint32_t flavors, unsigned words) {
        return Reply().word(0).word(4).word(7).word(flavors).words(words, 1).decodes(zdr_mountres3);
    };
    EXPECT_TRUE(mount(2, 2));
    EXPECT_FALSE(mount(3, 2));
    EXPECT_FALSE(mount(0x40000001, 2));
    EXPECT_FALSE(mount(0xffffffff, 2));
}

TEST(CheckedDecoding, bounds_the_length_of_lists) {
    const auto list = [](unsigned entries) {
        Reply reply;
        reply.word(0).word(0).words(2);  // status, no attributes, verifier
        for (unsigned i = 0; i < entries; ++i) {
            // one more, file id, name "x", cookie, no attributes, no handle
            reply.word(1).words(2).word(1).word(0x78000000).words(2).words(2);
        }
        return reply.word(0).word(1).decodes(zdr_READDIRPLUS3res);
    };
    EXPECT_TRUE(list(0));
    EXPECT_TRUE(list(500));
    EXPECT_TRUE(list(1000));
    EXPECT_FALSE(list(1100));
    EXPECT_FALSE(list(20000));
    EXPECT_TRUE(list(1000));
}

}  // namespace
