// SPDX-License-Identifier: BSD-2-Clause
#include "syscall/console_write.hpp"

#include <algorithm>

#include "console/whole_lines.hpp"
#include "syscall/user_buffer.hpp"

namespace sos::syscall {

namespace {

/// One turn: what of the next `size` bytes of a text goes in it, and how many of these were
/// written.
struct Turn {
    std::size_t size = 0;
    Result<std::size_t> written = std::size_t{0};
};

Turn write_turn(proc::Process& process, fs::File& console, const TextRoom& room,
                std::uint64_t address, std::uint64_t size) {
    std::span<std::byte> text = room.bytes().first(std::min<std::uint64_t>(size, TextRoom::size));
    if (const Result<void> copied = copy_in(process, address, text); !copied)
        return {.written = std::unexpected(copied.error())};
    if (text.size() < size) text = text.first(console::whole_lines(text));
    const fs::IoBuffer piece{.data = text.data(), .size = text.size()};
    Turn turn{.size = text.size(), .written = console.write_next({&piece, 1})};
    console::end_turn(process);
    return turn;
}

}  // namespace

Result<std::size_t> write_to_console(proc::Process& process, fs::File& console,
                                     std::uint64_t address, std::uint64_t size) {
    if (!in_user_half(address, size)) return std::unexpected(Error::bad_address);
    if (size == 0) return std::size_t{0};
    const TextRoom room = TRY(TextRoom::take());
    std::uint64_t done = 0;
    while (done < size) {
        const Turn turn = write_turn(process, console, room, address + done, size - done);
        if (!turn.written) {
            if (done > 0 && turn.written.error() != Error::cancelled) break;
            return turn.written;
        }
        done += *turn.written;
        if (*turn.written < turn.size || process.ending()) break;
        process.end_turn_if_over();
    }
    return done;
}

}  // namespace sos::syscall
