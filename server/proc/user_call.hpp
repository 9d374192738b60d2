// SPDX-License-Identifier: BSD-2-Clause
// A program's system call and the answer to it, apart from how they travel.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "abi/message_info.hpp"
#include "abi/sos_syscall.hpp"
#include "error.hpp"
#include "sel4/syscalls.hpp"

namespace sos::proc {

inline constexpr std::size_t max_call_arguments = 4;

struct UserCall {
    std::uint64_t number = 0;
    std::array<std::uint64_t, max_call_arguments> arguments{};

    /// Words beyond the message's length are 0, whatever the registers hold.
    static UserCall from_message(const sel4::Received& message, const abi::IpcBuffer& buffer) {
        const std::uint64_t length = message.info.length();
        const auto word = [&](std::size_t i) { return i < length ? message.words.mr[i] : 0; };
        // The fourth argument alone does not travel in a register.
        static_assert(abi::message_registers == max_call_arguments);
        UserCall call{.number = word(0), .arguments = {word(1), word(2), word(3), 0}};
        if (length > max_call_arguments) call.arguments[3] = buffer.msg[max_call_arguments];
        return call;
    }
};

/// MR0 = 0 and two results (0 where a call has none), or MR0 = 1 and the errno. Always of the same
/// length: what a shorter answer does not write would keep what the caller had there.
struct UserReply {
    std::uint64_t words[3] = {abi::sos_reply::success, 0, 0};

    static constexpr UserReply success(std::uint64_t first = 0, std::uint64_t second = 0) {
        return {{abi::sos_reply::success, first, second}};
    }
    static constexpr UserReply failure(Error error) {
        return {{abi::sos_reply::failure, static_cast<std::uint64_t>(to_errno(error)), 0}};
    }
};

}  // namespace sos::proc
