// SPDX-License-Identifier: BSD-2-Clause
#include "syscall/dispatch.hpp"

#include "log/log.hpp"
#include "syscall/call_index.hpp"
#include "syscall/calls.hpp"
#include "vm/turns.hpp"

namespace sos::syscall {

namespace {

using Function = UserReply (*)(Process&, const Arguments&);

UserReply unknown_call(Process&, const Arguments&) {
    return std::unexpected(Error::no_such_call);
}

// Row for row as in the table, and one for all numbers that are not in it.
constexpr Function functions[] = {
#define SOS_CALL_FUNCTION(name, number, arguments, results, text) &calls::name,
    SOS_SYSCALL_TABLE(SOS_CALL_FUNCTION)
#undef SOS_CALL_FUNCTION
        & unknown_call,
};
static_assert(std::size(functions) == no_call + 1);

/// Out of line, so that dispatch() needs no stack.
[[gnu::noinline]] UserReply dispatch_after_turn(Process& process, const Arguments& arguments,
                                                Function function) {
    process.space().note_system_call();
    return function(process, arguments);
}

}  // namespace

proc::UserReply dispatch(proc::Process& process, const proc::UserCall& call) {
    const Function function = functions[find_call(call.number)];
    if (vm::processes_want_turns()) [[unlikely]]
        return dispatch_after_turn(process, call.arguments, function);
    return function(process, call.arguments);
}

proc::UserReply dispatch_traced(proc::Process& process, const proc::UserCall& call) {
    const proc::UserReply answer = dispatch(process, call);
    const std::uint8_t row = find_call(call.number);
    if (row == no_call) {
        log::trace<log::Area::syscall>("pid {}: unknown call {}", process.id().pid(), call.number);
    } else if (answer.error() != 0) {
        log::trace<log::Area::syscall>("pid {}: {} fails, errno {}", process.id().pid(),
                                       abi::sos_syscalls[row].name, answer.error());
    }
    return answer;
}

}  // namespace sos::syscall
