// SPDX-License-Identifier: BSD-2-Clause
#include "root/panic.hpp"

#include "base/assert.hpp"
#include "base/bits.hpp"
#include "log/log.hpp"
#include "sel4/syscalls.hpp"
#include "sync/thread_block.hpp"

namespace sos::root {

namespace {

constinit LineWriter last_writer = write_to_kernel;
constinit bool panicking = false;

/// Two words that a compiler with frame pointers leaves on the stack (AAPCS64 6.4.6).
struct FrameRecord {
    const FrameRecord* previous;
    std::uint64_t return_address;
};

constexpr unsigned max_depth = 32;

// Only addresses that rise within one stack are followed: a damaged chain ends the walk, it does
// not fault again. (A stack is at most a few pages; frames are smaller than that.)
void print_backtrace(std::uint64_t frame) {
    constexpr std::uint64_t largest_step = 256 * 1024;
    for (unsigned depth = 0; depth < max_depth; ++depth) {
        if (frame == 0 || !base::aligned(frame, 8)) return;
        const auto* record = reinterpret_cast<const FrameRecord*>(frame);
        if (record->return_address == 0) return;  // the thread's first function
        log::info<log::Area::sos>("  called from {x}", record->return_address);
        const auto next = reinterpret_cast<std::uint64_t>(record->previous);
        if (next <= frame || next - frame > largest_step) return;
        frame = next;
    }
}

}  // namespace

void set_final_writer(LineWriter writer) {
    last_writer = writer;
}

void halt() {
    set_line_writer(last_writer);
    log::info<log::Area::sos>("halted");
    // A kernel without this call leaves us here; the host ends the machine at the line above.
    for (;;) sel4::debug_halt();
}

void begin_panic(std::string_view reason) {
    set_line_writer(last_writer);
    if (panicking) {
        // What a panic itself uses is broken: no more attempts.
        for (;;) sel4::debug_halt();
    }
    panicking = true;
    log::info<log::Area::sos>("panic: {}", reason);
}

void finish_panic(std::uint64_t frame) {
    print_backtrace(frame);
    halt();
}

}  // namespace sos::root

namespace base {

void panic_handler(const char* message, const char* file, int line) {
    sos::root::begin_panic(message);
    sos::log::info<sos::log::Area::sos>("  at {}:{}", file, line);
    if (const sos::ThreadBlock* const thread = sos::sos_current_thread; thread != nullptr) {
        sos::log::info<sos::log::Area::sos>("  in thread '{}'", thread->name);
    }
    sos::root::finish_panic(reinterpret_cast<std::uint64_t>(__builtin_frame_address(0)));
}

}  // namespace base
