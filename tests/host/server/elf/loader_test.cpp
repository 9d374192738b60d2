// SPDX-License-Identifier: BSD-2-Clause
#include "elf/loader.hpp"

#include <gtest/gtest.h>

#include "elf_builder.hpp"
#include "fake_server.hpp"
#include "memory_file.hpp"
#include "res/res.hpp"
#include "space_test.hpp"

namespace {

using namespace sos;
using elf_test::ElfFile;
using elf_test::good_file;
using vm::Access;

class LoaderTest : public elf_test::SpaceTest {
  protected:
    /// A byte as the program sees it.
    std::byte at(std::uint64_t address) {
        auto pin = space.pin(VAddr{address}, Access::read);
        EXPECT_TRUE(pin.has_value());
        return pin ? pin->data()[address % 4096] : std::byte{0xbb};
    }
    using VAddr = base::VAddr;
};

/// As the file is now.
Result<elf::LoadedImage> load(fs::File& file, std::string_view name, vm::AddressSpace& space) {
    return elf::load(file, TRY(file.status()), name, space);
}

TEST_F(LoaderTest, LoadsSegmentsAndZeroesTheRest) {
    elf_test::MemoryFile file(good_file().bytes());
    const auto image = load(file, "good", space);
    ASSERT_TRUE(image.has_value());
    EXPECT_EQ(image->entry, VAddr{0x40'0100});
    EXPECT_EQ(image->program_headers, VAddr{0x40'0040});
    for (std::uint64_t offset : {0x200u, 0xfffu, 0x1000u, 0x1233u}) {
        EXPECT_EQ(at(0x40'0000 + offset), ElfFile::pattern(offset)) << offset;
    }
    for (std::uint64_t offset : {0x2100u, 0x217fu}) {
        EXPECT_EQ(at(0x40'0000 + offset), ElfFile::pattern(offset)) << offset;
    }
    for (std::uint64_t offset : {0x1234u, 0x2000u, 0x20ffu, 0x2180u, 0x3000u, 0x40ffu}) {
        EXPECT_EQ(at(0x40'0000 + offset), std::byte{0}) << offset;
    }
    EXPECT_EQ(space.brk(VAddr{0}), VAddr{0x40'5000});
    EXPECT_EQ(elf_test::MemoryFile::pins_handed_over, elf_test::MemoryFile::pins_released);
}

TEST_F(LoaderTest, GivesSegmentsTheirRights) {
    elf_test::MemoryFile file(good_file().bytes());
    ASSERT_TRUE(load(file, "good", space));
    EXPECT_TRUE(space.handle_fault(VAddr{0x40'0100}, Access::execute));
    EXPECT_EQ(space.handle_fault(VAddr{0x40'0100}, Access::write).error(), Error::bad_address);
    EXPECT_TRUE(space.handle_fault(VAddr{0x40'2100}, Access::write));
    EXPECT_EQ(space.handle_fault(VAddr{0x40'2100}, Access::execute).error(), Error::bad_address);
}

TEST_F(LoaderTest, BigSegmentIsReadInPieces) {
    ElfFile elf = good_file();
    elf.size = 300'000;
    elf.segments = {
        {.flags = 7, .offset = 0x10, .vaddr = 0x40'0010, .filesz = 290'000, .memsz = 300'000}};
    elf_test::MemoryFile file(elf.bytes());
    ASSERT_TRUE(load(file, "big", space));
    const auto bytes = elf.bytes();
    for (std::uint64_t i = 0; i < 290'000; i += 501) {
        ASSERT_EQ(at(0x40'0010 + i), bytes[0x10 + i]) << i;
    }
    EXPECT_EQ(at(0x40'0010 + 290'000), std::byte{0});
}

TEST_F(LoaderTest, SegmentsMayShareAPage) {
    ElfFile elf = good_file();
    elf.segments[0].filesz = elf.segments[0].memsz = 0x2100;
    elf.segments[1].vaddr = 0x40'2100;
    elf_test::MemoryFile file(elf.bytes());
    ASSERT_TRUE(load(file, "shared", space));
    EXPECT_EQ(at(0x40'20ff), ElfFile::pattern(0x20ff));
    EXPECT_EQ(at(0x40'2100), ElfFile::pattern(0x2100));
    EXPECT_TRUE(space.handle_fault(VAddr{0x40'2000}, Access::execute));
    EXPECT_TRUE(space.handle_fault(VAddr{0x40'2000}, Access::write));
}

TEST_F(LoaderTest, ProgramHeadersMayBeFarBack) {
    ElfFile elf = good_file();
    elf.header.phoff = 0x2f00;
    elf_test::MemoryFile file(elf.bytes());
    ASSERT_TRUE(load(file, "far", space));
    EXPECT_EQ(at(0x40'1000), ElfFile::pattern(0x1000));
}

TEST_F(LoaderTest, NothingIsReadBeforeItIsTouched) {
    elf_test::MemoryFile file(good_file().bytes());
    file.fail_read = 1;  // the first is that of the headers
    ASSERT_TRUE(load(file, "good", space));
    EXPECT_EQ(space.use().resident_pages, 1u);  // the IPC buffer
    EXPECT_EQ(at(0x40'0200), ElfFile::pattern(0x200));
}

TEST_F(LoaderTest, FileThatShrinksIsNotedWhenAPageIsTouched) {
    elf_test::MemoryFile file(good_file().bytes());
    file.claimed_size = 0x3000;
    file.bytes.resize(0x2140);
    ASSERT_TRUE(load(file, "shrunk", space));
    EXPECT_EQ(space.handle_fault(VAddr{0x40'2100}, Access::read).error(),
              Error::executable_changed);
    EXPECT_EQ(space.doom(), Error::executable_changed);
}

TEST_F(LoaderTest, FileThatChangesIsNotMixedWithWhatItWas) {
    elf_test::MemoryFile file(good_file().bytes());
    ASSERT_TRUE(load(file, "changing", space));
    fake::paging().version.mtime_ns = 1;
    EXPECT_EQ(space.handle_fault(VAddr{0x40'0100}, Access::execute).error(),
              Error::executable_changed);
}

TEST_F(LoaderTest, BadFilesAreRefused) {
    elf_test::MemoryFile junk(std::vector<std::byte>(5000, std::byte{'x'}));
    EXPECT_EQ(load(junk, "junk", space).error(), Error::bad_executable);
    elf_test::MemoryFile empty({});
    EXPECT_EQ(load(empty, "empty", space).error(), Error::bad_executable);
}

TEST_F(LoaderTest, ReadErrorsComeThrough) {
    // Of a file with a page that two segments share: that is read at once.
    ElfFile elf = good_file();
    elf.segments[0].filesz = elf.segments[0].memsz = 0x2100;
    elf.segments[1].vaddr = 0x40'2100;
    for (int n = 0; n < 3; ++n) {
        vm::AddressSpace other(&thread);
        ASSERT_TRUE(other.init());
        elf_test::MemoryFile file(elf.bytes());
        file.fail_read = n;
        EXPECT_EQ(load(file, "failing", other).error(), Error::cancelled) << n;
    }
    EXPECT_EQ(elf_test::MemoryFile::pins_handed_over, elf_test::MemoryFile::pins_released);
}

TEST_F(LoaderTest, EachFailingStepGivesEverythingBack) {
    for (std::uint64_t n = 1; n < 200; ++n) {
        const abi::ResourceCount now = fake::resources();
        const std::uint32_t used = vm::frames_in_use();
        bool done = false;
        {
            vm::AddressSpace other(&thread);
            ASSERT_TRUE(other.init());
            elf_test::MemoryFile file(good_file().bytes());
            res::fail_after(n);
            done = load(file, "failing", other).has_value();
            res::fail_after(0);
        }
        EXPECT_EQ(fake::resources(), now) << n;
        EXPECT_EQ(vm::frames_in_use(), used) << n;
        if (done) return;
    }
    FAIL() << "never succeeded";
}

}  // namespace
