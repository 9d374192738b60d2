// SPDX-License-Identifier: BSD-2-Clause
// One system call of SOS: a message on the endpoint in slot 1 (protocol in abi/sos_syscall.hpp).
// Everything in this library that talks to SOS does it through here. Up to three arguments travel
// in registers; the fourth goes through the IPC buffer.
#pragma once

#include <errno.h>
#include <sel4/sel4.h>

#include <cstdint>
#include <type_traits>

#include "abi/message_info.hpp"
#include "abi/sos_file.hpp"
#include "abi/sos_syscall.hpp"
#include "windows.hpp"

namespace sosapi {

/// `error` is 0 or a positive errno; the results mean something only when it is 0.
struct Reply {
    long error;
    std::uint64_t results[2];
};

/// For a message register that is not sent: whatever is there.
inline std::uint64_t unspecified() {
    std::uint64_t word;
    asm("" : "=r"(word));
    return word;
}

inline Reply call_raw(std::uint64_t number, unsigned count, const std::uint64_t* arguments) {
    std::uint64_t mr[4] = {number, unspecified(), unspecified(), unspecified()};
    for (unsigned i = 0; i < count && i < 3; ++i) mr[i + 1] = arguments[i];
    if (count == 4) __sel4_ipc_buffer->msg[4] = arguments[3];
    std::uint64_t cptr = abi::sos_endpoint_cptr;
    std::uint64_t info = abi::MessageInfo::make(0, count + 1).word;
    __sel4_trap(seL4_SysCall, &cptr, &info, mr, 0, 0);
    if (mr[0] == abi::sos_reply::success) return {0, {mr[1], mr[2]}};
    const bool sane = mr[1] > 0 && mr[1] < 4096;
    return {sane ? static_cast<long>(mr[1]) : EPROTO, {0, 0}};
}

namespace detail {
template <typename T>
std::uint64_t word(T value) {
    if constexpr (std::is_pointer_v<T>) {
        return reinterpret_cast<std::uint64_t>(value);
    } else if constexpr (std::is_signed_v<T>) {
        return static_cast<std::uint64_t>(static_cast<std::int64_t>(value));
    } else {
        return static_cast<std::uint64_t>(value);
    }
}

consteval unsigned argument_count(abi::SosSyscall number) {
    for (const auto& row : abi::sos_syscalls) {
        if (row.number == static_cast<std::uint64_t>(number)) return row.arguments;
    }
    return ~0u;
}
}  // namespace detail

template <abi::SosSyscall number, typename... Arguments>
Reply call(Arguments... arguments) {
    static_assert(sizeof...(arguments) == detail::argument_count(number));
    const std::uint64_t words[sizeof...(arguments) + 1] = {detail::word(arguments)...};
    constexpr windows::Matter matter = windows::matter_of(number);
    if constexpr (matter != windows::Matter::none) windows::before_call(matter, words);
    return call_raw(static_cast<std::uint64_t>(number), sizeof...(arguments), words);
}

/// A call whose number is not known before.
inline Reply call_any(std::uint64_t number, unsigned count, const std::uint64_t* arguments) {
    std::uint64_t words[4] = {};
    for (unsigned i = 0; i < count && i < 4; ++i) words[i] = arguments[i];
    windows::before_call(windows::matter_of(static_cast<abi::SosSyscall>(number)), words);
    return call_raw(number, count, words);
}

/// First result, or a negative errno: what libc expects of a system call.
inline long result_of(const Reply& reply) {
    return reply.error != 0 ? -reply.error : static_cast<long>(reply.results[0]);
}

/// First result; or -1, and errno is set.
inline long checked(const Reply& reply) {
    if (reply.error == 0) return static_cast<long>(reply.results[0]);
    errno = static_cast<int>(reply.error);
    return -1;
}

}  // namespace sosapi
