// SPDX-License-Identifier: BSD-2-Clause
// Windows that programs write into, at the NFS service, against a real server: whatever was put
// there is seen by everybody, and is never lost.
#include <cstring>

#include "nfs_fixture.hpp"

namespace sos::fs::test {
namespace {

namespace flags = abi::open_flags;

constexpr std::uint64_t rw = flags::read_write | flags::create;

class NfsWriteWindowTest : public NfsTest {
  protected:
    static constexpr std::size_t page_size = 4096;

    /// What a process has: pages, and the word.
    struct Window {
        explicit Window(std::size_t pages) : bytes(pages * page_size, '?') {}
        std::uint64_t state = 0;
        std::uint64_t armed = 0;
        std::string bytes;

        bool open() const { return state != 0; }
        /// As the program does it; false when it was closed.
        bool put(std::string_view text) {
            const std::size_t filled = state & 0xffff'ffff;
            if (!open() || text.size() > bytes.size() - filled) return false;
            std::memcpy(bytes.data() + filled, text.data(), text.size());
            state += text.size();
            return true;
        }
    };

    /// Writes `data`, and has the window armed for what comes behind.
    Result<std::uint64_t> write_and_arm(FileHandle file, std::uint64_t offset, std::string data,
                                        Window& target, Operation operation = Operation::write) {
        const IoBuffer buffer{reinterpret_cast<std::byte*>(data.data()), data.size(), no_pin};
        std::vector<IoBuffer> pages;
        for (std::size_t at = 0; at < target.bytes.size(); at += page_size) {
            pages.push_back(
                {reinterpret_cast<std::byte*>(target.bytes.data() + at), page_size, no_pin});
        }
        target.armed = ++last_state << 32;
        WriteWindow wanted{.state = {&target.state, target.armed}, .pages = pages};
        Request request{.operation = operation, .file = file, .offset = offset};
        request.buffers = {&buffer, 1};
        request.write_window = &wanted;
        const auto done = runner->perform(request);
        position = request.position;
        EXPECT_EQ(wanted.armed, target.state == target.armed);
        return done;
    }
    std::string whole(FileHandle file) {
        std::string all;
        while (true) {
            const std::string some = *read(file, all.size(), 65536);
            if (some.empty()) return all;
            all += some;
        }
    }
    std::uint64_t size_of(FileHandle file) {
        Request request{.operation = Operation::status, .file = file};
        EXPECT_TRUE(runner->perform(request));
        return request.file_status.size;
    }

    std::uint64_t last_state = 0;
    Window window{8};
};

TEST_F(NfsWriteWindowTest, what_was_put_there_is_read_by_others) {
    const FileHandle file = *open("/f", rw);
    const FileHandle reader = *open("/f");
    EXPECT_EQ(*write_and_arm(file, 0, "ab", window), 2u);
    EXPECT_TRUE(window.put("cd") && window.put("e"));
    EXPECT_EQ(whole(reader), "abcde");
    EXPECT_FALSE(window.put("f")) << "it is closed";
    EXPECT_EQ(*write_and_arm(file, 5, "f", window), 1u);
    EXPECT_TRUE(window.put("g"));
    EXPECT_EQ(size_of(reader), 7u);
    EXPECT_TRUE(simple(Operation::status_path, "/f"));
    EXPECT_EQ(status.size, 7u);
    EXPECT_EQ(*write_and_arm(file, 7, "h", window), 1u);
    EXPECT_TRUE(window.put("i"));
    EXPECT_TRUE(simple(Operation::status_path, "/f"));
    EXPECT_EQ(status.size, 9u);
    EXPECT_TRUE(close(reader));
    EXPECT_TRUE(close(file));
    EXPECT_EQ(get("f"), "abcdefghi");
}

TEST_F(NfsWriteWindowTest, writes_keep_their_order) {
    const FileHandle file = *open("/f", rw);
    const FileHandle other = *open("/f", rw);
    EXPECT_EQ(*write_and_arm(file, 0, "aaaa", window), 4u);
    EXPECT_TRUE(window.put("bbbb"));
    EXPECT_EQ(*write(other, 2, "XXXX"), 4u);
    EXPECT_FALSE(window.open());
    EXPECT_EQ(whole(file), "aaXXXXbb");
    EXPECT_EQ(*write_and_arm(file, 8, "c", window), 1u);
    EXPECT_TRUE(window.put("d"));
    std::string text = "Y";
    EXPECT_EQ(*transfer(Operation::append, other, 0, text), 1u);
    EXPECT_EQ(whole(file), "aaXXXXbbcdY");
    EXPECT_EQ(*write_and_arm(other, 0, "e", window, Operation::append), 1u);
    EXPECT_EQ(position, 12u);
    EXPECT_TRUE(window.put("f"));
    Window second{1};
    EXPECT_EQ(*write_and_arm(file, 0, "g", second, Operation::append), 1u);
    EXPECT_TRUE(second.put("h"));
    EXPECT_EQ(whole(file), "aaXXXXbbcdYefgh");
    EXPECT_EQ(*write_and_arm(file, 15, "i", window), 1u);
    EXPECT_TRUE(window.put("j"));
    Request cut{.operation = Operation::truncate, .file = other, .offset = 16};
    EXPECT_TRUE(runner->perform(cut));
    EXPECT_EQ(whole(file), "aaXXXXbbcdYefghi");
    EXPECT_EQ(*write_and_arm(file, 16, "k", window), 1u);
    EXPECT_TRUE(window.put("l"));
    const FileHandle emptied = *open("/f", rw | flags::truncate);
    EXPECT_EQ(size_of(file), 0u);
    for (const FileHandle handle : {file, other, emptied}) EXPECT_TRUE(close(handle));
    EXPECT_EQ(get("f"), "");
}

TEST_F(NfsWriteWindowTest, sync_and_close_and_time_bring_it_to_the_server) {
    const FileHandle file = *open("/f", rw);
    EXPECT_EQ(*write_and_arm(file, 0, "a", window), 1u);
    EXPECT_TRUE(window.put("b"));
    EXPECT_TRUE(sync(file));
    EXPECT_EQ(get("f"), "ab");
    EXPECT_EQ(*write_and_arm(file, 2, "c", window), 1u);
    EXPECT_TRUE(window.put("d"));
    Request all{.operation = Operation::sync_all};
    EXPECT_TRUE(runner->perform(all));
    EXPECT_EQ(get("f"), "abcd");
    EXPECT_EQ(*write_and_arm(file, 4, "e", window), 1u);
    EXPECT_TRUE(window.put("f"));
    EXPECT_TRUE(runner->run_until([&] { return !window.open(); }, 3.0));
    EXPECT_TRUE(runner->run_until([&] { return get("f") == "abcdef"; }, 5.0));
    EXPECT_EQ(*write_and_arm(file, 6, "g", window), 1u);
    EXPECT_TRUE(window.put("h"));
    Request abandoned{.operation = Operation::close, .file = file};
    abandoned.abandon = true;  // its process was killed
    EXPECT_TRUE(runner->perform(abandoned));
    EXPECT_FALSE(window.open());
    EXPECT_TRUE(runner->run_until([&] { return get("f") == "abcdefgh"; }, 5.0));
}

TEST_F(NfsWriteWindowTest, views_and_windows_of_readers_end_when_one_is_armed) {
    const std::string data(60'000, 'o');
    put("f", data);
    const FileHandle file = *open("/f", rw);
    const FileHandle reader = *open("/f");
    EXPECT_EQ(whole(reader), data);
    PageViews views;
    std::uint64_t read_state = 0;
    std::string piece(100, '?');
    const IoBuffer buffer{reinterpret_cast<std::byte*>(piece.data()), piece.size(), no_pin};
    ReadWindow wanted{.state = {&read_state, 1ull << 60}, .into = {&buffer, 1}};
    for (const std::uint64_t offset : {0, 100}) {
        views.count = 0;
        Request request{.operation = Operation::read, .file = reader, .offset = offset};
        request.buffers = {&buffer, 1};
        request.views = &views;
        request.window = offset == 0 ? nullptr : &wanted;
        EXPECT_TRUE(runner->perform(request));
    }
    ASSERT_TRUE(views.read(3 * page_size, {&buffer, 1}) && read_state != 0);
    EXPECT_EQ(*write_and_arm(file, 2 * page_size, "n", window), 1u);
    EXPECT_EQ(read_state, 0u);
    for (std::uint64_t page = 2; page < 10; ++page) {
        EXPECT_FALSE(views.read(page * page_size, {&buffer, 1})) << page;
    }
    EXPECT_TRUE(window.put(std::string(3 * page_size, 'n')));
    EXPECT_EQ(*read(reader, 3 * page_size, 2), "nn");
    EXPECT_EQ(*read(reader, 5 * page_size - 1, 4), "nnoo");
    EXPECT_TRUE(close(reader));
    EXPECT_TRUE(close(file));
}

TEST_F(NfsWriteWindowTest, what_a_process_claims_is_not_believed) {
    const FileHandle file = *open("/f", rw);
    for (const std::uint64_t lie : {window.bytes.size() + 1, std::size_t{0xffff'ffff}}) {
        EXPECT_EQ(*write_and_arm(file, 0, "a", window), 1u);
        window.state = window.armed + lie;
        EXPECT_EQ(whole(file), "a");
    }
    EXPECT_EQ(*write_and_arm(file, 0, "a", window), 1u);
    window.state = window.armed + (1ull << 32) + 3;
    EXPECT_EQ(whole(file), "a");
    EXPECT_EQ(*write_and_arm(file, 0, "a", window), 1u);
    window.state = 0;
    EXPECT_EQ(whole(file), "a");
    EXPECT_EQ(*write_and_arm(file, 0, "a", window), 1u);
    EXPECT_TRUE(window.put(std::string(window.bytes.size(), 'b')));
    EXPECT_EQ(whole(file), "a" + std::string(window.bytes.size(), 'b'));
    EXPECT_TRUE(close(file));
}

TEST_F(NfsWriteWindowTest, collecting_may_have_to_wait) {
    // A page of which the server has something, with a hole before it in the window's way.
    put("f", std::string(20'000, 'o'));
    const FileHandle file = *open("/f", rw);
    const FileHandle reader = *open("/f");
    control("stop");
    EXPECT_EQ(*write_and_arm(file, 5000, "n", window), 1u);
    EXPECT_TRUE(window.put("nn"));
    std::string data(10, '?');
    const IoBuffer buffer{reinterpret_cast<std::byte*>(data.data()), data.size(), no_pin};
    Request request{.operation = Operation::read, .file = reader, .offset = 4998};
    request.buffers = {&buffer, 1};
    const std::uint32_t call = runner->submit(request);
    EXPECT_FALSE(runner->run_until([&] { return !runner->busy(call); }, 0.3));
    control("continue");
    EXPECT_TRUE(runner->run_until([&] { return !runner->busy(call); }));
    EXPECT_EQ(data, "oonnnooooo");
    EXPECT_TRUE(close(reader));
    EXPECT_TRUE(close(file));
}

TEST_F(NfsWriteWindowTest, all_of_them_in_use) {
    std::vector<FileHandle> files;
    std::vector<std::unique_ptr<Window>> windows;
    for (std::size_t i = 0; i < nfs::WriteWindows::capacity + 2; ++i) {
        files.push_back(*open("/f" + std::to_string(i), rw));
        windows.push_back(std::make_unique<Window>(1));
        EXPECT_EQ(*write_and_arm(files[i], 0, "a", *windows[i]), 1u);
        EXPECT_EQ(windows[i]->put("b"), i < nfs::WriteWindows::capacity) << "else a plain write";
    }
    for (std::size_t i = 0; i < files.size(); ++i) {
        EXPECT_EQ(whole(files[i]), i < nfs::WriteWindows::capacity ? "ab" : "a");
        EXPECT_TRUE(close(files[i]));
    }
    const FileHandle file = *open("/f0", rw);
    EXPECT_EQ(*write_and_arm(file, 0, "c", *windows[0]), 1u);
    EXPECT_TRUE(windows[0]->put("d"));
    EXPECT_TRUE(close(file));
    EXPECT_EQ(get("f0"), "cd");
}

TEST_F(NfsWriteWindowTest, what_is_written_through_or_removed) {
    const FileHandle synchronous = *open("/s", rw | flags::dsync);
    EXPECT_EQ(*write_and_arm(synchronous, 0, "a", window), 1u);
    EXPECT_FALSE(window.open());
    EXPECT_TRUE(close(synchronous));
    const FileHandle file = *open("/f", rw);
    EXPECT_EQ(*write_and_arm(file, 0, "a", window), 1u);
    EXPECT_TRUE(window.put("b"));
    EXPECT_TRUE(simple(Operation::unlink, "/f"));
    EXPECT_EQ(whole(file), "ab");
    EXPECT_EQ(*write_and_arm(file, 2, "c", window), 1u);
    EXPECT_TRUE(window.put("d"));
    EXPECT_TRUE(close(file));
    EXPECT_FALSE(std::filesystem::exists(folder / "f"));
}

}  // namespace
}  // namespace sos::fs::test
