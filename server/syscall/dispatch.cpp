// SPDX-License-Identifier: BSD-2-Clause
#include "syscall/dispatch.hpp"

#include "log/log.hpp"
#include "syscall/call_index.hpp"
#include "syscall/calls.hpp"

namespace sos::syscall {

namespace {

using Function = CallResult (*)(Process&, const Arguments&);

// Row for row as in the table.
constexpr Function functions[] = {
#define SOS_CALL_FUNCTION(name, number, arguments, results, text) &calls::name,
    SOS_SYSCALL_TABLE(SOS_CALL_FUNCTION)
#undef SOS_CALL_FUNCTION
};

}  // namespace

proc::UserReply dispatch(proc::Process& process, const proc::UserCall& call) {
    const std::uint8_t row = find_call(call.number);
    if (row == no_call) {
        log::trace<log::Area::syscall>("pid {}: unknown call {}", process.id().pid(), call.number);
        return proc::UserReply::failure(Error::no_such_call);
    }
    process.space().note_system_call();
    const CallResult result = functions[row](process, call.arguments);
    if (result) return *result;
    log::trace<log::Area::syscall>("pid {}: {} fails, errno {}", process.id().pid(),
                                   abi::sos_syscalls[row].name, to_errno(result.error()));
    return proc::UserReply::failure(result.error());
}

}  // namespace sos::syscall
