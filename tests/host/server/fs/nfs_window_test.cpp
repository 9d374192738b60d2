// SPDX-License-Identifier: BSD-2-Clause
// Windows on files at the NFS service, against a real server: what fills them, and that they are
// recalled before anybody can see other bytes.
#include "nfs_fixture.hpp"

namespace sos::fs::test {
namespace {

namespace flags = abi::open_flags;

constexpr std::uint64_t rw = flags::read_write | flags::create;

class NfsWindowTest : public NfsTest {
  protected:
    /// What a process has.
    struct Window {
        std::uint64_t state = 0;
        std::string bytes;
        bool armed() const { return state != 0; }
    };

    /// Reads `size` bytes, and has the window filled with what follows.
    std::string read_and_arm(FileHandle file, std::uint64_t offset, std::size_t size,
                             Window& window, std::size_t room = 32768) {
        std::string data(size, '?');
        window.bytes.assign(room, '?');
        const IoBuffer buffer{reinterpret_cast<std::byte*>(data.data()), size, no_pin};
        // In two pieces, neither of which ends where a page does.
        auto* const begin = reinterpret_cast<std::byte*>(window.bytes.data());
        const std::size_t half = room / 2 - 7;
        const IoBuffer pages[] = {{begin, half, no_pin}, {begin + half, room - half, no_pin}};
        ReadWindow wanted{.state = {&window.state, ++last_state}, .into = pages};
        Request request{.operation = Operation::read, .file = file, .offset = offset};
        request.buffers = {&buffer, 1};
        request.window = &wanted;
        data.resize(runner->perform(request).value_or(0));
        window.bytes.resize(wanted.filled);
        EXPECT_EQ(window.armed(), wanted.filled > 0);
        return data;
    }
    std::string content(std::size_t size) {
        std::string text;
        for (std::size_t i = 0; i < size; ++i) {
            text += static_cast<char>((i * 2654435761u) >> 11);
        }
        return text;
    }

    std::uint64_t last_state = 0;
};

TEST_F(NfsWindowTest, have_what_follows_as_far_as_the_cache_has_it) {
    const std::string data = content(50'000);
    put("f", data);
    const FileHandle file = *open("/f");
    ASSERT_EQ(*read(file, 0, 50'000), data);
    Window window;
    EXPECT_EQ(read_and_arm(file, 0, 100, window), data.substr(0, 100));
    EXPECT_EQ(window.bytes, data.substr(100, 32768));
    EXPECT_EQ(read_and_arm(file, 40'000, 512, window), data.substr(40'000, 512));
    EXPECT_EQ(window.bytes, data.substr(40'512)) << "no further than the file";
    EXPECT_EQ(read_and_arm(file, 49'900, 100, window), data.substr(49'900, 100));
    EXPECT_EQ(window.bytes, "") << "and not at its end";
    EXPECT_EQ(read_and_arm(file, 49'950, 100, window), data.substr(49'950));
    EXPECT_EQ(read_and_arm(file, 50'000, 100, window), "");
    EXPECT_TRUE(close(file));
}

TEST_F(NfsWindowTest, are_recalled_by_whatever_changes_the_file) {
    const std::string data = content(20'000);
    put("f", data);
    put("other", data);
    const FileHandle file = *open("/f", rw);
    const FileHandle writer = *open("/f", rw);
    const FileHandle other = *open("/other", rw);
    Window window;
    const auto arm = [&] {
        read(file, 0, 20'000);
        read_and_arm(file, 0, 100, window);
        ASSERT_TRUE(window.armed());
    };
    arm();
    EXPECT_EQ(*write(other, 500, "x"), 1u);
    EXPECT_EQ(*read(writer, 500, 100), data.substr(500, 100));
    EXPECT_TRUE(sync(writer));
    EXPECT_TRUE(simple(Operation::status_path, "/f"));
    EXPECT_TRUE(window.armed()) << "nothing has changed";
    EXPECT_EQ(*write(writer, 19'000, "x"), 1u);
    EXPECT_FALSE(window.armed()) << "written to by another";
    arm();
    EXPECT_EQ(*write(file, 25'000, "x"), 1u);
    EXPECT_FALSE(window.armed()) << "by itself";
    arm();
    std::string text = "y";
    EXPECT_EQ(*transfer(Operation::append, writer, 0, text), 1u);
    EXPECT_FALSE(window.armed()) << "appended to";
    arm();
    Request cut{.operation = Operation::truncate, .file = writer, .offset = 10'000};
    EXPECT_TRUE(runner->perform(cut));
    EXPECT_FALSE(window.armed()) << "cut";
    arm();
    const FileHandle emptied = *open("/f", rw | flags::truncate);
    EXPECT_FALSE(window.armed()) << "emptied";
    for (const FileHandle handle : {file, writer, other, emptied}) EXPECT_TRUE(close(handle));
}

TEST_F(NfsWindowTest, are_recalled_when_another_client_has_changed_the_file) {
    put("f", content(20'000));
    const FileHandle file = *open("/f");
    read(file, 0, 20'000);
    Window window;
    read_and_arm(file, 0, 100, window);
    ASSERT_TRUE(window.armed());
    put("f", std::string(20'001, 'n'));
    const FileHandle again = *open("/f");
    EXPECT_FALSE(window.armed());
    EXPECT_TRUE(close(file));
    EXPECT_TRUE(close(again));
}

TEST_F(NfsWindowTest, end_with_the_open_file) {
    put("f", content(20'000));
    const FileHandle file = *open("/f", rw);
    const FileHandle writer = *open("/f", rw);
    read(file, 0, 20'000);
    Window window;
    read_and_arm(file, 0, 100, window);
    ASSERT_TRUE(window.armed());
    EXPECT_TRUE(close(file));
    EXPECT_FALSE(window.armed());
    // The page may be another's by now, with whatever in it.
    window.state = last_state;
    EXPECT_EQ(*write(writer, 0, "x"), 1u);
    EXPECT_EQ(window.state, last_state);
    EXPECT_TRUE(close(writer));
}

TEST_F(NfsWindowTest, a_record_that_serves_another_window_is_left_alone) {
    put("f", content(20'000));
    put("g", content(20'000));
    const FileHandle file = *open("/f", rw);
    const FileHandle other = *open("/g", rw);
    read(file, 0, 20'000);
    read(other, 0, 20'000);
    Window window;
    read_and_arm(file, 0, 100, window);
    read_and_arm(other, 0, 100, window);
    EXPECT_EQ(*write(file, 0, "x"), 1u);
    EXPECT_TRUE(window.armed());
    EXPECT_EQ(*write(other, 0, "x"), 1u);
    EXPECT_FALSE(window.armed());
    EXPECT_TRUE(close(file));
    EXPECT_TRUE(close(other));
}

TEST_F(NfsWindowTest, more_than_there_may_be) {
    put("f", content(20'000));
    const std::size_t count = nfs::ReadWindows::capacity + 3;
    std::vector<FileHandle> files;
    std::vector<Window> windows(count);
    for (std::size_t i = 0; i < count; ++i) {
        files.push_back(*open("/f", rw));
        if (i == 0) read(files[0], 0, 20'000);
        read_and_arm(files[i], 0, 100, windows[i]);
        EXPECT_TRUE(windows[i].armed());
    }
    for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(windows[i].armed(), i >= 3);
    EXPECT_EQ(*write(files[0], 0, "x"), 1u);
    for (const Window& window : windows) EXPECT_FALSE(window.armed());
    for (const FileHandle file : files) EXPECT_TRUE(close(file));
}

}  // namespace
}  // namespace sos::fs::test
