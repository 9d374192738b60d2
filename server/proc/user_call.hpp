// SPDX-License-Identifier: BSD-2-Clause
// A program's system call and the answer to it, apart from how they travel.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>

#include "abi/message_info.hpp"
#include "abi/sos_syscall.hpp"
#include "error.hpp"
#include "sel4/syscalls.hpp"

namespace sos::proc {

inline constexpr std::size_t max_call_arguments = 4;

struct UserCall {
    std::uint64_t number = 0;
    std::array<std::uint64_t, max_call_arguments> arguments{};

    /// Words beyond the message's length are 0, whatever the registers hold. The fourth argument
    /// alone does not travel in a register; `buffer()` is asked for it.
    static UserCall from_message(const sel4::Received& message, auto buffer) {
        static_assert(abi::message_registers == max_call_arguments);
        const std::uint64_t length = message.info.length();
        const auto& mr = message.words.mr;
        const auto word = [length](std::uint64_t i, std::uint64_t value) {
            return length > i ? value : 0;
        };
        UserCall call{.number = word(0, mr[0]),
                      .arguments = {word(1, mr[1]), word(2, mr[2]), word(3, mr[3])}};
        if (length > max_call_arguments) [[unlikely]]
            call.arguments[3] = buffer().msg[max_call_arguments];
        return call;
    }
};

/// An errno; or, where that is 0, two results (0 where a call has none). Small enough for two
/// registers.
class UserReply {
  public:
    static constexpr UserReply success(std::uint64_t first = 0, std::uint32_t second = 0) {
        return {first, second, 0};
    }
    /// So that TRY leaves a system call's function with the answer.
    constexpr UserReply(std::unexpected<Error> reason)
        : UserReply(0, 0, static_cast<std::uint32_t>(to_errno(reason.error()))) {}

    constexpr std::uint32_t error() const { return error_; }

    /// MR0 = 0 and the results, or MR0 = 1 and the errno. Always of the same length: what a shorter
    /// answer does not write would keep what the caller had there.
    static constexpr std::size_t length = 3;
    constexpr sel4::Words words() const {
        if (error_ != 0) [[unlikely]]
            return {{abi::sos_reply::failure, error_, 0}};
        return {{abi::sos_reply::success, first_, second_}};
    }

  private:
    constexpr UserReply(std::uint64_t first, std::uint32_t second, std::uint32_t error)
        : first_(first), second_(second), error_(error) {}

    std::uint64_t first_;
    std::uint32_t second_;
    std::uint32_t error_;
};

}  // namespace sos::proc
