// SPDX-License-Identifier: BSD-2-Clause
#include "archive.hpp"

#include <gtest/gtest.h>

#include "builders.hpp"

namespace loader_test {
namespace {

using loader::Error;
using loader::Part;

const Bytes kernel_content(7, std::byte{1});
const Bytes tree_content(9, std::byte{2});
const Bytes root_content(5, std::byte{3});

Bytes good_archive() {
    return make_archive({{"kernel.elf", kernel_content}, {"rootserver", root_content}});
}

Bytes to_bytes(std::span<const std::byte> span) {
    return {span.begin(), span.end()};
}

void expect_error(const Bytes& archive, Error error) {
    const auto files = loader::find_boot_files(archive);
    ASSERT_FALSE(files.has_value());
    EXPECT_EQ(files.error(), (loader::Failure{Part::archive, error}));
}

TEST(Archive, FindsKernelAndRootTask) {
    const Bytes archive = good_archive();
    const auto files = loader::find_boot_files(archive);
    ASSERT_TRUE(files.has_value());
    EXPECT_EQ(to_bytes(files->kernel), kernel_content);
    EXPECT_TRUE(files->device_tree.empty());
    EXPECT_EQ(to_bytes(files->root_task), root_content);
}

TEST(Archive, SecondFileMayBeADeviceTree) {
    const Bytes archive = make_archive({{"kernel.elf", kernel_content},
                                        {"kernel.dtb", tree_content},
                                        {"any name will do", root_content}});
    const auto files = loader::find_boot_files(archive);
    ASSERT_TRUE(files.has_value());
    EXPECT_EQ(to_bytes(files->device_tree), tree_content);
    EXPECT_EQ(to_bytes(files->root_task), root_content);
}

TEST(Archive, NumbersMayBeLowerCase) {
    Bytes content(0xab, std::byte{7});
    Bytes archive = make_archive({{"kernel.elf", content}, {"r", root_content}});
    overwrite(archive, 6 + 6 * 8 + 6, 'a');
    overwrite(archive, 6 + 6 * 8 + 7, 'b');
    const auto files = loader::find_boot_files(archive);
    ASSERT_TRUE(files.has_value());
    EXPECT_EQ(files->kernel.size(), 0xabu);
}

TEST(Archive, RefusesWrongOrder) {
    expect_error(make_archive({{"rootserver", root_content}, {"kernel.elf", kernel_content}}),
                 Error::archive_no_kernel);
    expect_error(make_archive({{"kernel.elf", kernel_content}}), Error::archive_no_root_task);
    expect_error(make_archive({{"kernel.elf", kernel_content}, {"kernel.dtb", tree_content}}),
                 Error::archive_no_root_task);
    expect_error(make_archive({}), Error::archive_no_kernel);
}

TEST(Archive, RefusesEveryTruncation) {
    const Bytes archive = good_archive();
    const auto files = loader::find_boot_files(archive);
    ASSERT_TRUE(files.has_value());
    const auto needed =
        static_cast<std::size_t>(files->root_task.data() - archive.data()) + root_content.size();
    for (std::size_t size = 0; size < needed; ++size) {
        // A copy of exactly that size, so that the sanitizer sees any access behind it.
        const Bytes cut(archive.begin(), archive.begin() + static_cast<std::ptrdiff_t>(size));
        EXPECT_FALSE(loader::find_boot_files(cut).has_value()) << size;
    }
}

TEST(Archive, RefusesBadHeaders) {
    Bytes archive = good_archive();
    archive[5] = std::byte{'2'};
    expect_error(archive, Error::archive_bad_magic);
    archive = good_archive();
    archive[6 + 6 * 8] = std::byte{'x'};
    expect_error(archive, Error::archive_bad_number);
    archive = good_archive();
    for (int i = 0; i < 8; ++i) archive[static_cast<std::size_t>(6 + 6 * 8 + i)] = std::byte{'F'};
    expect_error(archive, Error::archive_truncated);
    archive = good_archive();
    for (int i = 0; i < 8; ++i) archive[static_cast<std::size_t>(6 + 11 * 8 + i)] = std::byte{'F'};
    expect_error(archive, Error::archive_truncated);
}

TEST(Archive, RefusesBadNames) {
    Bytes archive = good_archive();
    archive[6 + 11 * 8 + 7] = std::byte{'1'};  // only the terminating zero
    expect_error(archive, Error::archive_bad_name);
    archive = good_archive();
    archive[6 + 11 * 8 + 7] = std::byte{'9'};  // "kernel.el" and no zero
    expect_error(archive, Error::archive_bad_name);
    archive = good_archive();
    archive[110 + 3] = std::byte{0};  // a zero inside
    expect_error(archive, Error::archive_bad_name);
}

}  // namespace
}  // namespace loader_test
