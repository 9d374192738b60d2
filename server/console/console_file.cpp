// SPDX-License-Identifier: BSD-2-Clause
// ConsoleFile: the console as a File. One object for each time it was opened; the objects come from
// one pool for all processes.
#include <array>
#include <atomic>
#include <memory>

#include "console/console.hpp"
#include "console/input_queue.hpp"
#include "console/output.hpp"
#include "log/log.hpp"

namespace sos::console {

// console.cpp
Output& output();
InputQueue& input();
bool type_ahead();

namespace {

class ConsoleFile final : public fs::File {
  public:
    ConsoleFile(proc::Process& process, fs::OpenMode mode) : File(mode), process_(process) {}

    Result<std::size_t> read(std::uint64_t, std::span<const fs::IoBuffer> into) override;
    Result<std::size_t> write(std::uint64_t, std::span<const fs::IoBuffer> from) override;
    Result<fs::Appended> append(std::span<const fs::IoBuffer> from) override {
        return fs::Appended{.bytes = TRY(write(0, from)), .position = 0};
    }
    Result<abi::FileStatus> status() override { return console::status(); }
    Result<void> truncate(std::uint64_t) override { return std::unexpected(Error::bad_argument); }
    Result<void> sync() override { return {}; }
    Result<std::size_t> read_directory(std::uint64_t, std::span<std::byte>) override {
        return std::unexpected(Error::not_directory);
    }
    bool seekable() const override { return false; }
    bool terminal() const override { return true; }
    bool read_ended() const override { return line_ended_; }

  private:
    Result<void> close() override;
    Result<std::size_t> await_input(std::size_t size);
    Result<void> await(proc::Event event, std::uint64_t seen);
    Result<void> write_all(std::span<const fs::IoBuffer> from, std::size_t& done);

    proc::Process& process_;
    bool line_ended_ = false;  // by the last byte that was read
};

/// Fixed storage; a bit for each object in use, set by whoever takes it.
class FilePool {
  public:
    static constexpr std::size_t capacity = 2048;

    ConsoleFile* take() {
        for (std::size_t word = 0; word < used_.size(); ++word) {
            std::uint64_t bits = used_[word].load(std::memory_order_relaxed);
            while (~bits != 0) {
                const std::uint64_t lowest = ~bits & (bits + 1);
                if (!used_[word].compare_exchange_weak(bits, bits | lowest)) continue;
                return place(word * 64 + static_cast<std::size_t>(__builtin_ctzll(lowest)));
            }
        }
        return nullptr;
    }
    void give(ConsoleFile* file) {
        const auto index = static_cast<std::size_t>(file - place(0));
        used_[index / 64].fetch_and(~(std::uint64_t{1} << (index % 64)));
    }

  private:
    ConsoleFile* place(std::size_t index) {
        return reinterpret_cast<ConsoleFile*>(storage_) + index;
    }
    std::array<std::atomic<std::uint64_t>, capacity / 64> used_{};
    alignas(ConsoleFile) std::byte storage_[capacity * sizeof(ConsoleFile)]{};
};

constinit FilePool pool;

/// When a burst that was too fast is over, which the reader knows when it has caught up.
void report_lost_input(InputQueue& queue) {
    const std::uint64_t lost = queue.take_lost();
    if (lost > 0) log::warn<log::Area::console>("{} typed bytes were lost", lost);
}

Result<void> ConsoleFile::close() {
    if (mode().readable) {
        report_lost_input(input());
        input().close();
        process_.pm().release_console();
    }
    std::destroy_at(this);
    pool.give(this);
    return {};
}

/// How many bytes there are for a read of this size, once it is complete.
Result<std::size_t> ConsoleFile::await_input(std::size_t size) {
    for (;;) {
        const std::uint64_t seen = proc::event_count(proc::Event::input);
        const std::size_t ready = input().ready(size);
        if (ready > 0) return ready;
        report_lost_input(input());
        TRY(await(proc::Event::input, seen));
    }
}

/// Until the event is raised (again), unless this file or process does not wait.
Result<void> ConsoleFile::await(proc::Event event, std::uint64_t seen) {
    if (process_.ending()) return std::unexpected(Error::cancelled);
    if (mode().non_blocking) return std::unexpected(Error::would_block);
    return process_.pm().await_event(event, seen);
}

Result<std::size_t> ConsoleFile::read(std::uint64_t, std::span<const fs::IoBuffer> into) {
    const std::size_t size = fs::total_size(into);
    std::size_t done = 0;
    const Result<std::size_t> ready =
        size == 0 ? Result<std::size_t>(std::size_t{0}) : await_input(size);
    if (ready) {
        for (const fs::IoBuffer& buffer : into) {
            const std::size_t piece = std::min(buffer.size, *ready - done);
            done += input().take({reinterpret_cast<std::uint8_t*>(buffer.data), piece});
            if (piece > 0) line_ended_ = buffer.data[piece - 1] == std::byte{'\n'};
        }
    }
    fs::release_pins(into);
    if (!ready) return std::unexpected(ready.error());
    return done;
}

Result<void> ConsoleFile::write_all(std::span<const fs::IoBuffer> from, std::size_t& done) {
    for (const fs::IoBuffer& buffer : from) {
        std::span<const std::byte> rest{buffer.data, buffer.size};
        while (!rest.empty()) {
            const std::uint64_t seen = proc::event_count(proc::Event::output);
            const std::size_t written = output().write(process_.id(), rest);
            done += written;
            rest = rest.subspan(written);
            if (rest.empty()) break;
            TRY(await(proc::Event::output, seen));
        }
    }
    return {};
}

Result<std::size_t> ConsoleFile::write(std::uint64_t, std::span<const fs::IoBuffer> from) {
    std::size_t done = 0;
    const Result<void> written = write_all(from, done);
    fs::release_pins(from);
    const bool part = done > 0 && mode().non_blocking;
    if (!written && !part) return std::unexpected(written.error());
    return done;
}

}  // namespace

Result<fs::FileRef> open(proc::Process& process, fs::OpenMode mode) {
    ConsoleFile* const place = pool.take();
    if (place == nullptr) return std::unexpected(Error::too_many_files);
    if (mode.readable) {
        const Result<void> turn = process.pm().acquire_console(
            mode.non_blocking ? proc::Blocking::no : proc::Blocking::yes);
        if (!turn) {
            pool.give(place);
            return std::unexpected(turn.error());
        }
        input().open(!type_ahead());
    }
    return fs::FileRef(std::construct_at(place, process, mode));
}

void end_turn(const proc::Process& process) {
    output().end_turn(process.id());
}

Result<void> open_standard_files(proc::Process& process) {
    fs::FileRef file = TRY(open(process, {.readable = false, .writable = true}));
    fs::FileRef second = file.share();
    TRY(process.files().insert_at(1, std::move(file)));
    return process.files().insert_at(2, std::move(second));
}

bool is_console(std::string_view path) {
    return path == "/console";
}

abi::FileStatus status() {
    constexpr std::uint32_t character_device = 0020000;
    abi::FileStatus status{};
    status.mode = character_device | 0600;
    status.links = 1;
    status.type = abi::FileType::special;
    status.block_size = 1024;
    return status;
}

}  // namespace sos::console
