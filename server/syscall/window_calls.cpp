// SPDX-License-Identifier: BSD-2-Clause
// System calls that arm windows on files (abi/file_window.hpp). Whatever is in the way of a window,
// they do what the plain calls do.
#include <algorithm>
#include <array>

#include "syscall/calls.hpp"
#include "syscall/descriptors.hpp"
#include "syscall/user_buffer.hpp"

namespace sos::syscall {

namespace {

/// What a program wants, read once: others may write to its memory, too, if it shares it.
struct Wanted {
    std::uint64_t data = 0;
    std::size_t capacity = 0;
};

Wanted wanted(const abi::FileWindow& record) {
    return {.data = __atomic_load_n(&record.data, __ATOMIC_RELAXED),
            .capacity = std::min(__atomic_load_n(&record.capacity, __ATOMIC_RELAXED),
                                 abi::max_file_window)};
}

/// The position moves on by what the program has used of its window.
Result<void> settle(fs::File& file, abi::FileWindow& record) {
    const std::uint64_t used = __atomic_exchange_n(&record.used, 0, __ATOMIC_RELAXED);
    if (used > abi::max_file_window) return std::unexpected(Error::bad_argument);
    file.set_position(file.position() + used);
    return {};
}

/// Who copies by itself must know what it may touch, since a fault in its own copy is its end.
void tell_range(Process& process, std::uint64_t address, std::uint64_t size, vm::Access access,
                abi::FileWindow& record) {
    const auto region = process.space().region_around(base::VAddr{address}, access);
    const bool inside = region && size <= region->end - base::VAddr{address};
    record.range_begin = inside ? region->start.raw() : 0;
    record.range_end = inside ? region->end.raw() : 0;
}

/// The record of a call that may arm a window: told what the call's buffer is in, and the position
/// moved on. Null when there can be none.
Result<abi::FileWindow*> begin(Process& process, fs::File& file, const Arguments& in,
                               vm::Access access) {
    if (!file.seekable()) return nullptr;
    abi::FileWindow* const record = TRY(process.windows().record(process.space(), in[3]));
    if (record == nullptr) return nullptr;
    record->filled = 0;
    TRY(settle(file, *record));
    tell_range(process, in[1], in[2], access, *record);
    return record;
}

bool may_arm(const fs::File& file, std::uint64_t size, const Wanted& window) {
    return window.capacity > 0 && size > 0 && size <= abi::max_windowed_transfer && !file.shared();
}

/// The pages of a write window: as many as can be pinned now. The pins are given back unless the
/// window was armed.
class WindowPins {
  public:
    WindowPins(Process& process, const Wanted& want) {
        if (want.data % vm::page_size != 0) return;
        while ((count_ + 1) * vm::page_size <= want.capacity) {
            const base::VAddr at{want.data + count_ * vm::page_size};
            const Result<std::uint64_t> pin = process.space().pin_for_window(at, vm::Access::write);
            if (!pin) return;
            pages_[count_++] = {vm::transfer_data(*pin), vm::page_size, *pin};
        }
    }
    WindowPins(const WindowPins&) = delete;
    WindowPins& operator=(const WindowPins&) = delete;
    ~WindowPins() { fs::release_pins(pages()); }

    std::span<const fs::IoBuffer> pages() const { return {pages_.data(), count_}; }
    void handed_over() { count_ = 0; }

  private:
    std::array<fs::IoBuffer, fs::max_window_pages> pages_{};
    std::size_t count_ = 0;
};

}  // namespace

namespace calls {

UserReply read_window(Process& process, const Arguments& in) {
    fs::File* const file = TRY(readable(process, in[0]));
    abi::FileWindow* const record = TRY(begin(process, *file, in, vm::Access::write));
    if (record == nullptr) return read(process, in);
    const Wanted want = wanted(*record);
    if (!may_arm(*file, in[2], want)) return read(process, in);

    PinnedPieces into = TRY(PinnedPieces::pin(process, in[1], in[2], vm::Access::write));
    if (into.size() < in[2]) {
        static_cast<void>(PinnedPieces(std::move(into)));
        return read(process, in);
    }
    const PinnedPieces window_pages = TRY(PinnedPieces::pin(
        process, want.data, want.capacity, vm::Access::write, into.pieces().size()));
    fs::ReadWindow window{.state = {&record->state, process.windows().next_state()},
                          .into = window_pages.pieces()};
    const std::size_t bytes = TRY(file->read_next_and_arm(into.hand_over(), window));
    record->filled = static_cast<std::uint32_t>(window.filled);
    return UserReply::success(bytes);
}

UserReply write_window(Process& process, const Arguments& in) {
    fs::File* const file = TRY(writable(process, in[0]));
    abi::FileWindow* const record = TRY(begin(process, *file, in, vm::Access::read));
    if (record == nullptr) return write(process, in);
    if (in[2] == 0) return UserReply::success(TRY(file->write(file->position(), {})));
    const Wanted want = wanted(*record);
    if (!may_arm(*file, in[2], want)) return write(process, in);

    PinnedPieces from = TRY(PinnedPieces::pin(process, in[1], in[2], vm::Access::read));
    if (from.size() < in[2]) {
        static_cast<void>(PinnedPieces(std::move(from)));
        return write(process, in);
    }
    TRY(file->take_error());
    WindowPins pins(process, want);
    fs::WriteWindow window{.state = {&record->state, process.windows().next_state()},
                           .pages = pins.pages()};
    const std::size_t bytes = TRY(file->write_next_and_arm(from.hand_over(), window));
    if (window.armed) {
        record->filled = static_cast<std::uint32_t>(fs::total_size(pins.pages()));
        pins.handed_over();
    }
    return UserReply::success(bytes);
}

}  // namespace calls

}  // namespace sos::syscall
