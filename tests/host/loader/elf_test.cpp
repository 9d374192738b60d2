// SPDX-License-Identifier: BSD-2-Clause
#include "elf.hpp"

#include <gtest/gtest.h>

#include "builders.hpp"

namespace loader_test {
namespace {

using loader::ElfImage;
using loader::Error;
using loader::Part;
using loader::Range;

// Offsets in the file header and in a program header.
constexpr std::size_t header_class = 4, header_order = 5, header_type = 16, header_machine = 18,
                      header_entry = 24, header_table = 32, header_size = 52,
                      header_entry_size = 54, header_count = 56;
constexpr std::size_t segment_offset = 8, segment_vaddr = 16, segment_paddr = 24, segment_file = 32,
                      segment_memory = 40;

std::size_t segment_at(std::size_t index, std::size_t field) {
    return program_headers_at + index * program_header_size + field;
}

void expect_error(const Bytes& file, Error error) {
    const auto image = ElfImage::parse(file, Part::root_task);
    ASSERT_FALSE(image.has_value());
    EXPECT_EQ(image.error(), (loader::Failure{Part::root_task, error}));
}

template <typename T>
void expect_error_with(std::size_t offset, T value, Error error) {
    Bytes file = make_root_task();
    overwrite(file, offset, value);
    expect_error(file, error);
}

TEST(Elf, ReadsSegments) {
    const Bytes file = make_root_task();
    const auto image = ElfImage::parse(file, Part::root_task);
    ASSERT_TRUE(image.has_value());
    EXPECT_EQ(image->entry(), 0x400100u);
    EXPECT_EQ(image->segment_count(), 2u);
    EXPECT_EQ(image->virtual_range(), (Range{0x400000, 0x405001}));
    EXPECT_EQ(image->segment(0).content.size(), 0x200u);
    EXPECT_EQ(image->segment(0).content[0], std::byte{3});
    EXPECT_TRUE(image->segment(1).content.empty());
    EXPECT_EQ(image->program_headers().size(), 2 * program_header_size);
}

TEST(Elf, CountsHeadersThatAreNotLoaded) {
    auto file = make_elf(0x400000, {{0x400000, 0x400000, 0x1000, Bytes(16)},
                                    {0x410000, 0x410000, 0x10, {}, 7, 4},
                                    {0, 0, 0, {}, 0x6474e551, 6}});
    const auto image = ElfImage::parse(file, Part::root_task);
    ASSERT_TRUE(image.has_value());
    EXPECT_EQ(image->virtual_range(), (Range{0x400000, 0x410010}));
}

TEST(Elf, RefusesEveryTruncation) {
    const Bytes file = make_root_task();
    for (std::size_t size = 0; size < file.size(); ++size) {
        const Bytes cut(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size));
        EXPECT_FALSE(ElfImage::parse(cut, Part::kernel).has_value()) << size;
    }
}

TEST(Elf, RefusesBadFileHeaders) {
    expect_error_with(0, std::uint8_t{0}, Error::elf_not_elf);
    expect_error_with(header_class, std::uint8_t{1}, Error::elf_not_elf);
    expect_error_with(header_order, std::uint8_t{2}, Error::elf_not_elf);
    expect_error_with(header_type, std::uint16_t{3}, Error::elf_not_aarch64_executable);
    expect_error_with(header_machine, std::uint16_t{62}, Error::elf_not_aarch64_executable);
    expect_error_with(header_size, std::uint16_t{63}, Error::elf_bad_headers);
    expect_error_with(header_entry_size, std::uint16_t{32}, Error::elf_bad_headers);
    expect_error_with(header_count, std::uint16_t{0}, Error::elf_bad_headers);
    expect_error_with(header_count, std::uint16_t{0xffff}, Error::elf_bad_headers);
    expect_error_with(header_table, ~std::uint64_t{0} - 8, Error::elf_truncated);
    expect_error_with(header_table, std::uint64_t{1} << 40, Error::elf_truncated);
}

TEST(Elf, RefusesBadSegments) {
    expect_error_with(segment_at(0, segment_file), std::uint64_t{0x2346}, Error::elf_segment_size);
    expect_error_with(segment_at(0, segment_offset), ~std::uint64_t{0} - 0x100,
                      Error::elf_segment_outside_file);
    expect_error_with(segment_at(0, segment_offset), std::uint64_t{0x1000},
                      Error::elf_segment_outside_file);
    expect_error_with(segment_at(1, segment_memory), ~std::uint64_t{0}, Error::elf_segment_wraps);
    expect_error_with(segment_at(1, segment_vaddr), ~std::uint64_t{0} - 0x1000,
                      Error::elf_segment_wraps);
    expect_error_with(segment_at(1, segment_paddr), ~std::uint64_t{0} - 0x1000,
                      Error::elf_segment_wraps);
    expect_error_with(segment_at(1, segment_vaddr), std::uint64_t{0x402000},
                      Error::elf_segments_overlap);
}

TEST(Elf, SegmentsWithoutContentMayNameAnyOffset) {
    Bytes file = make_root_task();
    overwrite(file, segment_at(1, segment_offset), std::uint64_t{0x10'0000});
    EXPECT_TRUE(ElfImage::parse(file, Part::root_task).has_value());
}

TEST(Elf, RefusesAnEntryOutsideExecutableSegments) {
    expect_error_with(header_entry, std::uint64_t{0}, Error::elf_bad_entry);
    expect_error_with(header_entry, std::uint64_t{0x402345}, Error::elf_bad_entry);
    expect_error_with(header_entry, std::uint64_t{0x404000}, Error::elf_bad_entry);
}

TEST(Elf, RefusesFilesWithNothingToLoad) {
    expect_error(make_elf(0, {{0, 0, 0, {}, 0x6474e551, 6}}), Error::elf_nothing_to_load);
    expect_error(make_elf(0, {{0, 0, 0, {}}}), Error::elf_nothing_to_load);
}

}  // namespace
}  // namespace loader_test
