// SPDX-License-Identifier: BSD-2-Clause
#include "windows.hpp"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

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

/// What a window is used for.
struct Use {
    int file = 0;  // 0: nobody has it
    std::uint32_t filled = 0;
    std::uint32_t used = 0;
    std::uint32_t settled = 0;  // of `used`: the position of the open file counts it
    std::uint32_t asked = 0;    // when, in calls
};

/// In one page, which SOS pins with the first window.
struct alignas(2048) State {
    FileWindow records[window_count];
    Use uses[window_count];
    std::uint8_t window_of[file_count];  // its number + 1, or 0
    std::uint8_t streak[file_count];     // small reads in sequence that got all they asked for
    std::uint8_t wanted[file_count];     // so long a streak arms a window; 0 stands for the least
    std::uint32_t calls;
    MemoryRanges ranges;
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
    const unsigned count = call == SosSyscall::read_window ? 4 : 3;
    return call_raw(static_cast<std::uint64_t>(call), count, arguments);
}

void release(Use& use) {
    __atomic_store_n(&record_of(use).state, 0, __ATOMIC_RELEASE);
    state.window_of[use.file] = 0;
    use = {};
}

/// The open file's position becomes what the program takes it for.
void settle(Use& use) {
    if (use.used == use.settled) return;
    raw(SosSyscall::lseek, detail::word(use.file), use.used - use.settled, SEEK_CUR);
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

Use& take_window(int file) {
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
    state.window_of[file] = static_cast<std::uint8_t>(index_of(*chosen) + 1);
    return *chosen;
}

/// The call that reads by itself, moves the position on before, and fills the window.
long ask(Use& use, void* data, std::size_t size, std::uint32_t capacity) {
    FileWindow& record = record_of(use);
    record.data = detail::word(pages[index_of(use)]);
    record.capacity = capacity;
    record.filled = 0;
    record.used = use.used - use.settled;
    record.range_begin = record.range_end = 0;
    use.asked = ++state.calls;
    const long got = result_of(raw(SosSyscall::read_window, detail::word(use.file),
                                   detail::word(data), size, detail::word(&record)));
    state.ranges.add(record.range_begin, record.range_end);
    return got;
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

/// Reads, and fills the window with what follows.
long read_and_fill(Use& use, void* data, std::size_t size) {
    const int file = use.file;
    const bool small = size <= abi::max_windowed_transfer;
    if (small && good(use)) {
        state.wanted[file] = 0;  // used up
    } else {
        judge(use);
    }
    const bool wanted = small && state.streak[file] > 0;
    const long got = ask(use, data, size, wanted ? abi::max_file_window : 0);
    use.filled = record_of(use).filled;
    use.used = use.settled = 0;
    if (use.filled == 0) {
        release(use);
        // Not a file that can have one, or not now.
        if (wanted) be_patient(file);
    }
    if (got != static_cast<long>(size)) state.streak[file] = 0;
    return got;
}

/// Without a window, and without one to come.
long read_plainly(int file, void* data, std::size_t size) {
    return result_of(raw(SosSyscall::read, detail::word(file), detail::word(data), size));
}

}  // namespace

long read(int file, void* data, std::size_t size) {
    if (!tracked(static_cast<unsigned>(file)) || size == 0 || state.ranges.closed()) {
        return read_plainly(file, data, size);
    }
    Use* use = use_of(file);
    if (use != nullptr && size <= use->filled - use->used && good(*use)) {
        if (!state.ranges.contain(detail::word(data), size)) return read_beside(*use, data, size);
        memcpy(data, pages[index_of(*use)] + use->used, size);
        use->used += static_cast<std::uint32_t>(size);
        return static_cast<long>(size);
    }
    if (use != nullptr) return read_and_fill(*use, data, size);
    std::uint8_t& streak = state.streak[file];
    if (size <= abi::max_windowed_transfer && streak < most_streak) ++streak;
    if (size <= abi::max_windowed_transfer && streak >= wanted_streak(file)) {
        return read_and_fill(take_window(file), data, size);
    }
    const long got = read_plainly(file, data, size);
    if (got != static_cast<long>(size) || size > abi::max_windowed_transfer) streak = 0;
    return got;
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
            if ((arguments[3] & MAP_FIXED) != 0) state.ranges.remove(arguments[0], arguments[1]);
            return;
        case Matter::unmapping:
            return state.ranges.remove(arguments[0], arguments[1]);
        case Matter::heap:
            // Where the heap ends afterwards: what lies behind is no heap any more.
            return state.ranges.remove(arguments[0], 1);
        case Matter::sharing:
            for (unsigned file = 0; file < file_count; ++file) give_up(file);
            return state.ranges.close();
    }
}

}  // namespace sosapi::windows
