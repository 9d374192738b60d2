// SPDX-License-Identifier: BSD-2-Clause
#include "fs/nfs/name_cache.hpp"

#include <gtest/gtest.h>

#include <string>

namespace sos::fs::nfs {
namespace {

ServerHandle handle(const std::string& text) {
    ServerHandle made;
    EXPECT_TRUE(made.assign(text.data(), text.size()));
    return made;
}

class NameCacheTest : public ::testing::Test {
  protected:
    void keep(const ServerHandle& directory, std::string_view name, const ServerHandle& object,
              std::uint64_t serial, std::uint64_t asked_us = 0) {
        fattr3 attributes{};
        attributes.size = serial;
        cache.keep(directory, name, object, attributes, serial, asked_us);
    }
    bool knows(const ServerHandle& directory, std::string_view name, std::uint64_t now_us = 0) {
        return cache.find(directory, name, now_us) != nullptr;
    }
    NameCache cache;
    const ServerHandle root = handle("root-of-the-export");
    const ServerHandle folder = handle("a-folder-of-the-export");
    const ServerHandle program = handle("program");
    const ServerHandle other = handle("another");
};

TEST_F(NameCacheTest, tells_what_it_was_told) {
    keep(root, "true", program, 7);
    const NameCache::Entry* const found = cache.find(root, "true", 0);
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->object, program);
    EXPECT_EQ(found->attributes.size, 7u);
    EXPECT_FALSE(knows(root, "tru"));
    EXPECT_FALSE(knows(root, "true2"));
    EXPECT_FALSE(knows(folder, "true"));
}

TEST_F(NameCacheTest, an_entry_lives_from_the_question_on) {
    keep(root, "true", program, 1, 5'000);
    EXPECT_TRUE(knows(root, "true", 5'000 + NameCache::life_us - 1));
    EXPECT_FALSE(knows(root, "true", 5'000 + NameCache::life_us));
}

TEST_F(NameCacheTest, names_are_kept_up_to_a_length) {
    const std::string longest(NameCache::longest_name, 'x');
    keep(root, longest, program, 1);
    keep(root, longest + "x", program, 2);
    EXPECT_TRUE(knows(root, longest));
    EXPECT_FALSE(knows(root, longest + "x"));
}

TEST_F(NameCacheTest, changed_names_are_forgotten_and_older_answers_not_believed) {
    keep(root, "true", program, 1);
    cache.forget_all(5);
    EXPECT_FALSE(knows(root, "true"));
    keep(root, "true", program, 5);  // asked before the change was answered
    EXPECT_FALSE(knows(root, "true"));
    keep(root, "true", program, 6);
    EXPECT_TRUE(knows(root, "true"));
}

TEST_F(NameCacheTest, changed_attributes_are_forgotten_under_each_name) {
    keep(root, "true", program, 1);
    keep(folder, "link", program, 2);
    keep(root, "false", other, 3);
    cache.forget(program, 4);
    EXPECT_FALSE(knows(root, "true"));
    EXPECT_FALSE(knows(folder, "link"));
    EXPECT_TRUE(knows(root, "false"));
    keep(root, "true", program, 4);
    EXPECT_FALSE(knows(root, "true"));
}

TEST_F(NameCacheTest, more_names_than_places_do_no_harm) {
    for (std::uint64_t i = 1; i <= 4 * NameCache::capacity; ++i) {
        keep(i % 2 == 0 ? root : folder, "program-" + std::to_string(i), program, i);
    }
    std::size_t known = 0;
    for (std::uint64_t i = 1; i <= 4 * NameCache::capacity; ++i) {
        const NameCache::Entry* const found =
            cache.find(i % 2 == 0 ? root : folder, "program-" + std::to_string(i), 0);
        if (found == nullptr) continue;
        EXPECT_EQ(found->attributes.size, i);
        ++known;
    }
    EXPECT_GT(known, NameCache::capacity / 2);  // they are spread
}

}  // namespace
}  // namespace sos::fs::nfs
