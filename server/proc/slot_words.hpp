// SPDX-License-Identifier: BSD-2-Clause
// What threads tell each other about a process without a message: a word per slot.
//
// The kill word is the truth behind a KILL signal: the PM server writes {generation, signal} before
// it signals; a handler that finds another generation, or no signal, was woken for nothing.
#pragma once

#include <atomic>
#include <cstdint>

#include "proc/process_id.hpp"

namespace sos::proc {

struct SlotWords {
    std::atomic<std::uint64_t> kill{0};  // generation << 32 | signal; signal 0: go on
};

extern SlotWords slot_words[max_processes];

/// PM server: a new life of the slot, not killed.
inline void reset_slot_words(ProcessId id) {
    slot_words[id.slot].kill.store(std::uint64_t{id.generation} << 32, std::memory_order_release);
}

/// PM server: the process is to end as if by this signal.
inline void request_kill(ProcessId id, std::uint32_t signal) {
    slot_words[id.slot].kill.store(std::uint64_t{id.generation} << 32 | signal,
                                   std::memory_order_release);
}

/// The signal that the process is killed with; 0 when it is not.
inline std::uint32_t kill_signal(ProcessId id) {
    const std::uint64_t word = slot_words[id.slot].kill.load(std::memory_order_acquire);
    return word >> 32 == id.generation ? static_cast<std::uint32_t>(word) : 0;
}

}  // namespace sos::proc
