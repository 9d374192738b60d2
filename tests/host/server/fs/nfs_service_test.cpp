// SPDX-License-Identifier: BSD-2-Clause
// The NFS service against a real server (see nfs_fixture.hpp).
#include <sys/stat.h>
#include <unistd.h>

#include <set>
#include <thread>

#include "nfs_fixture.hpp"

namespace sos::fs::test {
namespace {

namespace flags = abi::open_flags;

std::string pattern(std::size_t size) {
    std::string text(size, '\0');
    std::uint32_t state = 1;
    for (char& c : text) {
        state = state * 1664525 + 1013904223;
        c = static_cast<char>(state >> 24);
    }
    return text;
}

TEST_F(NfsTest, announces_the_mount) {
    ASSERT_EQ(runner->lines.size(), 1u);
    EXPECT_EQ(runner->lines[0], "nfs: mounted /export");
}

TEST_F(NfsTest, reads_a_file) {
    put("motd", "Welcome\n");
    const FileHandle file = *open("/motd");
    EXPECT_EQ(*read(file, 0, 100), "Welcome\n");
    EXPECT_EQ(*read(file, 3, 2), "co");
    EXPECT_EQ(*read(file, 8, 10), "");
    EXPECT_EQ(*read(file, 1000, 10), "");
    EXPECT_TRUE(close(file));
    EXPECT_EQ(close(file).error(), Error::bad_descriptor);
    EXPECT_EQ(read(file, 0, 1).error(), Error::bad_descriptor);
    EXPECT_EQ(read(FileHandle{}, 0, 1).error(), Error::bad_descriptor);
    EXPECT_EQ(read(FileHandle{~0u, 1}, 0, 1).error(), Error::bad_descriptor);
}

TEST_F(NfsTest, moves_any_number_of_bytes_both_ways) {
    for (const std::size_t size : {0, 1, 4095, 4096, 4097, 6143, 6144, 6145, 65536, 1 << 20}) {
        const std::string data = pattern(size);
        put("in", data);
        const FileHandle in = *open("/in");
        const FileHandle out = *open("/out", flags::write_only | flags::create | flags::truncate);
        std::size_t at = 0;
        while (true) {
            const std::string piece = *read(in, at, max_io_bytes);
            if (piece.empty()) break;
            EXPECT_EQ(*write(out, at, piece), piece.size());
            at += piece.size();
        }
        EXPECT_EQ(at, size);
        EXPECT_TRUE(close(in));
        EXPECT_TRUE(close(out));
        EXPECT_TRUE(get("out") == data) << size;  // too long to print
    }
}

TEST_F(NfsTest, bounds_a_transfer) {
    put("f", "x");
    const FileHandle file = *open("/f", flags::read_write);
    std::string big(max_io_bytes + 1, 'x');
    EXPECT_EQ(transfer(Operation::write, file, 0, big).error(), Error::bad_argument);
    std::string many(max_io_buffers + 1, 'x');
    EXPECT_EQ(transfer(Operation::write, file, 0, many, 1).error(), Error::bad_argument);
    std::string one = "y";
    EXPECT_EQ(transfer(Operation::write, file, ~0ull, one).error(), Error::bad_argument);
    EXPECT_EQ(transfer(Operation::read, file, 1ull << 63, one).error(), Error::bad_argument);
    EXPECT_TRUE(close(file));
}

TEST_F(NfsTest, open_says_why_not) {
    put("plain", "x");
    std::filesystem::create_directory(folder / "dir");
    EXPECT_EQ(open("/missing").error(), Error::not_found);
    EXPECT_EQ(open("/missing/below").error(), Error::not_found);
    EXPECT_EQ(open("/plain/below").error(), Error::not_directory);
    EXPECT_EQ(open("/plain", flags::directory).error(), Error::not_directory);
    EXPECT_EQ(open("/dir", flags::write_only).error(), Error::is_directory);
    EXPECT_EQ(open("/plain", flags::create | flags::exclusive).error(), Error::exists);
    EXPECT_EQ(open("/pagefile").error(), Error::access_denied);
    EXPECT_EQ(open("/pagefile", flags::create).error(), Error::access_denied);
    EXPECT_EQ(open("/" + std::string(256, 'n')).error(), Error::name_too_long);
    std::filesystem::permissions(folder / "plain", std::filesystem::perms(0444));
    EXPECT_EQ(open("/plain", flags::write_only).error(), Error::access_denied);
    std::filesystem::permissions(folder / "plain", std::filesystem::perms(0111));
    EXPECT_EQ(open("/plain").error(), Error::access_denied);
    EXPECT_TRUE(close(*open("/plain", open_to_execute)));
    std::filesystem::permissions(folder / "plain", std::filesystem::perms(0666));
    EXPECT_EQ(open("/plain", open_to_execute).error(), Error::access_denied);
    EXPECT_FALSE(std::filesystem::exists(folder / "missing"));
}

TEST_F(NfsTest, creates_and_truncates) {
    EXPECT_TRUE(close(*open("/new", flags::create | flags::write_only, 0640)));
    EXPECT_EQ(std::filesystem::status(folder / "new").permissions(), std::filesystem::perms(0640));
    EXPECT_TRUE(close(*open("/read", flags::sos_create, 0600)));
    EXPECT_TRUE(std::filesystem::exists(folder / "read"));
    // Who creates a file may write to it, whatever its mode.
    const FileHandle file = *open("/locked", flags::create | flags::read_write, 0);
    EXPECT_EQ(*write(file, 0, "hello"), 5u);
    EXPECT_TRUE(close(file));
    put("long", "0123456789");
    EXPECT_TRUE(close(*open("/long", flags::write_only)));
    EXPECT_EQ(get("long"), "0123456789");
    EXPECT_TRUE(close(*open("/long", flags::write_only | flags::truncate)));
    EXPECT_EQ(get("long"), "");
    const FileHandle sized = *open("/long", flags::read_write);
    Request request{.operation = Operation::truncate, .file = sized, .offset = 4};
    EXPECT_TRUE(runner->perform(request));
    EXPECT_EQ(get("long"), std::string(4, '\0'));
    EXPECT_TRUE(close(sized));
}

TEST_F(NfsTest, appends_behind_what_others_wrote) {
    put("log", "one\n");
    const FileHandle file = *open("/log", flags::write_only | flags::append);
    std::string line = "two\n";
    EXPECT_EQ(*transfer(Operation::append, file, 0, line), 4u);
    EXPECT_EQ(position, 8u);
    // What two clients write at the same time is theirs to sort out; what is synced, is seen.
    EXPECT_TRUE(sync(file));
    std::ofstream(folder / "log", std::ios::app) << "three\n";
    line = "four\n";
    EXPECT_EQ(*transfer(Operation::append, file, 0, line), 5u);
    EXPECT_TRUE(close(file));
    EXPECT_EQ(get("log"), "one\ntwo\nthree\nfour\n");
}

TEST_F(NfsTest, follows_symbolic_links) {
    std::filesystem::create_directories(folder / "a" / "b");
    put("a/b/file", "found");
    std::filesystem::create_symlink("b/file", folder / "a" / "relative");
    std::filesystem::create_symlink("/a/b", folder / "absolute");
    std::filesystem::create_symlink("../a/../../absolute", folder / "a" / "up");
    std::filesystem::create_symlink("loop", folder / "loop");
    std::filesystem::create_symlink("new", folder / "dangling");
    for (const char* path : {"/a/relative", "/absolute/file", "/a/up/file"}) {
        const Result<FileHandle> file = open(path);
        ASSERT_TRUE(file) << path;
        EXPECT_EQ(*read(*file, 0, 9), "found");
        EXPECT_TRUE(close(*file));
    }
    EXPECT_EQ(open("/loop").error(), Error::symlink_loop);
    EXPECT_EQ(open("/a/relative", flags::no_follow).error(), Error::symlink_loop);
    EXPECT_EQ(open("/dangling").error(), Error::not_found);
    EXPECT_TRUE(close(*open("/dangling", flags::create | flags::write_only)));
    EXPECT_TRUE(std::filesystem::exists(folder / "new"));

    char text[16]{};
    Request request{.operation = Operation::read_link, .path = "/a/relative"};
    request.follow_links = false;
    request.into = std::as_writable_bytes(std::span(text));
    EXPECT_EQ(*runner->perform(request), 6u);
    EXPECT_STREQ(text, "b/file");
}

TEST_F(NfsTest, tells_attributes) {
    put("file", "12345");
    EXPECT_TRUE(simple(Operation::status_path, "/file"));
    EXPECT_EQ(status.size, 5u);
    EXPECT_EQ(status.type, abi::FileType::regular);
    EXPECT_EQ(status.mode & 0170000u, 0100000u);
    EXPECT_TRUE(simple(Operation::status_path, "/"));
    EXPECT_EQ(status.type, abi::FileType::directory);
    EXPECT_EQ(simple(Operation::status_path, "/none").error(), Error::not_found);
    EXPECT_TRUE(simple(Operation::change_mode, "/file", 0400));
    EXPECT_TRUE(simple(Operation::access, "/file", 4));
    EXPECT_TRUE(simple(Operation::access, "/file", 0));
    EXPECT_EQ(simple(Operation::access, "/file", 2).error(), Error::access_denied);
    EXPECT_EQ(simple(Operation::access, "/file", 5).error(), Error::access_denied);
    const FileHandle file = *open("/file");
    std::ofstream(folder / "file", std::ios::app) << "678";
    Request request{.operation = Operation::status, .file = file};
    EXPECT_TRUE(runner->perform(request));
    EXPECT_EQ(request.file_status.size, 8u);
    EXPECT_TRUE(close(file));
}

TEST_F(NfsTest, changes_names) {
    put("a", "A");
    EXPECT_TRUE(simple(Operation::make_directory, "/d", 0755));
    EXPECT_EQ(simple(Operation::make_directory, "/d", 0755).error(), Error::exists);
    EXPECT_TRUE(simple(Operation::rename, "/a", 0, "/d/b"));
    EXPECT_EQ(get("d/b"), "A");
    EXPECT_EQ(simple(Operation::rename, "/a", 0, "/c").error(), Error::not_found);
    EXPECT_EQ(simple(Operation::remove_directory, "/d").error(), Error::not_empty);
    EXPECT_TRUE(simple(Operation::unlink, "/d/b"));
    EXPECT_EQ(simple(Operation::unlink, "/d/b").error(), Error::not_found);
    EXPECT_TRUE(simple(Operation::remove_directory, "/d"));
    for (const Operation operation :
         {Operation::unlink, Operation::remove_directory, Operation::make_directory}) {
        EXPECT_EQ(simple(operation, "/").error(), Error::busy);
        EXPECT_EQ(simple(operation, "/pagefile").error(), Error::access_denied);
    }
}

/// Whoever runs a file runs on when we give it another name or mode, not when others touch it.
TEST_F(NfsTest, own_changes_of_name_and_mode_leave_a_version_as_it_was) {
    put("file", "text");
    const FileHandle file = *open("/file");
    const auto version = [&](const std::string& name) {
        struct stat found;
        EXPECT_EQ(::stat((folder / name).c_str(), &found), 0);
        const auto word = [](const timespec& time) {
            return static_cast<std::uint64_t>(time.tv_sec) << 32 |
                   static_cast<std::uint64_t>(time.tv_nsec);
        };
        return nfs::Fingerprint{static_cast<std::uint64_t>(found.st_size), word(found.st_mtim),
                                word(found.st_ctim)};
    };
    const auto compare = [&](const nfs::Fingerprint& opened, const nfs::Fingerprint& found) {
        return runner->service().compare_versions(file, opened, found);
    };
    using enum nfs::Sameness;
    const nfs::Fingerprint first = version("file");
    EXPECT_EQ(compare(first, first), same);
    // The clock that times are from may be a few milliseconds late.
    const auto later = [] { std::this_thread::sleep_for(std::chrono::milliseconds(20)); };
    later();
    EXPECT_TRUE(simple(Operation::change_mode, "/file", 0755));
    const nfs::Fingerprint second = version("file");
    EXPECT_NE(first, second);
    EXPECT_EQ(compare(first, second), same);
    later();
    EXPECT_TRUE(simple(Operation::rename, "/file", 0, "/other"));
    const nfs::Fingerprint third = version("other");
    EXPECT_EQ(compare(first, third), same);
    EXPECT_EQ(compare(second, third), same) << "opened in between";
    later();
    put("new", "another");
    EXPECT_TRUE(simple(Operation::rename, "/new", 0, "/other"));
    std::string aside;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().filename() != "other") aside = entry.path().filename();
    }
    const nfs::Fingerprint fourth = version(aside);
    EXPECT_NE(third, fourth);
    EXPECT_EQ(compare(first, fourth), same);

    later();
    ASSERT_EQ(::chmod((folder / aside).c_str(), 0700), 0);
    EXPECT_EQ(compare(first, version(aside)), changed) << "not ours";
    EXPECT_EQ(compare(first, {first.size + 1, first.modified, first.changed}), changed);
    EXPECT_EQ(compare(first, {first.size, first.modified + 1, fourth.changed}), changed);
    EXPECT_TRUE(close(file));

    // After somebody else's change nothing of before counts, whatever we do.
    const FileHandle other = *open("/other");
    const nfs::Fingerprint before = version("other");
    later();
    ASSERT_EQ(::chmod((folder / "other").c_str(), 0700), 0);
    later();
    EXPECT_TRUE(simple(Operation::change_mode, "/other", 0711));
    EXPECT_EQ(runner->service().compare_versions(other, before, version("other")), changed);
    EXPECT_TRUE(close(other));
}

struct Entry {
    std::string name;
    std::uint8_t type;
};

std::vector<Entry> entries_of(std::span<const std::byte> records) {
    std::vector<Entry> entries;
    while (!records.empty()) {
        std::uint16_t length;
        std::memcpy(&length, records.data() + 16, 2);
        entries.push_back({reinterpret_cast<const char*>(records.data()) + 19,
                           static_cast<std::uint8_t>(records[18])});
        records = records.subspan(length);
    }
    return entries;
}

class NfsListingTest : public NfsTest {
  protected:
    Result<std::vector<Entry>> list(FileHandle directory, std::uint64_t from,
                                    std::size_t size = 512) {
        std::vector<std::byte> buffer(size);
        Request request{.operation = Operation::read_directory, .file = directory, .offset = from};
        request.into = buffer;
        const std::size_t filled = TRY(runner->perform(request));
        return entries_of(std::span(buffer).first(filled));
    }
};

TEST_F(NfsListingTest, of_any_size_with_the_longest_names) {
    std::filesystem::create_directory(folder / "d");
    int there = 0;
    for (const int size : {0, 1, 1000, 5000}) {
        std::set<std::string> expected{".", ".."};
        for (; there < size; ++there) {
            std::string name = std::to_string(there);
            put("d/" + name.insert(0, 255 - name.size(), 'n'), "");
        }
        for (const auto& entry : std::filesystem::directory_iterator(folder / "d")) {
            expected.insert(entry.path().filename());
        }
        ASSERT_EQ(expected.size(), static_cast<std::size_t>(size) + 2);
        const FileHandle directory = *open("/d", flags::directory);
        std::set<std::string> seen;
        std::uint64_t next = 0;
        const std::uint64_t rpcs = runner->rpcs();
        while (true) {
            const auto some = *list(directory, next);
            if (some.empty()) break;
            for (const Entry& entry : some) EXPECT_TRUE(seen.insert(entry.name).second);
            next += some.size();
        }
        EXPECT_TRUE(seen == expected) << size << ": " << seen.size();
        EXPECT_EQ(next, expected.size());
        // In proportion to what there is: a listing is not begun anew for each part of it.
        EXPECT_LE(runner->rpcs() - rpcs, 10u + static_cast<unsigned>(size) / 4);
        EXPECT_TRUE(close(directory));
    }
}

TEST_F(NfsListingTest, is_complete_and_stable_while_names_change) {
    std::set<std::string> expected{".", ".."};
    for (int i = 0; i < 2000; ++i) {
        const std::string name = "file-with-a-rather-long-name-" + std::to_string(i);
        put(name, "");
        expected.insert(name);
    }
    put("pagefile", "secret");
    std::filesystem::create_directory(folder / "sub");
    expected.insert("sub");
    const FileHandle directory = *open("/", flags::directory);
    std::set<std::string> seen;
    std::uint64_t next = 0;
    while (true) {
        const auto some = *list(directory, next);
        if (some.empty()) break;
        for (const Entry& entry : some) {
            EXPECT_TRUE(seen.insert(entry.name).second) << entry.name;
            if (entry.name.starts_with('.')) continue;
            EXPECT_EQ(entry.type, entry.name == "sub" ? 4 : 8);
        }
        next += some.size();
        if (next < 200) std::filesystem::remove(folder / some.back().name);
    }
    EXPECT_EQ(seen, expected);
    EXPECT_EQ(list(directory, next)->size(), 0u);
    EXPECT_EQ(list(directory, next + 1).error(), Error::out_of_range);
    EXPECT_EQ(list(directory, 0, 20).error(), Error::bad_argument);
    // The same numbers name the same entries until the listing is begun again.
    const auto again = *list(directory, 1000);
    EXPECT_TRUE(seen.contains(again[0].name));
    put("late", "");
    std::set<std::string> fresh;
    for (next = 0;;) {
        const auto some = *list(directory, next, 8192);
        if (some.empty()) break;
        for (const Entry& entry : some) fresh.insert(entry.name);
        next += some.size();
    }
    EXPECT_TRUE(fresh.contains("late"));
    EXPECT_FALSE(fresh.contains("pagefile"));
    EXPECT_TRUE(close(directory));
    EXPECT_EQ(list(directory, 0).error(), Error::bad_descriptor);
}

/// As sos_getdirent asks: entry by entry.
TEST_F(NfsListingTest, costs_as_many_rpcs_as_the_entries_need) {
    for (const std::size_t count : {0u, 1u, 1000u, 5000u}) {
        const std::string name = "d" + std::to_string(count);
        std::filesystem::create_directory(folder / name);
        std::set<std::string> expected{".", ".."};
        for (std::size_t i = 0; i < count; ++i) {
            std::string entry = std::to_string(i);
            entry.insert(0, 255 - entry.size(), 'n');
            put(name + "/" + entry, "");
            expected.insert(entry);
        }
        const FileHandle directory = *open("/" + name, flags::directory);
        const std::uint64_t before = runner->rpcs();
        std::set<std::string> seen;
        for (std::uint64_t at = 0;; ++at) {
            const auto some = *list(directory, at, 300);
            if (some.empty()) break;
            EXPECT_TRUE(seen.insert(some.front().name).second);
        }
        EXPECT_TRUE(seen == expected) << count;
        // A reply has room for some 25 such names.
        EXPECT_LE(runner->rpcs() - before, count / 20 + 2);
        EXPECT_TRUE(close(directory));
    }
}

TEST_F(NfsListingTest, needs_an_open_directory) {
    put("plain", "");
    const FileHandle file = *open("/plain");
    EXPECT_EQ(list(file, 0).error(), Error::not_directory);
    EXPECT_TRUE(close(file));
    std::filesystem::create_directory(folder / "empty");
    const FileHandle directory = *open("/empty");
    EXPECT_EQ(list(directory, 0)->size(), 2u);
    EXPECT_EQ(read(directory, 0, 1).error(), Error::is_directory);
    EXPECT_EQ(write(directory, 0, "x").error(), Error::is_directory);
    EXPECT_TRUE(close(directory));
}

TEST_F(NfsTest, open_files_are_bounded_and_reusable) {
    put("f", "x");
    std::vector<FileHandle> handles;
    while (true) {
        const Result<FileHandle> file = open("/f");
        if (!file) {
            EXPECT_EQ(file.error(), Error::too_many_files);
            break;
        }
        handles.push_back(*file);
    }
    EXPECT_EQ(handles.size(), max_open_files);
    for (const FileHandle file : handles) EXPECT_TRUE(close(file));
    const FileHandle again = *open("/f");
    EXPECT_EQ(read(handles.back(), 0, 1).error(), Error::bad_descriptor);
    EXPECT_EQ(*read(again, 0, 1), "x");
    EXPECT_TRUE(close(again));
}

constexpr Owner victim{7, 3};

TEST_F(NfsTest, cancel_answers_at_once_and_leaves_the_buffers_alone) {
    put("f", pattern(max_io_bytes));
    const FileHandle file = *open("/f", flags::read_write);
    control("stop");
    std::string data(max_io_bytes, '?');
    IoBuffer buffer{reinterpret_cast<std::byte*>(data.data()), data.size(), no_pin};
    Request reading{.operation = Operation::read, .owner = victim, .file = file};
    reading.buffers = {&buffer, 1};
    Request other{.operation = Operation::status, .owner = {7, 4}, .file = file};
    const auto read_index = runner->submit(reading);
    const auto other_index = runner->submit(other);
    EXPECT_FALSE(runner->run_until([&] { return !runner->busy(read_index); }, 0.3));
    runner->service().cancel([](Owner owner) { return owner == victim; });
    EXPECT_FALSE(runner->busy(read_index));
    EXPECT_TRUE(runner->busy(other_index));
    EXPECT_EQ(reading.error, Error::cancelled);
    // The slot is used again at once, and the late reply disturbs nobody.
    Request closing{.operation = Operation::close, .owner = victim, .file = file};
    EXPECT_TRUE(runner->perform(closing));
    control("continue");
    EXPECT_TRUE(runner->run_until([&] { return !runner->busy(other_index); }));
    EXPECT_FALSE(other.failed);
    EXPECT_TRUE(data == std::string(max_io_bytes, '?'));
}

TEST_F(NfsTest, requests_wait_for_a_server_that_comes_back) {
    put("f", pattern(300000));
    const FileHandle in = *open("/f");
    const FileHandle out = *open("/out", flags::write_only | flags::create);
    EXPECT_EQ(*read(in, 0, 10), pattern(10));
    EXPECT_EQ(*write(out, 0, "0123456789"), 10u);
    control("kill");
    Request making{.operation = Operation::make_directory, .path = "/d", .mode = 0755};
    const auto index = runner->submit(making);
    EXPECT_FALSE(runner->run_until([&] { return !runner->busy(index); }, 1.5));
    control("restart");
    EXPECT_TRUE(runner->run_until([&] { return !runner->busy(index); }));
    EXPECT_FALSE(making.failed);
    EXPECT_TRUE(std::filesystem::is_directory(folder / "d"));
    EXPECT_EQ(*read(in, 1000, 10), pattern(1010).substr(1000));
    EXPECT_EQ(*write(out, 10, "abc"), 3u);
    EXPECT_TRUE(close(in));
    EXPECT_TRUE(close(out));
    EXPECT_EQ(get("out"), "0123456789abc");
    EXPECT_EQ(runner->mounts, 1);
}

TEST_F(NfsTest, an_overdue_answer_costs_the_connection_not_the_request) {
    put("f", "contents");
    control("stop");
    Request request{.operation = Operation::status_path, .path = "/f"};
    const auto index = runner->submit(request);
    EXPECT_FALSE(runner->run_until([&] { return !runner->busy(index); }, 0.2));
    runner->time_ahead_us += 6'000'000;
    EXPECT_FALSE(runner->run_until([&] { return !runner->busy(index); }, 0.2));
    EXPECT_EQ(runner->lines.back(), "nfs: the server does not answer, still waiting");
    runner->time_ahead_us += nfs::Service::answer_limit_us;
    EXPECT_FALSE(runner->run_until([&] { return !runner->busy(index); }, 0.2));
    EXPECT_TRUE(runner->lines.back().starts_with("nfs: no answer")) << runner->lines.back();
    control("continue");
    EXPECT_TRUE(runner->run_until([&] { return !runner->busy(index); }));
    EXPECT_FALSE(request.failed);
    EXPECT_EQ(request.file_status.size, 8u);
    EXPECT_EQ(runner->lines.back(), "nfs: the server answers again");
}

TEST_F(NfsTest, says_that_it_waits_when_the_server_is_absent) {
    control("kill");
    Runner late;
    EXPECT_FALSE(late.run_until([&] { return late.mounts > 0; }, 1.0));
    ASSERT_FALSE(late.lines.empty());
    EXPECT_TRUE(late.lines[0].starts_with("nfs: waiting for 127.0.0.1:")) << late.lines[0];
    control("restart");
    EXPECT_TRUE(late.run_until([&] { return late.mounts > 0; }));
    EXPECT_EQ(late.lines.back(), "nfs: mounted /export");
}

TEST_F(NfsTest, many_requests_at_once_all_get_answers) {
    put("f", pattern(4096));
    const FileHandle file = *open("/f");
    std::vector<Request> requests(500, Request{.operation = Operation::status, .file = file});
    std::vector<std::uint32_t> indexes;
    for (Request& request : requests) indexes.push_back(runner->submit(request));
    EXPECT_TRUE(runner->run_until([&] { return runner->service().active_calls() == 0; }));
    for (const Request& request : requests) EXPECT_EQ(request.file_status.size, 4096u);
    EXPECT_TRUE(close(file));
}

}  // namespace
}  // namespace sos::fs::test
