// SPDX-License-Identifier: BSD-2-Clause
// What the cache of the NFS service saves, and what it must not lose, against a real server.
#include <unistd.h>

#include <random>

#include "nfs_fixture.hpp"

namespace sos::fs::test {
namespace {

namespace flags = abi::open_flags;

constexpr std::uint64_t rw = flags::read_write | flags::create;

std::string noise(std::size_t size, std::uint32_t seed = 1) {
    std::string text(size, '\0');
    std::mt19937 random(seed);
    for (char& c : text) c = static_cast<char>(random());
    return text;
}

class NfsCacheTest : public NfsTest {
  protected:
    /// How many RPCs this takes.
    template <typename Function>
    std::uint64_t rpcs(Function&& function) {
        const std::uint64_t before = runner->rpcs();
        function();
        return runner->rpcs() - before;
    }
    /// As a Client does it: with room for views of what comes next.
    std::string read_with_views(FileHandle file, std::uint64_t offset, std::size_t size) {
        std::string data(size, '?');
        const IoBuffer buffer{reinterpret_cast<std::byte*>(data.data()), size, no_pin};
        views.count = 0;
        Request request{.operation = Operation::read, .file = file, .offset = offset};
        request.buffers = {&buffer, 1};
        request.views = &views;
        data.resize(runner->perform(request).value_or(0));
        return data;
    }
    PageViews views{};

    std::string read_whole(FileHandle file, std::size_t piece) {
        std::string all;
        while (true) {
            const std::string some = *read(file, all.size(), piece);
            if (some.empty()) return all;
            all += some;
        }
    }
};

TEST_F(NfsCacheTest, small_reads_in_sequence_cost_few_rpcs) {
    const std::string data = noise(300'000);
    put("f", data);
    const FileHandle file = *open("/f");
    EXPECT_LE(rpcs([&] { EXPECT_TRUE(read_whole(file, 512) == data); }), 8u);
    EXPECT_EQ(rpcs([&] { EXPECT_TRUE(read_whole(file, 4096) == data); }), 0u);
    EXPECT_TRUE(close(file));
    // Opening asks whether the file has changed, and no more.
    FileHandle again{};
    EXPECT_EQ(rpcs([&] { again = *open("/f"); }), 1u);
    EXPECT_EQ(rpcs([&] { EXPECT_TRUE(read_whole(again, 65536) == data); }), 0u);
    EXPECT_TRUE(close(again));
}

TEST_F(NfsCacheTest, what_a_sequential_reader_may_read_without_asking) {
    const std::string data = noise(300'000);
    put("f", data);
    const FileHandle file = *open("/f", rw);
    std::string all;
    std::uint64_t asked = 0;
    while (true) {
        std::string piece(512, '?');
        const IoBuffer buffer{reinterpret_cast<std::byte*>(piece.data()), piece.size(), no_pin};
        if (!views.read(all.size(), {&buffer, 1})) {
            ++asked;
            piece = read_with_views(file, all.size(), 512);
        }
        all += piece;
        if (piece.empty()) break;
    }
    EXPECT_TRUE(all == data);
    EXPECT_LE(asked, 20u);
    EXPECT_TRUE(close(file));
}

TEST_F(NfsCacheTest, views_end_with_what_they_show) {
    const std::string data = noise(100'000);
    put("f", data);
    const FileHandle file = *open("/f", rw);
    std::string piece(100, '?');
    const IoBuffer buffer{reinterpret_cast<std::byte*>(piece.data()), piece.size(), no_pin};
    const auto good = [&](std::uint64_t page) {
        return views.read(page * nfs::cache_page_size, {&buffer, 1});
    };
    const auto take_views = [&] {
        // To the end and from the beginning again, so that all pages are there.
        EXPECT_TRUE(read_whole(file, 16384) == get("f"));
        read_with_views(file, 0, 100);
        read_with_views(file, 100, 100);
        ASSERT_TRUE(good(0) && good(5) && good(10));
    };
    take_views();
    EXPECT_EQ(*write(file, 5 * 4096 + 10, "news"), 4u);
    EXPECT_TRUE(good(4) && !good(5) && good(6)) << "written to";
    EXPECT_TRUE(sync(file));
    take_views();
    Request cut{.operation = Operation::truncate, .file = file, .offset = 6 * 4096 + 1};
    EXPECT_TRUE(runner->perform(cut));
    EXPECT_TRUE(!good(6) && !good(10)) << "cut off";
    EXPECT_TRUE(close(file));
    put("f", data);
    const FileHandle again = *open("/f", rw);
    EXPECT_TRUE(read_whole(again, 16384) == data);
    read_with_views(again, 0, 100);
    read_with_views(again, 100, 100);
    ASSERT_TRUE(good(0));
    ::usleep(20'000);
    put("f", noise(100'000, 2));
    const FileHandle third = *open("/f");
    EXPECT_FALSE(good(0)) << "changed by another client";
    // As many pages of another file as there are in the cache.
    put("g", noise(Runner::cache_pages * nfs::cache_page_size, 3));
    EXPECT_TRUE(read_whole(third, 16384) == get("f"));
    read_with_views(third, 0, 100);
    read_with_views(third, 100, 100);
    ASSERT_TRUE(good(0));
    const FileHandle other = *open("/g");
    EXPECT_EQ(read_whole(other, 65536).size(), Runner::cache_pages * nfs::cache_page_size);
    EXPECT_FALSE(good(0)) << "taken for another file";
    for (const FileHandle each : {again, third, other}) EXPECT_TRUE(close(each));
}

TEST_F(NfsCacheTest, who_reads_here_and_there_gets_no_views) {
    put("f", noise(4 << 20));
    const FileHandle file = *open("/f");
    read_with_views(file, 2'000'000, 100);
    EXPECT_EQ(views.count, 0u);
    read_with_views(file, 1'000'000, 100);
    EXPECT_EQ(views.count, 0u);
    EXPECT_TRUE(close(file));
}

TEST_F(NfsCacheTest, reads_at_random_places_fetch_no_more_than_their_pages) {
    put("f", noise(4 << 20));
    const FileHandle file = *open("/f");
    EXPECT_EQ(rpcs([&] { EXPECT_TRUE(read(file, 2'000'000, 100)); }), 1u);
    EXPECT_EQ(rpcs([&] { EXPECT_TRUE(read(file, 1'000'000, 100)); }), 1u);
    EXPECT_EQ(rpcs([&] { EXPECT_TRUE(read(file, 1'000'200, 100)); }), 0u);
    EXPECT_TRUE(close(file));
}

TEST_F(NfsCacheTest, small_writes_in_sequence_cost_few_rpcs) {
    const std::string data = noise(200'000);
    const FileHandle file = *open("/f", rw);
    EXPECT_LE(rpcs([&] {
                  for (std::size_t at = 0; at < data.size(); at += 512) {
                      EXPECT_EQ(*write(file, at, data.substr(at, 512)),
                                std::min<std::size_t>(512, data.size() - at));
                  }
                  EXPECT_TRUE(sync(file));
              }),
              6u);
    EXPECT_TRUE(get("f") == data);
    EXPECT_EQ(runner->service().unsafe_pages(), 0u);
    // One WRITE that is stable at once needs no COMMIT.
    EXPECT_EQ(rpcs([&] {
                  EXPECT_EQ(*write(file, 100, "changed"), 7u);
                  EXPECT_TRUE(close(file));
              }),
              1u);
    EXPECT_EQ(get("f").substr(100, 7), "changed");
}

TEST_F(NfsCacheTest, programs_see_what_others_have_written_and_not_yet_sent) {
    put("f", noise(20'000));
    const FileHandle a = *open("/f", rw);
    const FileHandle b = *open("/f");
    EXPECT_EQ(*write(a, 5000, "hello"), 5u);
    EXPECT_EQ(*read(b, 5000, 5), "hello");
    EXPECT_EQ(*write(a, 30'000, "behind"), 6u);
    EXPECT_EQ(*read(b, 20'000, 20'000), std::string(10'000, '\0') + "behind");
    Request request{.operation = Operation::status, .file = b};
    EXPECT_TRUE(runner->perform(request));
    EXPECT_EQ(request.file_status.size, 30'006u);
    EXPECT_TRUE(simple(Operation::status_path, "/f"));
    EXPECT_EQ(status.size, 30'006u);
    EXPECT_TRUE(close(a));
    EXPECT_TRUE(close(b));
}

TEST_F(NfsCacheTest, what_another_client_closed_is_seen_at_the_next_open) {
    put("f", "first");
    FileHandle file = *open("/f", rw);
    EXPECT_EQ(*read(file, 0, 10), "first");
    EXPECT_EQ(*write(file, 5, "+"), 1u);
    EXPECT_TRUE(close(file));
    for (int i = 0; i < 5; ++i) {
        ::usleep(20'000);  // the server's clock for times of change ticks more slowly than we work
        const std::string text = "text " + std::to_string(i);
        put("f", text);
        file = *open("/f");
        EXPECT_EQ(*read(file, 0, 100), text);
        EXPECT_TRUE(close(file));
    }
}

TEST_F(NfsCacheTest, own_writes_do_not_empty_the_cache) {
    const std::string data = noise(500'000);
    FileHandle file = *open("/f", rw);
    for (std::size_t at = 0; at < data.size(); at += 50'000) {
        EXPECT_TRUE(write(file, at, data.substr(at, 50'000)));
    }
    EXPECT_TRUE(close(file));
    file = *open("/f");
    EXPECT_EQ(rpcs([&] { EXPECT_TRUE(read_whole(file, 65536) == data); }), 0u);
    EXPECT_TRUE(close(file));
}

TEST_F(NfsCacheTest, parts_of_pages_are_put_together) {
    const std::string data = noise(40'000);
    put("f", data);
    std::string model = data;
    const FileHandle file = *open("/f", rw);
    // Two parts of a page that is not there, with a gap between them.
    for (const std::size_t at : {100u, 3000u, 8200u, 8190u, 39'990u, 41'000u}) {
        const std::string piece = "piece at " + std::to_string(at);
        EXPECT_EQ(*write(file, at, piece), piece.size());
        if (model.size() < at + piece.size()) model.resize(at + piece.size(), '\0');
        model.replace(at, piece.size(), piece);
    }
    EXPECT_TRUE(*read(file, 0, 65536) == model);
    EXPECT_TRUE(close(file));
    EXPECT_TRUE(get("f") == model);
}

TEST_F(NfsCacheTest, truncation_cuts_what_was_not_sent) {
    std::string model = noise(50'000);
    const FileHandle file = *open("/f", rw);
    EXPECT_TRUE(write(file, 0, model));
    for (const std::size_t size : {30'001u, 60'000u, 4096u, 10'000u, 0u, 5u}) {
        Request request{.operation = Operation::truncate, .file = file, .offset = size};
        EXPECT_TRUE(runner->perform(request));
        model.resize(size, '\0');
        EXPECT_TRUE(*read(file, 0, 65536) == model) << size;
        EXPECT_EQ(*write(file, size, "end"), 3u);
        model += "end";
    }
    EXPECT_TRUE(close(file));
    EXPECT_TRUE(get("f") == model);
}

TEST_F(NfsCacheTest, a_restarted_server_is_sent_again_what_it_had_not_committed) {
    const std::string data = noise(400'000);
    const FileHandle file = *open("/f", rw);
    for (std::size_t at = 0; at < 150'000; at += 50'000) {
        EXPECT_TRUE(write(file, at, data.substr(at, 50'000)));
    }
    // Whole runs are at the server already, but nobody has committed them.
    EXPECT_FALSE(runner->run_until([] { return false; }, 0.3));
    EXPECT_EQ(std::filesystem::file_size(folder / "f"), 131'072u);
    control("kill");
    // As if the machine had crashed: what was not committed is gone.
    std::filesystem::resize_file(folder / "f", 0);
    control("restart");
    for (std::size_t at = 150'000; at < data.size(); at += 50'000) {
        EXPECT_TRUE(write(file, at, data.substr(at, 50'000)));
    }
    EXPECT_TRUE(sync(file));
    EXPECT_TRUE(get("f") == data);
    EXPECT_TRUE(close(file));
    EXPECT_EQ(runner->service().unsafe_pages(), 0u);
}

TEST_F(NfsCacheTest, more_than_the_cache_can_hold_goes_through_it) {
    const std::string data = noise(Runner::cache_pages * nfs::cache_page_size * 2);
    const FileHandle file = *open("/f", rw);
    for (std::size_t at = 0; at < data.size(); at += max_io_bytes) {
        ASSERT_EQ(*write(file, at, data.substr(at, max_io_bytes)), max_io_bytes);
        ASSERT_LE(runner->service().unsafe_pages(), Runner::cache_pages / 2);
    }
    EXPECT_TRUE(sync(file));
    EXPECT_TRUE(get("f") == data);
    EXPECT_TRUE(read_whole(file, max_io_bytes) == data);
    EXPECT_TRUE(close(file));
}

TEST_F(NfsCacheTest, a_dead_process_leaves_its_data_to_the_server_and_waits_for_nothing) {
    const FileHandle file = *open("/f", rw);
    EXPECT_EQ(*write(file, 0, "last words"), 10u);
    control("stop");
    Request closing{.operation = Operation::close, .abandon = true, .file = file};
    const auto index = runner->submit(closing);
    EXPECT_FALSE(runner->busy(index));
    control("continue");
    EXPECT_TRUE(runner->run_until([&] { return runner->service().unsafe_pages() == 0; }));
    EXPECT_EQ(get("f"), "last words");
}

TEST_F(NfsCacheTest, what_was_written_goes_to_the_server_after_a_while) {
    const FileHandle file = *open("/f", rw);
    EXPECT_EQ(*write(file, 0, "slowly"), 6u);
    EXPECT_FALSE(runner->run_until([&] { return !get("f").empty(); }, 0.3));
    runner->time_ahead_us += nfs::Service::write_behind_us;
    EXPECT_TRUE(runner->run_until([&] { return runner->service().unsafe_pages() == 0; }));
    EXPECT_EQ(get("f"), "slowly");
    EXPECT_TRUE(close(file));
}

TEST_F(NfsCacheTest, an_error_behind_a_write_is_told_once_to_each_open_file) {
    put("f", "before");
    const FileHandle a = *open("/f", rw);
    const FileHandle b = *open("/f", rw);
    EXPECT_EQ(*write(a, std::uint64_t{1} << 60, "never"), 5u);  // more than a file can hold
    EXPECT_EQ(sync(a).error(), Error::file_too_big);
    EXPECT_TRUE(sync(a));
    EXPECT_EQ(write(b, 0, "x").error(), Error::file_too_big);
    // From now on a write waits for what the server says, until one succeeds.
    EXPECT_EQ(write(b, std::uint64_t{1} << 60, "y").error(), Error::file_too_big);
    EXPECT_EQ(close(a).error(), Error::file_too_big);
    EXPECT_EQ(*write(b, 6, "+"), 1u);
    EXPECT_EQ(get("f"), "before+");
    EXPECT_EQ(*read(b, 0, 100), "before+");
    EXPECT_TRUE(close(b));
    EXPECT_EQ(runner->service().unsafe_pages(), 0u);
}

TEST_F(NfsCacheTest, a_file_that_is_removed_while_it_is_open_lives_on) {
    std::string model = noise(100'000);
    put("f", model);
    put("g", "replacement");
    const FileHandle a = *open("/f", rw);
    EXPECT_EQ(*write(a, 5, "written before"), 14u);
    EXPECT_TRUE(simple(Operation::unlink, "/f"));
    EXPECT_EQ(simple(Operation::unlink, "/f").error(), Error::not_found);
    EXPECT_EQ(open("/f").error(), Error::not_found);
    EXPECT_EQ(*write(a, 50, "written behind"), 14u);
    model.replace(5, 14, "written before");
    model.replace(50, 14, "written behind");
    EXPECT_TRUE(sync(a));
    EXPECT_TRUE(*read(a, 0, 65536) == model.substr(0, 65536));
    Request request{.operation = Operation::status, .file = a};
    EXPECT_TRUE(runner->perform(request));
    EXPECT_EQ(request.file_status.links, 0u);
    // The same by rename, with a new file of the name.
    put("f", "second");
    const FileHandle b = *open("/f");
    EXPECT_TRUE(simple(Operation::rename, "/g", 0, "/f"));
    EXPECT_EQ(get("f"), "replacement");
    EXPECT_EQ(*read(b, 0, 100), "second");
    EXPECT_EQ(simple(Operation::rename, "/none", 0, "/f").error(), Error::not_found);
    EXPECT_TRUE(close(a));
    EXPECT_TRUE(close(b));
    const auto names = [&] {
        return std::distance(std::filesystem::directory_iterator(folder), {});
    };
    EXPECT_TRUE(runner->run_until([&] { return names() == 1; }));
}

TEST_F(NfsCacheTest, many_files_are_written_and_read_at_once) {
    std::vector<FileHandle> files;
    std::vector<std::string> contents;
    for (int i = 0; i < 64; ++i) {
        files.push_back(*open("/f" + std::to_string(i), rw));
        contents.push_back(noise(100'000, static_cast<std::uint32_t>(i)));
    }
    for (std::size_t at = 0; at < 100'000; at += 20'000) {
        for (int i = 0; i < 64; ++i) {
            ASSERT_EQ(*write(files[i], at, contents[i].substr(at, 20'000)), 20'000u);
        }
    }
    for (int i = 0; i < 64; ++i) {
        EXPECT_TRUE(read_whole(files[i], 7000) == contents[i]);
        EXPECT_TRUE(close(files[i]));
        EXPECT_TRUE(get("f" + std::to_string(i)) == contents[i]);
    }
}

/// Random operations by several "processes" on shared files, against a model in memory; the
/// server is killed and started again in between.
TEST_F(NfsCacheTest, random_operations_agree_with_a_model) {
    constexpr int count = 4;
    constexpr std::size_t most = 300'000;
    std::mt19937 random(7);
    const auto below = [&](std::size_t bound) { return random() % bound; };
    std::vector<std::string> model(count);
    std::vector<FileHandle> files;
    const auto name = [](int i) { return "m" + std::to_string(i); };
    for (int i = 0; i < count; ++i) files.push_back(*open("/" + name(i), rw));
    for (int step = 0; step < 900; ++step) {
        const auto i = static_cast<int>(below(count));
        std::string& text = model[static_cast<std::size_t>(i)];
        FileHandle& file = files[static_cast<std::size_t>(i)];
        const std::size_t at = below(most);
        const std::size_t size = 1 + below(below(4) == 0 ? max_io_bytes : 3000);
        switch (below(8)) {
            case 0:
            case 1:
            case 2: {
                const std::string piece = noise(size, static_cast<std::uint32_t>(step));
                ASSERT_EQ(*write(file, at, piece), size);
                if (text.size() < at + size) text.resize(at + size, '\0');
                text.replace(at, size, piece);
                break;
            }
            case 3:
            case 4:
                ASSERT_TRUE(*read(file, at, size) ==
                            (at < text.size() ? text.substr(at, size) : std::string()))
                    << "step " << step;
                break;
            case 5: {
                std::string piece = noise(size, static_cast<std::uint32_t>(step));
                if (text.size() + size > most) break;
                ASSERT_EQ(*transfer(Operation::append, file, 0, piece), size);
                ASSERT_EQ(position, text.size() + size);
                text += piece;
                break;
            }
            case 6: {
                if (below(4) != 0) break;
                Request request{.operation = Operation::truncate, .file = file, .offset = at};
                ASSERT_TRUE(runner->perform(request));
                text.resize(at, '\0');
                break;
            }
            default:
                if (below(3) != 0) break;
                ASSERT_TRUE(close(file));
                ASSERT_TRUE(get(name(i)) == text) << "step " << step;
                file = *open("/" + name(i), rw);
        }
        if (step % 300 == 150) {
            control("kill");
            control("restart");
        }
    }
    for (int i = 0; i < count; ++i) {
        EXPECT_TRUE(close(files[static_cast<std::size_t>(i)]));
        EXPECT_TRUE(get(name(i)) == model[static_cast<std::size_t>(i)]);
    }
    EXPECT_EQ(runner->service().unsafe_pages(), 0u);
}

}  // namespace
}  // namespace sos::fs::test
