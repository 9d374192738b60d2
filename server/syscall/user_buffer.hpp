// SPDX-License-Identifier: BSD-2-Clause
// A program's memory is no pointer: these functions look every page up in its address space, with
// the rights that the access needs, and hold it by a pin while they touch it. Addresses and lengths
// may be anything; what is not there, or not so, is Error::bad_address.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "error.hpp"
#include "fs/io_buffer.hpp"
#include "proc/process.hpp"
#include "syscall/user_range.hpp"

namespace sos::syscall {

Result<void> copy_in(proc::Process& process, std::uint64_t from, std::span<std::byte> to);
Result<void> copy_out(proc::Process& process, std::span<const std::byte> from, std::uint64_t to);

template <typename T>
Result<void> copy_out(proc::Process& process, const T& value, std::uint64_t to) {
    return copy_out(process, std::as_bytes(std::span(&value, 1)), to);
}

/// A string up to its NUL, at most into.size() bytes with it: else name_too_long.
Result<std::string_view> copy_string(proc::Process& process, std::uint64_t from,
                                     std::span<char> into);

/// Pinned pieces of a program's buffer, for one transfer (fs::IoBuffer). They hold their pins until
/// hand_over(), which passes them to whoever performs the transfer.
class [[nodiscard]] PinnedPieces {
  public:
    PinnedPieces() = default;
    PinnedPieces(PinnedPieces&& other) noexcept
        : pieces_(other.pieces_), count_(std::exchange(other.count_, 0)) {}
    PinnedPieces& operator=(PinnedPieces&&) = delete;
    ~PinnedPieces() { fs::release_pins({pieces_.data(), count_}); }

    /// Up to `size` bytes, which is at most fs::max_io_bytes: as much as can be pinned together
    /// now. `held`: so many pins of this transfer are held already; if any are, nobody waits, and
    /// there may be nothing in the result.
    static Result<PinnedPieces> pin(proc::Process& process, std::uint64_t address, std::size_t size,
                                    vm::Access access, std::size_t held = 0);

    std::span<const fs::IoBuffer> pieces() const { return {pieces_.data(), count_}; }
    std::size_t size() const { return fs::total_size({pieces_.data(), count_}); }

    /// Valid as long as this object.
    std::span<const fs::IoBuffer> hand_over() { return {pieces_.data(), std::exchange(count_, 0)}; }

  private:
    std::array<fs::IoBuffer, fs::max_io_buffers> pieces_{};
    std::size_t count_ = 0;
};

/// Moves a buffer of any size in transfers of at most fs::max_io_bytes: `move(pieces)` gives the
/// bytes moved, and ends the whole by giving fewer than it was asked for. An error after some bytes
/// were moved is not reported: it is left in `late`, or the next call meets it again.
template <typename Move>
Result<std::size_t> transfer(proc::Process& process, std::uint64_t address, std::uint64_t size,
                             vm::Access access, Move&& move, std::optional<Error>* late = nullptr) {
    if (!in_user_half(address, size)) return std::unexpected(Error::bad_address);
    std::size_t done = 0;
    while (done < size) {
        const std::size_t piece = std::min<std::uint64_t>(size - done, fs::max_io_bytes);
        Result<PinnedPieces> pinned = PinnedPieces::pin(process, address + done, piece, access);
        const std::size_t asked = pinned ? pinned->size() : 0;
        const Result<std::size_t> moved =
            pinned ? move(pinned->hand_over()) : std::unexpected(pinned.error());
        if (!moved) {
            if (done > 0 && moved.error() != Error::cancelled) {
                if (late != nullptr && pinned) *late = moved.error();
                return done;
            }
            return std::unexpected(moved.error());
        }
        done += *moved;
        if (*moved < asked || process.ending()) break;
        process.end_turn_if_over();
    }
    return done;
}

}  // namespace sos::syscall
