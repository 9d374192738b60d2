// SPDX-License-Identifier: BSD-2-Clause
// The system calls, one function each, declared from the one table in abi/sos_syscall.hpp: an entry
// without a function does not link. Their meaning stands in the table; they differ from it only
// in that errors are sos::Error here.
#pragma once

#include <array>
#include <cstdint>

#include "abi/sos_syscall.hpp"
#include "error.hpp"
#include "proc/process.hpp"
#include "proc/user_call.hpp"

namespace sos::syscall {

using proc::Process;
using proc::UserReply;
using Arguments = std::array<std::uint64_t, proc::max_call_arguments>;

namespace calls {
#define SOS_DECLARE_CALL(name, number, arguments, results, text) \
    UserReply name(Process& process, const Arguments& arguments_in);
SOS_SYSCALL_TABLE(SOS_DECLARE_CALL)
#undef SOS_DECLARE_CALL
}  // namespace calls

/// What a program passes as an int may come with anything in the upper half.
constexpr std::int64_t as_int(std::uint64_t word) {
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(word));
}

}  // namespace sos::syscall
