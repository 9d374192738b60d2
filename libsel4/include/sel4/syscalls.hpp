// SPDX-License-Identifier: BSD-2-Clause
// The kernel's system calls (seL4 manual 2.2 and 10.1): one function each, nothing hidden.
// Message registers 0..3 travel in processor registers (`Words`), the others in the IPC buffer.
#pragma once

#include <cstdint>
#include <optional>

#include "abi/syscall.hpp"
#include "sel4/types.hpp"

namespace sel4 {

/// Message registers 0..3. Those beyond a received message's length keep what they held.
struct Words {
    std::uint64_t mr[abi::message_registers] = {};
};

struct Received {
    Badge badge;            // of the sender's cap, or the word of a notification
    abi::MessageInfo info;  // unchanged input when a notification was received
    Words words;
};

namespace detail {

/// One `svc`: x0, x1 and x2..x5 in and out, x6 and x8 in, x7 the number.
[[gnu::always_inline]] inline Received trap(abi::Syscall number, std::uint64_t x0_in,
                                            std::uint64_t x1_in, const Words& words,
                                            std::optional<std::uint64_t> x6_in = {},
                                            std::optional<std::uint64_t> x8_in = {}) {
    register std::uint64_t x0 asm("x0") = x0_in;
    register std::uint64_t x1 asm("x1") = x1_in;
    register std::uint64_t x2 asm("x2") = words.mr[0];
    register std::uint64_t x3 asm("x3") = words.mr[1];
    register std::uint64_t x4 asm("x4") = words.mr[2];
    register std::uint64_t x5 asm("x5") = words.mr[3];
    // A register that the system call does not look at may hold anything.
    register std::uint64_t x6 asm("x6");
    if (x6_in) {
        x6 = *x6_in;
    } else {
        asm("" : "=r"(x6));
    }
    register std::int64_t x7 asm("x7") = static_cast<std::int64_t>(number);
    register std::uint64_t x8 asm("x8");
    if (x8_in) {
        x8 = *x8_in;
    } else {
        asm("" : "=r"(x8));
    }
    asm volatile("svc #0"
                 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5)
                 : "r"(x6), "r"(x7), "r"(x8)
                 : "memory");
    return {Badge{x0}, abi::MessageInfo{x1}, {{x2, x3, x4, x5}}};
}

}  // namespace detail

inline Received call(CPtr destination, abi::MessageInfo info, const Words& words = {}) {
    return detail::trap(abi::Syscall::call, destination.raw(), info.word, words);
}

inline void send(CPtr destination, abi::MessageInfo info, const Words& words = {}) {
    detail::trap(abi::Syscall::send, destination.raw(), info.word, words);
}

inline void nb_send(CPtr destination, abi::MessageInfo info, const Words& words = {}) {
    detail::trap(abi::Syscall::nb_send, destination.raw(), info.word, words);
}

inline void signal(CPtr notification) {
    send(notification, abi::MessageInfo{});
}

/// Answers the caller that `reply` holds; nothing happens if it holds none.
inline void reply(CPtr reply_object, abi::MessageInfo info, const Words& words = {}) {
    send(reply_object, info, words);
}

inline Received recv(CPtr source, CPtr reply_object) {
    return detail::trap(abi::Syscall::recv, source.raw(), 0, {}, reply_object.raw());
}

/// Badge 0 when nothing is pending.
inline Received nb_recv(CPtr source, CPtr reply_object) {
    return detail::trap(abi::Syscall::nb_recv, source.raw(), 0, {}, reply_object.raw());
}

inline Received wait(CPtr source) {
    return detail::trap(abi::Syscall::wait, source.raw(), 0, {});
}

/// seL4_Poll: badge 0 when nothing is pending.
inline Received nb_wait(CPtr source) {
    return detail::trap(abi::Syscall::nb_wait, source.raw(), 0, {});
}

inline Received reply_recv(CPtr source, CPtr reply_object, abi::MessageInfo info,
                           const Words& words = {}) {
    return detail::trap(abi::Syscall::reply_recv, source.raw(), info.word, words,
                        reply_object.raw());
}

/// Sends to `destination` (donating), then receives on `source` with `reply_object`.
inline Received nb_send_recv(CPtr destination, abi::MessageInfo info, const Words& words,
                             CPtr source, CPtr reply_object) {
    return detail::trap(abi::Syscall::nb_send_recv, source.raw(), info.word, words,
                        reply_object.raw(), destination.raw());
}

/// Sends to `destination` (donating), then waits on `source`.
inline Received nb_send_wait(CPtr destination, abi::MessageInfo info, const Words& words,
                             CPtr source) {
    return detail::trap(abi::Syscall::nb_send_wait, source.raw(), info.word, words,
                        destination.raw());
}

inline void yield() {
    detail::trap(abi::Syscall::yield, 0, 0, {});
}

// Debug calls (kernels built with printing or debugging; Numbat has the first and third always).

inline void debug_put_char(char c) {
    detail::trap(abi::Syscall::debug_put_char, static_cast<unsigned char>(c), 0, {});
}

inline void debug_dump_scheduler() {
    detail::trap(abi::Syscall::debug_dump_scheduler, 0, 0, {});
}

inline void debug_halt() {
    detail::trap(abi::Syscall::debug_halt, 0, 0, {});
}

/// An abi::CapTag; 0 if there is no such slot or it is empty.
inline std::uint64_t debug_cap_identify(CPtr cptr) {
    return detail::trap(abi::Syscall::debug_cap_identify, cptr.raw(), 0, {}).badge.raw();
}

inline void debug_snapshot() {
    detail::trap(abi::Syscall::debug_snapshot, 0, 0, {});
}

/// Names a thread in the kernel's debug output; overwrites the message area of the IPC buffer.
inline void debug_name_thread(CPtr tcb, const char* name) {
    char* text = reinterpret_cast<char*>(sel4_ipc_buffer->msg);
    unsigned length = 0;
    while (name[length] != '\0' && length < 63) {
        text[length] = name[length];
        ++length;
    }
    text[length] = '\0';
    detail::trap(abi::Syscall::debug_name_thread, tcb.raw(), 0, {});
}

}  // namespace sel4
