// SPDX-License-Identifier: BSD-2-Clause
#include "elf/image.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <string>

#include "elf_builder.hpp"

namespace {

using namespace sos::elf;
using elf_test::ElfFile;
using elf_test::good_file;

constexpr VAddr lowest{0x1'0000};
constexpr VAddr highest{0x7ff0'0000'0000};

sos::elf::Result<Image> parse(std::span<const std::byte> file, std::uint64_t file_size) {
    const Header header =
        TRY(parse_header(file.first(std::min(file.size(), header_size)), file_size));
    const std::uint64_t at = std::min<std::uint64_t>(header.program_headers_offset, file.size());
    const auto rest = file.subspan(at);
    const std::size_t size = header.program_header_count * program_header_size;
    return parse_image(header, rest.first(std::min(rest.size(), size)), file_size, lowest, highest);
}

sos::elf::Result<Image> parse(const ElfFile& file) {
    const auto bytes = file.bytes();
    return parse(bytes, bytes.size());
}

TEST(ElfImage, AcceptsAGoodFile) {
    const auto image = parse(good_file());
    ASSERT_TRUE(image.has_value());
    EXPECT_EQ(image->entry, VAddr{0x40'0100});
    EXPECT_EQ(image->segment_count, 2u);
    EXPECT_EQ(image->program_headers, VAddr{0x40'0040});
    EXPECT_EQ(image->program_header_count, 2u);
    EXPECT_TRUE(image->segments[0].executable);
    EXPECT_FALSE(image->segments[0].writable);
    EXPECT_TRUE(image->segments[1].writable);
    EXPECT_EQ(image->segments[1].end(), VAddr{0x40'4100});
    EXPECT_EQ(image->segments[1].file_end(), VAddr{0x40'2180});
}

struct BadFile {
    const char* name;
    Problem problem;
    std::function<void(ElfFile&)> damage;
};

const BadFile bad_files[] = {
    {"magic", Problem::not_elf, [](ElfFile& f) { f.header.ident[0] = 0x7e; }},
    {"empty", Problem::not_elf, [](ElfFile& f) { f.size = 0; }},
    {"script", Problem::not_elf, [](ElfFile& f) { f.header.ident[0] = '#'; }},
    {"short_header", Problem::truncated_header, [](ElfFile& f) { f.size = 63; }},
    {"class_32", Problem::wrong_class, [](ElfFile& f) { f.header.ident[4] = 1; }},
    {"big_endian", Problem::wrong_class, [](ElfFile& f) { f.header.ident[5] = 2; }},
    {"ident_version", Problem::wrong_class, [](ElfFile& f) { f.header.ident[6] = 0; }},
    {"version", Problem::wrong_class, [](ElfFile& f) { f.header.version = 2; }},
    {"machine", Problem::wrong_machine, [](ElfFile& f) { f.header.machine = 62; }},
    {"relocatable", Problem::wrong_type, [](ElfFile& f) { f.header.type = 1; }},
    {"pie", Problem::wrong_type, [](ElfFile& f) { f.header.type = 3; }},
    {"core", Problem::wrong_type, [](ElfFile& f) { f.header.type = 4; }},
    {"phentsize", Problem::bad_program_headers, [](ElfFile& f) { f.header.phentsize = 32; }},
    {"no_headers", Problem::bad_program_headers,
     [](ElfFile& f) { f.segments.clear(), f.header.phnum = 0; }},
    {"many_headers", Problem::bad_program_headers, [](ElfFile& f) { f.header.phnum = 0xffff; }},
    {"phoff_end", Problem::bad_program_headers, [](ElfFile& f) { f.header.phoff = f.size - 8; }},
    {"phoff_wrap", Problem::bad_program_headers, [](ElfFile& f) { f.header.phoff = ~0ull - 8; }},
    {"interpreter", Problem::needs_interpreter, [](ElfFile& f) { f.segments[1].type = 3; }},
    {"nothing_to_load", Problem::no_segments,
     [](ElfFile& f) { f.segments[0].type = f.segments[1].type = 4; }},
    {"all_empty", Problem::no_segments,
     [](ElfFile& f) {
         for (auto& s : f.segments) s.filesz = s.memsz = 0;
     }},
    {"offset_beyond", Problem::segment_outside_file,
     [](ElfFile& f) { f.segments[1].offset = 0x10'0100; }},
    {"offset_wrap", Problem::segment_outside_file,
     [](ElfFile& f) { f.segments[1].offset = ~0ull - 0xeff; }},
    {"filesz_beyond", Problem::segment_outside_file,
     [](ElfFile& f) { f.segments[1].filesz = 0x1000; }},
    {"filesz_huge", Problem::segment_larger_in_file,
     [](ElfFile& f) { f.segments[1].filesz = ~0ull; }},
    {"filesz_memsz", Problem::segment_larger_in_file,
     [](ElfFile& f) { f.segments[1].memsz = 0x10; }},
    {"vaddr_null", Problem::address_out_of_range, [](ElfFile& f) { f.segments[0].vaddr = 0; }},
    {"vaddr_low", Problem::address_out_of_range, [](ElfFile& f) { f.segments[0].vaddr = 0xf000; }},
    {"vaddr_stack", Problem::address_out_of_range,
     [](ElfFile& f) { f.segments[1].vaddr = 0x7fff'ffff'e100; }},
    {"vaddr_kernel", Problem::address_out_of_range,
     [](ElfFile& f) { f.segments[1].vaddr = 0xffff'ff80'0000'0100; }},
    {"memsz_wrap", Problem::address_out_of_range,
     [](ElfFile& f) { f.segments[1].memsz = ~0ull - 0x40'0000; }},
    {"memsz_huge", Problem::address_out_of_range,
     [](ElfFile& f) { f.segments[1].memsz = 1ull << 47; }},
    {"misaligned", Problem::bad_alignment, [](ElfFile& f) { f.segments[1].vaddr = 0x40'2180; }},
    {"overlap", Problem::segments_overlap, [](ElfFile& f) { f.segments[1].vaddr = 0x40'1100; }},
    {"descending", Problem::segments_overlap,
     [](ElfFile& f) { std::swap(f.segments[0], f.segments[1]); }},
    {"entry_null", Problem::entry_not_executable, [](ElfFile& f) { f.header.entry = 0; }},
    {"entry_data", Problem::entry_not_executable, [](ElfFile& f) { f.header.entry = 0x40'2100; }},
    {"entry_odd", Problem::entry_not_executable, [](ElfFile& f) { f.header.entry = 0x40'0101; }},
    {"entry_end", Problem::entry_not_executable, [](ElfFile& f) { f.header.entry = 0x40'1234; }},
    {"too_many", Problem::too_many_segments,
     [](ElfFile& f) {
         f.segments.clear();
         for (std::uint64_t i = 0; i < 17; ++i) {
             f.segments.push_back({.vaddr = 0x40'0000 + i * 0x1000, .filesz = 0x10, .memsz = 0x10});
         }
     }},
};

class BadElf : public testing::TestWithParam<BadFile> {};

TEST_P(BadElf, IsRefusedWithItsReason) {
    ElfFile file = good_file();
    GetParam().damage(file);
    const auto image = parse(file);
    ASSERT_FALSE(image.has_value());
    EXPECT_EQ(image.error(), GetParam().problem) << text(image.error());
    EXPECT_FALSE(text(image.error()).empty());
}

INSTANTIATE_TEST_SUITE_P(ElfImage, BadElf, testing::ValuesIn(bad_files),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(ElfImage, EmptySegmentsAreSkipped) {
    ElfFile file = good_file();
    file.segments.push_back({.vaddr = 0, .filesz = 0, .memsz = 0});
    const auto image = parse(file);
    ASSERT_TRUE(image.has_value());
    EXPECT_EQ(image->segment_count, 2u);
}

TEST(ElfImage, HeadersOutsideOfSegmentsHaveNoAddress) {
    ElfFile file = good_file();
    file.header.phoff = 0x2800;
    const auto image = parse(file);
    ASSERT_TRUE(image.has_value());
    EXPECT_EQ(image->program_headers, VAddr{0});
}

TEST(ElfImage, WhateverIsAcceptedIsInRange) {
    // Random damage: never a crash, and the promises hold for what is accepted.
    std::mt19937_64 random(7);
    const auto good = good_file().bytes();
    unsigned accepted = 0;
    for (int round = 0; round < 20'000; ++round) {
        auto bytes = good;
        for (std::uint64_t i = random() % 4; i-- > 0;) {
            bytes[random() % 176] = static_cast<std::byte>(random());
        }
        const auto image = parse(bytes, bytes.size());
        if (!image) continue;
        ++accepted;
        VAddr before = lowest;
        for (const Segment& segment : image->loaded()) {
            ASSERT_GE(segment.start, before);
            ASSERT_GT(segment.memory_size, 0u);
            ASSERT_LE(segment.end(), highest);
            ASSERT_GT(segment.end(), segment.start);
            ASSERT_LE(segment.file_size, segment.memory_size);
            ASSERT_LE(segment.file_offset, bytes.size());
            ASSERT_LE(segment.file_size, bytes.size() - segment.file_offset);
            before = segment.end();
        }
    }
    EXPECT_GT(accepted, 100u);
}

}  // namespace
