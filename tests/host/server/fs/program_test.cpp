// SPDX-License-Identifier: BSD-2-Clause
// Programs that are started again and again, against a real server: no RPC while nothing has
// changed, changes by SOS seen at once, those by others soon.
#include <filesystem>

#include "nfs_fixture.hpp"

namespace sos::fs::test {
namespace {

namespace flags = abi::open_flags;
namespace files = std::filesystem;

class ProgramTest : public NfsTest {
  protected:
    void put_program(const std::string& name, const std::string& text) {
        put(name, text);
        files::permissions(folder / name, files::perms(0755));
    }
    Result<FileHandle> open_program(std::string_view path, std::uint64_t more = open_if_known) {
        Request request{
            .operation = Operation::open, .path = path, .flags = open_to_execute | more};
        TRY(runner->perform(request));
        status = request.file_status;
        return request.opened;
    }
    nfs::Fingerprint version() const {
        const auto word = [](std::int64_t ns) {
            const auto time = static_cast<std::uint64_t>(ns);
            return time / 1'000'000'000 << 32 | time % 1'000'000'000;
        };
        return {status.size, word(status.mtime_ns), word(status.ctime_ns)};
    }
    /// Opens it, reads its first bytes, as for the headers, and closes it.
    std::string start(std::string_view path) {
        const Result<FileHandle> file = open_program(path);
        if (!file) return "";
        const std::string text = *read(*file, 0, 4096);
        EXPECT_TRUE(close(*file));
        return text;
    }
    template <typename Function>
    std::uint64_t rpcs(Function&& function) {
        const std::uint64_t before = runner->rpcs();
        function();
        return runner->rpcs() - before;
    }
};

TEST_F(ProgramTest, started_again_it_needs_no_rpc) {
    files::create_directories(folder / "a" / "b");
    put_program("a/b/p", "program");
    // What is known of names has a short life: on a slow machine some tries come too late.
    std::uint64_t least = ~std::uint64_t{0};
    for (int tries = 0; tries < 10 && least > 0; ++tries) {
        EXPECT_EQ(start("/a/b/p"), "program");
        least = std::min(least, rpcs([&] { EXPECT_EQ(start("/a/b/p"), "program"); }));
    }
    EXPECT_EQ(least, 0u);
    EXPECT_EQ(status.size, 7u);
    EXPECT_EQ(status.mode & 0777, 0755u);
    // Whoever opens it as a file asks.
    EXPECT_EQ(rpcs([&] { EXPECT_TRUE(close(*open("/a/b/p"))); }), 3u);
    EXPECT_EQ(rpcs([&] { EXPECT_TRUE(close(*open_program("/a/b/p", 0))); }), 3u);
}

TEST_F(ProgramTest, what_others_change_is_seen_within_the_names_life) {
    put_program("p", "old");
    EXPECT_EQ(start("/p"), "old");
    put_program("p", "newer");
    EXPECT_EQ(start("/p"), "old");
    runner->time_ahead_us += nfs::NameCache::life_us;
    EXPECT_FALSE(runner->run_until([] { return false; }, 0.01));  // so that it sees the time
    EXPECT_EQ(start("/p"), "newer");
}

TEST_F(ProgramTest, an_ordinary_open_tells_of_a_change_at_once) {
    put_program("p", "old");
    EXPECT_EQ(start("/p"), "old");
    put_program("p", "newer");
    EXPECT_TRUE(close(*open("/p")));
    EXPECT_EQ(start("/p"), "newer");
}

TEST_F(ProgramTest, own_changes_are_seen_at_once) {
    put_program("p", "old");
    put_program("q", "other");
    files::create_hard_link(folder / "p", folder / "link");
    EXPECT_EQ(start("/p"), "old");
    EXPECT_EQ(start("/link"), "old");
    const FileHandle file = *open("/p", flags::write_only);
    EXPECT_EQ(*write(file, 0, "new"), 3u);
    EXPECT_EQ(start("/p"), "new");  // not closed, nor synchronised
    EXPECT_EQ(start("/link"), "new");
    EXPECT_TRUE(close(file));

    EXPECT_TRUE(simple(Operation::change_mode, "/p", 0644));
    EXPECT_EQ(open_program("/p").error(), Error::access_denied);
    EXPECT_EQ(open_program("/link").error(), Error::access_denied);
    EXPECT_TRUE(simple(Operation::change_mode, "/p", 0755));
    EXPECT_EQ(start("/p"), "new");

    EXPECT_EQ(start("/q"), "other");
    EXPECT_TRUE(simple(Operation::rename, "/q", 0, "/p"));
    EXPECT_EQ(start("/p"), "other");
    EXPECT_EQ(open_program("/q").error(), Error::not_found);
    EXPECT_TRUE(simple(Operation::unlink, "/p"));
    EXPECT_EQ(open_program("/p").error(), Error::not_found);
}

TEST_F(ProgramTest, changes_of_a_caller_that_was_cancelled_count) {
    put_program("p", "program");
    EXPECT_EQ(start("/p"), "program");
    Request request{.operation = Operation::unlink, .path = "/p"};
    request.owner = {.slot = 1, .generation = 7};
    const std::uint32_t index = runner->submit(request);
    runner->service().cancel([](Owner owner) { return owner.generation == 7; });
    EXPECT_FALSE(runner->busy(index));
    EXPECT_TRUE(runner->run_until([&] { return !files::exists(folder / "p"); }));
    // For the answer, which nobody waits for; much less than a name's life.
    EXPECT_FALSE(runner->run_until([] { return false; }, 0.2));
    EXPECT_EQ(open_program("/p").error(), Error::not_found);
}

TEST_F(ProgramTest, the_right_to_execute_is_needed_and_that_to_read_is_not) {
    put_program("p", "program");
    files::permissions(folder / "p", files::perms(0100));
    EXPECT_EQ(start("/p"), "program");
    files::permissions(folder / "p", files::perms(0644));
    EXPECT_EQ(open_program("/p", 0).error(), Error::access_denied);
}

TEST_F(ProgramTest, pages_of_one_version_are_kept_and_told) {
    const std::string text(10'000, 'x');
    put_program("p", text);
    const FileHandle file = *open_program("/p");
    nfs::Service& service = runner->service();
    const nfs::Fingerprint now = version();
    std::vector<std::byte> got(9'000);
    const auto bytes = std::as_bytes(std::span(text));
    EXPECT_FALSE(service.read_cached(file, now, 500, got));
    service.keep_contents(file, now, 400, bytes.subspan(400, 5'000));
    EXPECT_FALSE(service.read_cached(file, now, 500, got));
    service.keep_contents(file, now, 5'400, bytes.subspan(5'400));
    EXPECT_TRUE(service.read_cached(file, now, 500, got));
    EXPECT_EQ(got, std::vector<std::byte>(9'000, std::byte{'x'}));
    EXPECT_FALSE(service.read_cached(file, now, 300, got));    // the beginning is not there
    EXPECT_FALSE(service.read_cached(file, now, 1'001, got));  // nor is anything behind the end
    runner->time_ahead_us += nfs::NameCache::life_us;
    EXPECT_FALSE(runner->run_until([] { return false; }, 0.01));
    EXPECT_FALSE(service.read_cached(file, now, 500, got));
    EXPECT_TRUE(close(*open("/p")));  // asks
    EXPECT_TRUE(service.read_cached(file, now, 500, got));
    nfs::Fingerprint other = now;
    ++other.changed;
    EXPECT_FALSE(service.read_cached(file, other, 500, got));
    service.keep_contents(file, other, 0, bytes.first(400));
    EXPECT_FALSE(service.read_cached(file, now, 300, got));
    // What is written is no version of the server's yet.
    const FileHandle writer = *open("/p", flags::write_only);
    EXPECT_EQ(*write(writer, 600, "y"), 1u);
    EXPECT_FALSE(service.read_cached(file, now, 500, got));
    EXPECT_TRUE(close(writer));
    EXPECT_FALSE(service.read_cached(file, now, 500, got));
    EXPECT_TRUE(close(file));
}

}  // namespace
}  // namespace sos::fs::test
