// SPDX-License-Identifier: BSD-2-Clause
#include "fs/fd_table.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "fake_server.hpp"
#include "res/res.hpp"

namespace {

using namespace sos;
using fs::FdTable;
using fs::FileRef;

int files_alive = 0;

class FakeFile final : public fs::File {
  public:
    explicit FakeFile(fs::OpenMode mode = {}) : File(mode) { ++files_alive; }

    Result<std::size_t> read(std::uint64_t offset, std::span<const fs::IoBuffer> into) override {
        return offset + total_size(into) <= size ? total_size(into) : 0;
    }
    Result<std::size_t> write(std::uint64_t, std::span<const fs::IoBuffer> from) override {
        return total_size(from);
    }
    Result<fs::Appended> append(std::span<const fs::IoBuffer> from) override {
        size += total_size(from);
        return fs::Appended{total_size(from), size};
    }
    Result<abi::FileStatus> status() override { return abi::FileStatus{}; }
    Result<void> truncate(std::uint64_t) override { return {}; }
    Result<void> sync() override { return {}; }
    Result<std::size_t> read_directory(std::uint64_t, std::span<std::byte>) override { return 0; }
    bool seekable() const override { return true; }
    bool terminal() const override { return false; }

    std::uint64_t size = 100;
    Result<void> close_result{};

  private:
    Result<void> close() override {
        const Result<void> result = close_result;
        --files_alive;
        delete this;
        return result;
    }
};

FileRef new_file() {
    return FileRef(new FakeFile());
}

class FdTableTest : public ::testing::Test {
  protected:
    FdTableTest() {
        fake::server_kernel();
        before = fake::resources();
    }
    ~FdTableTest() override {
        EXPECT_EQ(files_alive, 0);
        EXPECT_EQ(fake::resources(), before) << "the test leaked";
    }

    abi::ResourceCount before;
};

TEST_F(FdTableTest, gives_the_lowest_free_descriptor_from_three) {
    FdTable table;
    EXPECT_EQ(*table.insert(new_file()), 3u);
    EXPECT_EQ(*table.insert(new_file()), 4u);
    EXPECT_EQ(*table.insert(new_file()), 5u);
    EXPECT_TRUE(table.remove(4)->close());
    EXPECT_TRUE(table.remove(3)->close());
    EXPECT_EQ(*table.insert(new_file()), 3u);
    EXPECT_EQ(*table.insert(new_file()), 4u);
    EXPECT_EQ(*table.insert(new_file()), 6u);
}

TEST_F(FdTableTest, holds_1021_ordinary_files_and_recovers) {
    FdTable table;
    for (std::uint32_t fd = 3; fd < FdTable::capacity; ++fd) {
        ASSERT_EQ(*table.insert(new_file()), fd);
    }
    EXPECT_EQ(table.insert(new_file()).error(), Error::too_many_files);
    EXPECT_EQ(table.count(), 1021u);
    EXPECT_EQ(files_alive, 1021);
    EXPECT_TRUE(table.remove(700)->close());
    EXPECT_EQ(*table.insert(new_file()), 700u);
    // The console's descriptors are still to be had.
    EXPECT_TRUE(table.insert_at(0, new_file()));
    table.close_all();
    EXPECT_EQ(table.count(), 0u);
    EXPECT_EQ(files_alive, 0);
    EXPECT_EQ(*table.insert(new_file()), 3u);
}

TEST_F(FdTableTest, takes_memory_for_high_descriptors_only) {
    FdTable table;
    for (std::uint32_t fd = 3; fd < 128; ++fd) ASSERT_EQ(*table.insert(new_file()), fd);
    EXPECT_EQ(fake::resources(), before);
    EXPECT_FALSE(table.open(500));
#ifndef NDEBUG
    res::fail_after(1);
    EXPECT_EQ(table.insert(new_file()).error(), Error::no_memory);
    res::fail_after(1);
    EXPECT_EQ(table.insert_at(1023, new_file()).error(), Error::no_memory);
    res::fail_after(0);
    EXPECT_EQ(table.count(), 125u);
    EXPECT_EQ(files_alive, 125);
#endif
    EXPECT_EQ(*table.insert(new_file()), 128u);
    EXPECT_GT(fake::resources().untyped_bytes, before.untyped_bytes);
    table.close_all();
    EXPECT_EQ(fake::resources(), before);
}

TEST_F(FdTableTest, searches_from_a_minimum) {
    FdTable table;
    EXPECT_EQ(*table.insert(new_file(), 0), 0u);
    EXPECT_EQ(*table.insert(new_file(), 63), 63u);
    EXPECT_EQ(*table.insert(new_file(), 63), 64u);
    EXPECT_EQ(*table.insert(new_file(), 1023), 1023u);
    EXPECT_EQ(table.insert(new_file(), 1023).error(), Error::too_many_files);
    EXPECT_EQ(table.insert(new_file(), 1024).error(), Error::bad_argument);
}

TEST_F(FdTableTest, refuses_descriptors_that_are_not_open) {
    FdTable table;
    for (const std::uint64_t fd : {0ull, 3ull, 1023ull, 1024ull, ~0ull, 1ull << 32}) {
        EXPECT_EQ(table.get(fd).error(), Error::bad_descriptor);
        EXPECT_EQ(table.remove(fd).error(), Error::bad_descriptor);
        EXPECT_EQ(table.close_on_exec(fd).error(), Error::bad_descriptor);
        EXPECT_EQ(table.set_close_on_exec(fd, true).error(), Error::bad_descriptor);
    }
    EXPECT_EQ(table.insert_at(1024, new_file()).error(), Error::bad_descriptor);
}

TEST_F(FdTableTest, closes_the_file_with_its_last_descriptor) {
    FdTable table;
    ASSERT_EQ(*table.insert(new_file()), 3u);
    ASSERT_EQ(*table.insert(FileRef((*table.get(3))).share()), 4u);
    // The temporary above took and dropped a reference of its own.
    (*table.get(3))->reference();
    (*table.get(3))->set_position(77);
    EXPECT_EQ((*table.get(4))->position(), 77u);
    EXPECT_TRUE(table.remove(3)->close());
    EXPECT_EQ(files_alive, 1);
    EXPECT_TRUE(table.insert_at(4, new_file()));
    EXPECT_EQ(files_alive, 1);
}

TEST_F(FdTableTest, close_tells_of_an_earlier_write_error) {
    FdTable table;
    auto* file = new FakeFile();
    file->close_result = std::unexpected(Error::no_space);
    ASSERT_EQ(*table.insert(FileRef(file)), 3u);
    EXPECT_EQ(table.remove(3)->close().error(), Error::no_space);
}

TEST_F(FdTableTest, forgets_close_on_exec_with_the_descriptor) {
    FdTable table;
    ASSERT_EQ(*table.insert(new_file()), 3u);
    EXPECT_FALSE(*table.close_on_exec(3));
    EXPECT_TRUE(table.set_close_on_exec(3, true));
    EXPECT_TRUE(*table.close_on_exec(3));
    EXPECT_TRUE(table.remove(3)->close());
    ASSERT_EQ(*table.insert(new_file()), 3u);
    EXPECT_FALSE(*table.close_on_exec(3));
}

TEST_F(FdTableTest, position_moves_with_transfers) {
    std::byte memory[40];
    const fs::IoBuffer pieces[] = {{memory, 40, fs::no_pin}};
    FileRef file = new_file();
    EXPECT_EQ(*file->read_next(pieces), 40u);
    EXPECT_EQ(*file->read_next(pieces), 40u);
    EXPECT_EQ(file->position(), 80u);
    EXPECT_EQ(*file->read_next(pieces), 0u);
    EXPECT_EQ(file->position(), 80u);

    FileRef log(new FakeFile(
        *fs::OpenMode::from_flags(abi::open_flags::write_only | abi::open_flags::append)));
    EXPECT_EQ(*log->write_next(pieces), 40u);
    EXPECT_EQ(log->position(), 140u);
}

TEST_F(FdTableTest, mode_from_flags) {
    EXPECT_TRUE(fs::OpenMode::from_flags(0)->readable);
    EXPECT_FALSE(fs::OpenMode::from_flags(0)->writable);
    EXPECT_FALSE(fs::OpenMode::from_flags(1)->readable);
    EXPECT_TRUE(fs::OpenMode::from_flags(2)->writable);
    EXPECT_EQ(fs::OpenMode::from_flags(3).error(), Error::bad_argument);
}

}  // namespace
