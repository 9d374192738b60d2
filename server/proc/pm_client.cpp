// SPDX-License-Identifier: BSD-2-Clause
#include "proc/pm_client.hpp"

#include "sync/thread_block.hpp"
#include "thread/turn.hpp"

namespace sos::proc {

namespace {

Result<sel4::Words> result_of(const sel4::Received& answer) {
    const std::uint64_t label = answer.info.label();
    if (label != 0) return std::unexpected(static_cast<Error>(label - 1));
    return answer.words;
}

/// About what a call costs the processor at most, without what it may wait for: a new process needs
/// a handler thread, which may have to be made, and its program is loaded; a dead one's are undone.
constexpr std::uint64_t cost_limit_us(PmCall label) {
    if (label == PmCall::create) return 300;
    if (label == PmCall::kill) return 100;
    return 20;
}

constexpr std::uint64_t word_of(std::int64_t number) {
    return static_cast<std::uint64_t>(number);
}

}  // namespace

sel4::Received PmClient::call(PmCall label, sel4::Words words, unsigned length) {
    assert_no_lock_held();
    const thread::WorkOfOthers counted(cost_limit_us(label));
    return sel4::call(endpoint_, abi::MessageInfo::make(static_cast<std::uint64_t>(label), length),
                      words);
}

Assignment PmClient::park(std::uint64_t wait_status, Result<void> creation) {
    const std::uint64_t failure = creation ? 0 : 1 + static_cast<std::uint64_t>(creation.error());
    const sel4::Received answer = call(PmCall::park, {{wait_status, failure}});
    return {JobPtr::adopt(answer.words.mr[0]), ProcessId::from_word(answer.words.mr[1])};
}

Result<std::int64_t> PmClient::create(JobPtr job) {
    const sel4::Words words = TRY(result_of(call(PmCall::create, {{job.release()}})));
    return static_cast<std::int64_t>(words.mr[0]);
}

Result<void> PmClient::created() {
    TRY(result_of(call(PmCall::created)));
    return {};
}

Result<void> PmClient::kill(std::int64_t pid) {
    TRY(result_of(call(PmCall::kill, {{word_of(pid)}})));
    return {};
}

Result<PmClient::Waited> PmClient::wait(std::int64_t pid, WaitScope scope, Blocking blocking) {
    const sel4::Words words =
        TRY(result_of(call(PmCall::wait, {{word_of(pid), static_cast<std::uint64_t>(scope),
                                           static_cast<std::uint64_t>(blocking)}})));
    return Waited{static_cast<std::int64_t>(words.mr[0]), words.mr[1]};
}

Result<void> PmClient::sleep(std::uint64_t microseconds) {
    TRY(result_of(call(PmCall::sleep, {{microseconds}})));
    return {};
}

Result<ListPart> PmClient::list(std::int64_t first, std::span<abi::ProcessInfo> into) {
    const sel4::Words words = TRY(result_of(
        call(PmCall::list,
             {{word_of(first), reinterpret_cast<std::uint64_t>(into.data()), into.size()}})));
    return ListPart{words.mr[0], static_cast<std::int64_t>(words.mr[1])};
}

Result<std::int64_t> PmClient::parent() {
    const sel4::Words words = TRY(result_of(call(PmCall::parent)));
    return static_cast<std::int64_t>(words.mr[0]);
}

Result<void> PmClient::set_foreground(std::int64_t pid) {
    TRY(result_of(call(PmCall::set_foreground, {{word_of(pid)}})));
    return {};
}

Result<void> PmClient::acquire_console(Blocking blocking) {
    TRY(result_of(call(PmCall::acquire_console, {{static_cast<std::uint64_t>(blocking)}})));
    return {};
}

void PmClient::release_console() {
    // Never refused: also a process that is being killed gives the console back.
    (void)call(PmCall::release_console);
}

Result<void> PmClient::await_event(Event event, std::uint64_t seen) {
    TRY(result_of(call(PmCall::await_event, {{static_cast<std::uint64_t>(event), seen}})));
    return {};
}

}  // namespace sos::proc
