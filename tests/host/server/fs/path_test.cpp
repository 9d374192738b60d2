// SPDX-License-Identifier: BSD-2-Clause
#include "fs/path.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace sos;

std::string normalised(std::string_view directory, std::string_view path) {
    char text[abi::max_path];
    const auto result = fs::normalise_path(directory, path, text);
    return result ? std::string(*result) : "error";
}

TEST(Path, is_absolute_and_normal) {
    const struct {
        const char *directory, *path, *result;
    } cases[] = {
        {"/", "motd", "/motd"},    {"/a", "b", "/a/b"},
        {"/a", "/b", "/b"},        {"/a/b", "..", "/a"},
        {"/a/b", "../..", "/"},    {"/a/b", "../../../c", "/c"},
        {"/", ".", "/"},           {"/", "/", "/"},
        {"/", "//a//b//", "/a/b"}, {"/a", "./b/./c/.", "/a/b/c"},
        {"/", "/..", "/"},         {"/", "...", "/..."},
        {"/", "a/../b", "/b"},     {"/x", "", "error"},
        {"/", "a b", "/a b"},
    };
    for (const auto& c : cases) EXPECT_EQ(normalised(c.directory, c.path), c.result) << c.path;
}

TEST(Path, bounds_names_and_length) {
    EXPECT_EQ(normalised("/", std::string(255, 'n')).size(), 256u);
    EXPECT_EQ(normalised("/", std::string(256, 'n')), "error");
    std::string longest;
    while (longest.size() < 4095 - 200) longest += "/" + std::string(199, 'd');
    longest += "/" + std::string(4094 - longest.size(), 'e');
    ASSERT_EQ(longest.size(), 4095u);
    EXPECT_EQ(normalised("/", longest), longest);
    EXPECT_EQ(normalised("/", longest + "f"), "error");

    char tiny[4];
    EXPECT_EQ(*fs::normalise_path("/", "ab", tiny), "/ab");
    EXPECT_EQ(fs::normalise_path("/", "abc", tiny).error(), Error::name_too_long);
    EXPECT_EQ(*fs::normalise_path("/", "..", tiny), "/");
    EXPECT_EQ(fs::normalise_path("/", "a", std::span<char>(tiny, 1)).error(), Error::name_too_long);
}

TEST(Path, tells_directories_by_their_spelling) {
    for (const char* path : {"/", "a/", ".", "..", "a/.", "/b/.."}) {
        EXPECT_TRUE(fs::names_directory(path)) << path;
    }
    for (const char* path : {"a", "/a", "a/..b", "..."}) {
        EXPECT_FALSE(fs::names_directory(path)) << path;
    }
}

TEST(Path, tells_what_the_last_component_is) {
    using enum fs::LastComponent;
    const struct {
        const char* path;
        fs::LastComponent last;
    } cases[] = {
        {"", name},      {"/", name},       {"a", name},      {"a/", name},      {"a/..b", name},
        {"a/...", name}, {".", dot},        {"/.", dot},      {"a/./", dot},     {"a/.//", dot},
        {"..", dot_dot}, {"a/..", dot_dot}, {"../", dot_dot}, {"./..", dot_dot}, {"../.", dot},
    };
    for (const auto& c : cases) EXPECT_EQ(fs::last_component(c.path), c.last) << c.path;
}

}  // namespace
