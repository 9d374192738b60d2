// SPDX-License-Identifier: BSD-2-Clause
#include "windows.hpp"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <utility>

#include "abi/file_window.hpp"
#include "call.hpp"
#include "memory_ranges.hpp"

namespace sosapi::windows {
namespace {

using abi::FileWindow;
using abi::SosSyscall;

constexpr unsigned window_count = 4;
constexpr unsigned first_file = 3;    // those below are the console's
constexpr unsigned file_count = 256;  // descriptors from here on have no windows
constexpr std::uint8_t least_streak = 2;
constexpr std::uint8_t most_streak = 128;

enum class Kind : std::uint8_t { read, write };

/// What a window is used for.
struct Use {
    int file = 0;  // 0: nobody has it
    Kind kind = Kind::read;
    std::uint32_t filled = 0;
    std::uint32_t used = 0;
    std::uint32_t settled = 0;  // of `used`: the position of the open file counts it
    std::uint32_t asked = 0;    // when, in calls
    std::uint64_t armed = 0;    // state of a write window with nothing in it
};

/// In one page, which SOS pins with the first window.
struct alignas(2048) State {
    FileWindow records[window_count];
    Use uses[window_count];
    std::uint8_t window_of[file_count];  // its number + 1, or 0
    std::uint8_t streak[file_count];     // small transfers in sequence that moved all they could
    Kind kind[file_count];               // of what
    std::uint8_t wanted[file_count];     // so long a streak arms a window; 0 stands for the least
    std::uint32_t calls;
    MemoryRanges writable;
    MemoryRanges readable;
};

static_assert(sizeof(State) == 2048);

// The linker puts this section behind .bss: in the midst of it, what each program uses of .bss
// would be spread over more pages, and each page costs a fault.
#define SOSAPI_LAST [[gnu::section(".sbss.windows")]]

SOSAPI_LAST constinit State state{};
SOSAPI_LAST alignas(4096) constinit char pages[window_count][abi::max_file_window]{};

bool tracked(std::uint64_t file) {
    return file >= first_file && file < file_count;
}

Use* use_of(int file) {
    const std::uint8_t number = state.window_of[file];
    return number == 0 ? nullptr : &state.uses[number - 1];
}

std::size_t index_of(const Use& use) {
    return static_cast<std::size_t>(&use - state.uses);
}

FileWindow& record_of(const Use& use) {
    return state.records[index_of(use)];
}

/// Is what the window has still what is in the file?
bool good(const Use& use) {
    return __atomic_load_n(&record_of(use).state, __ATOMIC_ACQUIRE) != 0;
}

Reply raw(SosSyscall call, std::uint64_t a, std::uint64_t b, std::uint64_t c, std::uint64_t d = 0) {
    const std::uint64_t arguments[] = {a, b, c, d};
    const bool window = call == SosSyscall::read_window || call == SosSyscall::write_window;
    const unsigned count = window ? 4 : 3;
    return call_raw(static_cast<std::uint64_t>(call), count, arguments);
}

/// What was written to a window stays there until SOS has collected it.
void release(Use& use) {
    if (use.kind == Kind::read) __atomic_store_n(&record_of(use).state, 0, __ATOMIC_RELEASE);
    state.window_of[use.file] = 0;
    use = {};
}

/// The open file's position becomes what the program takes it for, and its pages are of no use.
void settle(Use& use) {
    const std::uint32_t rest = use.used - use.settled;
    if (use.kind == Kind::write) {
        record_of(use).used = rest;
        raw(SosSyscall::write_window, detail::word(use.file), 0, 0, detail::word(&record_of(use)));
    } else if (rest > 0) {
        raw(SosSyscall::lseek, detail::word(use.file), rest, SEEK_CUR);
    }
    use.settled = use.used;
}

std::uint8_t wanted_streak(int file) {
    return state.wanted[file] == 0 ? least_streak : state.wanted[file];
}

/// Twice as many reads in sequence from here on, before a window is asked for.
void be_patient(int file) {
    const unsigned longer = 2u * wanted_streak(file);
    state.wanted[file] = static_cast<std::uint8_t>(longer < most_streak ? longer : most_streak);
    state.streak[file] = 0;
}

/// Filling a window costs more than a read: who loses it before half of it was used, because
/// others write to the file or because it reads here and there, must read on longer for the next.
void judge(const Use& use) {
    if (use.filled == 0) return;
    if (use.used < use.filled / 2) {
        be_patient(use.file);
    } else {
        state.wanted[use.file] = 0;
    }
}

void give_up(std::uint64_t file) {
    if (!tracked(file)) return;
    state.streak[file] = 0;
    if (Use* const use = use_of(static_cast<int>(file))) {
        judge(*use);
        settle(*use);
        release(*use);
    }
}

/// The descriptor is closed: nobody asks for its position.
void forget(std::uint64_t file) {
    if (!tracked(file)) return;
    state.streak[file] = 0;
    state.wanted[file] = 0;
    if (Use* const use = use_of(static_cast<int>(file))) release(*use);
}

Use& take_window(int file, Kind kind) {
    Use* chosen = &state.uses[0];
    for (Use& use : state.uses) {
        if (use.file == 0) {
            chosen = &use;
            break;
        }
        if (state.calls - use.asked > state.calls - chosen->asked) chosen = &use;
    }
    if (chosen->file != 0) give_up(static_cast<std::uint64_t>(chosen->file));
    chosen->file = file;
    chosen->kind = kind;
    state.window_of[file] = static_cast<std::uint8_t>(index_of(*chosen) + 1);
    return *chosen;
}

/// The call that transfers by itself, moves the position on before, and arms the window.
long ask(Use& use, const void* data, std::size_t size, std::uint32_t capacity) {
    FileWindow& record = record_of(use);
    record.data = detail::word(pages[index_of(use)]);
    record.capacity = capacity;
    record.filled = 0;
    record.used = use.used - use.settled;
    record.range_begin = record.range_end = 0;
    use.asked = ++state.calls;
    const bool writes = use.kind == Kind::write;
    const long moved =
        result_of(raw(writes ? SosSyscall::write_window : SosSyscall::read_window,
                      detail::word(use.file), detail::word(data), size, detail::word(&record)));
    (writes ? state.readable : state.writable).add(record.range_begin, record.range_end);
    return moved;
}

/// As a system call that knows of no windows.
long move_plainly(int file, Kind kind, const void* data, std::size_t size) {
    const SosSyscall call = kind == Kind::read ? SosSyscall::read : SosSyscall::write;
    return result_of(raw(call, detail::word(file), detail::word(data), size));
}

/// The window is good and has it all, but may the program write there? SOS knows.
long read_beside(Use& use, void* data, std::size_t size) {
    const long got = ask(use, data, size, 0);
    use.settled = use.used;
    if (got == static_cast<long>(size)) {
        use.used += static_cast<std::uint32_t>(size);
        use.settled = use.used;
    } else {
        release(use);
    }
    return got;
}

/// Transfers by a call, and has the window armed for what follows.
long move_and_arm(Use& use, const void* data, std::size_t size) {
    const int file = use.file;
    const bool small = size <= abi::max_windowed_transfer;
    if (small && good(use)) {
        state.wanted[file] = 0;  // used up
    } else {
        judge(use);
    }
    const bool wanted = small && state.streak[file] > 0;
    const long moved = ask(use, data, size, wanted ? abi::max_file_window : 0);
    use.filled = record_of(use).filled;
    use.used = use.settled = 0;
    use.armed = __atomic_load_n(&record_of(use).state, __ATOMIC_ACQUIRE) >> 32 << 32;
    if (use.filled == 0 || use.armed == 0) {
        // Not a file that can have one, or not now.
        if (wanted && use.filled == 0) be_patient(file);
        // A bad buffer is refused before SOS looks at what was written before.
        if (use.kind == Kind::write && good(use)) settle(use);
        release(use);
    }
    if (moved != static_cast<long>(size)) state.streak[file] = 0;
    return moved;
}

/// Without a window: by a plain call, or after enough of these by one that arms a window.
long move(int file, Kind kind, const void* data, std::size_t size) {
    const bool small = size <= abi::max_windowed_transfer;
    std::uint8_t& streak = state.streak[file];
    if (!small || std::exchange(state.kind[file], kind) != kind) streak = 0;
    if (small && streak < most_streak) ++streak;
    if (small && streak >= wanted_streak(file)) {
        return move_and_arm(take_window(file, kind), data, size);
    }
    const long moved = move_plainly(file, kind, data, size);
    if (moved != static_cast<long>(size)) streak = 0;
    return moved;
}

/// What is mapped there may be something else from here on.
void forget_memory(std::uint64_t address, std::uint64_t size) {
    state.writable.remove(address, size);
    state.readable.remove(address, size);
}

bool has_windows(int file, std::size_t size) {
    return tracked(static_cast<unsigned>(file)) && size > 0 && !state.writable.closed();
}

/// The descriptor's window, if it is of this kind; one of the other kind is given up.
Use* use_for(int file, Kind kind) {
    Use* const use = use_of(file);
    if (use == nullptr || use->kind == kind) return use;
    give_up(static_cast<std::uint64_t>(file));
    return nullptr;
}

/// False when SOS has the window no more, and with it nothing of these bytes.
bool put(Use& use, const void* data, std::size_t size) {
    memcpy(pages[index_of(use)] + use.used, data, size);
    std::uint64_t expected = use.armed + use.used;
    if (!__atomic_compare_exchange_n(&record_of(use).state, &expected, expected + size, false,
                                     __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
        return false;
    }
    use.used += static_cast<std::uint32_t>(size);
    return true;
}

}  // namespace

long read(int file, void* data, std::size_t size) {
    if (!has_windows(file, size)) return move_plainly(file, Kind::read, data, size);
    Use* const use = use_for(file, Kind::read);
    if (use == nullptr) return move(file, Kind::read, data, size);
    if (size > use->filled - use->used || !good(*use)) return move_and_arm(*use, data, size);
    if (!state.writable.contain(detail::word(data), size)) return read_beside(*use, data, size);
    memcpy(data, pages[index_of(*use)] + use->used, size);
    use->used += static_cast<std::uint32_t>(size);
    return static_cast<long>(size);
}

long write(int file, const void* data, std::size_t size) {
    if (!has_windows(file, size)) return move_plainly(file, Kind::write, data, size);
    Use* const use = use_for(file, Kind::write);
    if (use == nullptr) return move(file, Kind::write, data, size);
    const bool fits = size <= use->filled - use->used && good(*use);
    const std::uint64_t from = detail::word(data);
    if (fits && (state.readable.contain(from, size) || state.writable.contain(from, size)) &&
        put(*use, data, size)) {
        return static_cast<long>(size);
    }
    return move_and_arm(*use, data, size);
}

void before_call(Matter matter, const std::uint64_t* arguments) {
    switch (matter) {
        case Matter::none:
            return;
        case Matter::position:
            return give_up(static_cast<std::uint32_t>(arguments[0]));
        case Matter::closing:
            return forget(static_cast<std::uint32_t>(arguments[0]));
        case Matter::replacing:
            // If it is refused, the positions of both are still of use.
            give_up(static_cast<std::uint32_t>(arguments[1]));
            return give_up(static_cast<std::uint32_t>(arguments[0]));
        case Matter::mapping:
            if ((arguments[3] & MAP_FIXED) != 0) forget_memory(arguments[0], arguments[1]);
            return;
        case Matter::unmapping:
            return forget_memory(arguments[0], arguments[1]);
        case Matter::heap:
            // Where the heap ends afterwards: what lies behind is no heap any more.
            return forget_memory(arguments[0], 1);
        case Matter::sharing:
            for (unsigned file = 0; file < file_count; ++file) give_up(file);
            state.writable.close();
            return state.readable.close();
    }
}

}  // namespace sosapi::windows
