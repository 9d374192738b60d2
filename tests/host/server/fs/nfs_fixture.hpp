// SPDX-License-Identifier: BSD-2-Clause
// Runs the NFS service against a real server, which nfs_test.py has started: SOS_NFS_SERVER is its
// ADDRESS:NFSPORT:MOUNTPORT, SOS_NFS_FOLDER the folder it exports as /export, and SOS_NFS_CONTROL
// two descriptors, by which the script is asked to stop, continue, kill or restart it.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "fs/nfs/service.hpp"

namespace sos::fs::test {

inline std::uint64_t now_us() {
    using namespace std::chrono;
    return static_cast<std::uint64_t>(
        duration_cast<microseconds>(steady_clock::now().time_since_epoch()).count());
}

/// The service in its event loop, as the file server's thread runs it.
class Runner final : public nfs::Host {
  public:
    static constexpr std::size_t cache_pages = 1024;

    Runner()
        : files_(max_open_files),
          nodes_(max_open_files + nfs::Service::max_closed_files),
          chunks_(4 * 1024 * 1024),
          pages_(cache_pages),
          cache_(cache_pages * nfs::cache_page_size) {
        int address[4];
        int nfs_port;
        int mount_port;
        const char* text = std::getenv("SOS_NFS_SERVER");
        if (text == nullptr || std::sscanf(text, "%d.%d.%d.%d:%d:%d", &address[0], &address[1],
                                           &address[2], &address[3], &nfs_port, &mount_port) != 6) {
            return;
        }
        platform::NfsLocation location;
        for (int part : address) {
            location.server.value = location.server.value << 8 | static_cast<std::uint32_t>(part);
        }
        location.nfs_port = static_cast<std::uint16_t>(nfs_port);
        location.mount_port = static_cast<std::uint16_t>(mount_port);
        location.export_path = "/export";
        service_.start(location, "pagefile",
                       {.open_files = files_,
                        .nodes = nodes_,
                        .directories = chunks_,
                        .pages = pages_,
                        .cache = cache_});
    }

    static bool available() { return std::getenv("SOS_NFS_SERVER") != nullptr; }

    /// Runs until `done`; false after ten seconds.
    bool run_until(const std::function<bool()>& done, double seconds = 10.0) {
        const std::uint64_t end = now_us() + static_cast<std::uint64_t>(seconds * 1e6);
        while (!done()) {
            if (now_us() >= end) return false;
            if (service_.run(now_us() + time_ahead_us)) continue;
            int wait_ms = 20;
            if (const auto deadline = service_.deadline_us()) {
                const std::uint64_t now = now_us() + time_ahead_us;
                wait_ms = *deadline <= now ? 0
                                           : static_cast<int>(std::min<std::uint64_t>(
                                                 20, (*deadline - now) / 1000 + 1));
            }
            if (socket_ >= 0) {
                pollfd entry{socket_, wanted_, 0};
                ::poll(&entry, 1, wait_ms);
            } else {
                ::poll(nullptr, 0, wait_ms);
            }
        }
        return true;
    }

    /// Starts a request under a free index, its answer to be waited for with run_until.
    std::uint32_t submit(Request& request) {
        std::uint32_t index = 0;
        while (busy_[index]) ++index;
        busy_[index] = true;
        service_.submit(index, request);
        return index;
    }
    bool busy(std::uint32_t index) const { return busy_[index]; }

    Result<std::uint64_t> perform(Request& request) {
        const std::uint32_t index = submit(request);
        EXPECT_TRUE(run_until([&] { return !busy(index); })) << "no answer";
        if (request.failed) return std::unexpected(request.error);
        return request.value;
    }

    nfs::Service& service() { return service_; }
    /// RPCs sent so far.
    std::uint64_t rpcs() const { return service_.rpcs(); }
    std::vector<std::string> lines;
    int mounts = 0;
    std::uint64_t time_ahead_us = 0;  // how much the service's clock is ahead of the real one

  private:
    void answered(std::uint32_t index) override { busy_[index] = false; }
    void mounted() override { ++mounts; }
    int ready_events(int socket, int wanted) override {
        socket_ = socket;
        wanted_ = static_cast<short>(wanted);
        pollfd entry{socket, wanted_, 0};
        return ::poll(&entry, 1, 0) > 0 ? entry.revents : 0;
    }
    void announce(std::string_view line) override { lines.emplace_back(line); }

    std::vector<nfs::OpenFile> files_;
    std::vector<nfs::Node> nodes_;
    std::vector<std::byte> chunks_;
    std::vector<nfs::CachePage> pages_;
    std::vector<std::byte> cache_;
    bool busy_[nfs::Service::max_calls]{};
    int socket_ = -1;
    short wanted_ = 0;
    nfs::Service service_{*this};
};

class NfsTest : public ::testing::Test {
  protected:
    void SetUp() override {
        if (!Runner::available()) GTEST_SKIP() << "started without nfs_test.py";
        folder = std::getenv("SOS_NFS_FOLDER");
        for (const auto& entry : std::filesystem::directory_iterator(folder)) {
            std::filesystem::remove_all(entry.path());
        }
        runner = std::make_unique<Runner>();
        ASSERT_TRUE(runner->run_until([this] { return runner->mounts == 1; }));
    }
    void TearDown() override {
        if (runner == nullptr) return;
        EXPECT_EQ(runner->service().active_calls(), 0u);
        EXPECT_EQ(runner->service().open_files(), 0u);
    }

    void put(const std::string& name, const std::string& text) const {
        std::ofstream(folder / name, std::ios::binary) << text;
    }
    std::string get(const std::string& name) const {
        std::ifstream file(folder / name, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }

    Result<FileHandle> open(std::string_view path, std::uint64_t flags = 0,
                            std::uint32_t mode = 0644) {
        Request request{.operation = Operation::open, .path = path, .flags = flags, .mode = mode};
        request.follow_links = (flags & abi::open_flags::no_follow) == 0;
        TRY(runner->perform(request));
        return request.opened;
    }
    Result<void> close(FileHandle file) {
        Request request{.operation = Operation::close, .file = file};
        TRY(runner->perform(request));
        return {};
    }
    Result<void> sync(FileHandle file) {
        Request request{.operation = Operation::sync, .file = file};
        TRY(runner->perform(request));
        return {};
    }
    Result<std::size_t> transfer(Operation operation, FileHandle file, std::uint64_t offset,
                                 std::string& data, std::size_t piece = 4096) {
        std::vector<IoBuffer> buffers;
        for (std::size_t at = 0; at < data.size(); at += piece) {
            buffers.push_back({reinterpret_cast<std::byte*>(data.data() + at),
                               std::min(piece, data.size() - at), no_pin});
        }
        Request request{.operation = operation, .file = file, .offset = offset};
        request.buffers = buffers;
        const Result<std::uint64_t> done = runner->perform(request);
        position = request.position;
        return done;
    }
    Result<std::string> read(FileHandle file, std::uint64_t offset, std::size_t size) {
        std::string data(size, '?');
        data.resize(TRY(transfer(Operation::read, file, offset, data)));
        return data;
    }
    Result<std::size_t> write(FileHandle file, std::uint64_t offset, std::string data) {
        return transfer(Operation::write, file, offset, data);
    }
    /// A request with nothing but paths, flags and mode.
    Result<std::uint64_t> simple(Operation operation, std::string_view path, std::uint32_t mode = 0,
                                 std::string_view second = {}) {
        Request request{.operation = operation, .path = path, .second_path = second, .mode = mode};
        const auto result = runner->perform(request);
        status = request.file_status;
        return result;
    }
    /// Asks the script: "stop", "continue", "kill" or "restart".
    static void control(const std::string& word) {
        int request_fd;
        int answer_fd;
        ASSERT_EQ(std::sscanf(std::getenv("SOS_NFS_CONTROL"), "%d,%d", &request_fd, &answer_fd), 2);
        const std::string line = word + "\n";
        ASSERT_EQ(::write(request_fd, line.data(), line.size()), ssize_t(line.size()));
        char answer;
        ASSERT_EQ(::read(answer_fd, &answer, 1), 1);
    }

    std::filesystem::path folder;
    std::unique_ptr<Runner> runner;
    std::uint64_t position = 0;
    abi::FileStatus status{};
};

}  // namespace sos::fs::test
