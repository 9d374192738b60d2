// SPDX-License-Identifier: BSD-2-Clause
// Random system calls of the kernel's interface, for host and target: mostly what could be meant
// (the labels of the capability that is invoked, arguments of the right kind and number), now and
// then anything at all. The same numbers give the same call.
//
// A source has `std::uint64_t next()`; a universe says which slots there are to play with.
#pragma once

#include <cstdint>
#include <initializer_list>

#include "abi/invocation.hpp"
#include "abi/message_info.hpp"
#include "abi/object_type.hpp"
#include "abi/syscall.hpp"

namespace random_test {

/// xorshift*: small, good enough, the same everywhere.
class Random {
  public:
    explicit Random(std::uint64_t seed) : state_(seed * 2 + 1) {}
    std::uint64_t next() {
        state_ ^= state_ >> 12;
        state_ ^= state_ << 25;
        state_ ^= state_ >> 27;
        return state_ * 0x2545'f491'4f6c'dd1d;
    }

  private:
    std::uint64_t state_;
};

/// Slots of a flat CSpace of 64 bits.
struct Universe {
    std::uint64_t slots;  // 0 .. slots - 1 are there to be used
    std::uint64_t cnode;  // the CNode itself
    std::uint64_t vspace;
    std::uint64_t tcb;  // of a thread whose MCP bounds what priorities are set
    std::uint64_t max_priority;
    std::uint64_t buffer_address;
};

struct Call {
    static constexpr unsigned max_words = 40;

    abi::Syscall number;
    std::uint64_t x0, x6, x8;
    std::uint64_t words[max_words];
    std::uint64_t caps[3];
    unsigned word_count, cap_count;
    std::uint64_t label;

    std::uint64_t info() const { return abi::MessageInfo::make(label, word_count, cap_count).word; }
    bool sends() const {
        return number != abi::Syscall::recv && number != abi::Syscall::nb_recv &&
               number != abi::Syscall::wait && number != abi::Syscall::nb_wait &&
               number != abi::Syscall::yield;
    }
    /// The slot whose capability is invoked, if one is.
    std::uint64_t invoked() const {
        if (number == abi::Syscall::nb_send_recv) return x8;
        if (number == abi::Syscall::nb_send_wait || number == abi::Syscall::reply_recv) return x6;
        return x0;
    }
};

template <typename Source>
class CallMaker {
  public:
    CallMaker(Source& source, const Universe& universe) : source_(source), universe_(universe) {}

    /// `tag_of(slot)` is the kind of the capability in a slot.
    template <typename TagOf>
    Call make(TagOf&& tag_of) {
        Call call{};
        call.number = number();
        call.x0 = slot();
        call.x6 = slot();
        call.x8 = slot();
        if (!call.sends()) return call;
        const auto tag = static_cast<abi::CapTag>(tag_of(call.invoked()));
        call.label = one_in(12) ? below(60) : label_of(tag);
        arguments(call);
        if (one_in(30)) call.word_count = static_cast<unsigned>(below(Call::max_words));
        if (one_in(30)) call.cap_count = static_cast<unsigned>(below(4));
        for (unsigned i = 0; i < call.word_count; ++i)
            if (one_in(25)) call.words[i] = wild();
        for (std::uint64_t& cap : call.caps)
            if (one_in(25)) cap = wild();
        return call;
    }

    std::uint64_t below(std::uint64_t limit) { return source_.next() % limit; }

  private:
    using Label = abi::Invocation;

    bool one_in(std::uint64_t n) { return below(n) == 0; }
    std::uint64_t slot() { return one_in(60) ? wild() : below(universe_.slots); }

    std::uint64_t wild() {
        switch (below(6)) {
            case 0:
                return below(10);
            case 1:
                return std::uint64_t{1} << below(64);
            case 2:
                return (std::uint64_t{1} << below(64)) - 1;
            case 3:
                return ~below(100);
            case 4:
                return below(64) << 12;
            default:
                return source_.next();
        }
    }

    abi::Syscall number() {
        const std::uint64_t choice = below(100);
        if (choice < 70) return abi::Syscall::call;
        constexpr abi::Syscall others[] = {abi::Syscall::reply_recv,   abi::Syscall::nb_send_recv,
                                           abi::Syscall::nb_send_wait, abi::Syscall::send,
                                           abi::Syscall::nb_send,      abi::Syscall::recv,
                                           abi::Syscall::nb_recv,      abi::Syscall::wait,
                                           abi::Syscall::nb_wait,      abi::Syscall::yield};
        return others[choice % 10];
    }

    std::uint64_t between(Label first, Label last) {
        const auto from = static_cast<std::uint64_t>(first);
        return from + below(static_cast<std::uint64_t>(last) - from + 1);
    }

    std::uint64_t label_of(abi::CapTag tag) {
        switch (tag) {
            case abi::CapTag::untyped:
                return static_cast<std::uint64_t>(Label::untyped_retype);
            case abi::CapTag::tcb:
                return between(Label::tcb_read_registers, Label::tcb_set_flags);
            case abi::CapTag::cnode:
                return between(Label::cnode_revoke, Label::cnode_rotate);
            case abi::CapTag::irq_control:
                return one_in(2) ? static_cast<std::uint64_t>(Label::irq_control_get)
                                 : between(Label::irq_control_get_trigger,
                                           Label::irq_control_issue_sgi_signal);
            case abi::CapTag::irq_handler:
                return between(Label::irq_handler_ack, Label::irq_handler_clear);
            case abi::CapTag::domain:
                return between(Label::domain_set_set, Label::domain_set_schedule_set_start);
            case abi::CapTag::sched_control:
                return static_cast<std::uint64_t>(Label::sched_control_configure_flags);
            case abi::CapTag::sched_context:
                return between(Label::sched_context_bind, Label::sched_context_yield_to);
            case abi::CapTag::vspace:
                return between(Label::vspace_clean_data, Label::vspace_unify_instruction);
            case abi::CapTag::page_table:
                return between(Label::page_table_map, Label::page_table_unmap);
            case abi::CapTag::frame:
                return between(Label::page_map, Label::page_get_address);
            case abi::CapTag::asid_control:
                return static_cast<std::uint64_t>(Label::asid_control_make_pool);
            case abi::CapTag::asid_pool:
                return static_cast<std::uint64_t>(Label::asid_pool_assign);
            default:
                return below(60);
        }
    }

    void give(Call& call, std::initializer_list<std::uint64_t> words,
              std::initializer_list<std::uint64_t> caps = {}) {
        for (const std::uint64_t word : words) call.words[call.word_count++] = word;
        for (const std::uint64_t cap : caps) call.caps[call.cap_count++] = cap;
    }

    std::uint64_t priority() { return below(universe_.max_priority + 1); }
    std::uint64_t address() { return below(8) << (12 + 9 * below(4)); }
    std::uint64_t budget() { return 100 + below(5000); }

    void arguments(Call& call) {
        const Universe& u = universe_;
        switch (static_cast<Label>(call.label)) {
            case Label::untyped_retype:
                return give(call, {below(12), 4 + below(12), 0, 0, below(u.slots), 1 + below(3)},
                            {u.cnode});
            case Label::tcb_read_registers:
                return give(call, {below(2), 1 + below(36)});
            case Label::tcb_write_registers:
                return give(call, {below(2), below(6), wild(), wild(), wild(), 0, 0, 0});
            case Label::tcb_copy_registers:
                return give(call, {below(16)}, {slot()});
            case Label::tcb_configure:
                return give(call, {0, 0, one_in(3) ? 0 : u.buffer_address + (below(3) << 10)},
                            {u.cnode, u.vspace, slot()});
            case Label::tcb_set_priority:
            case Label::tcb_set_mc_priority:
                return give(call, {priority()}, {u.tcb});
            case Label::tcb_set_sched_params:
                return give(call, {priority(), priority()}, {u.tcb, slot(), slot()});
            case Label::tcb_set_ipc_buffer:
                return give(call, {one_in(3) ? 0 : u.buffer_address}, {slot()});
            case Label::tcb_set_space:
                return give(call, {0, 0}, {slot(), u.cnode, u.vspace});
            case Label::tcb_set_tls_base:
                return give(call, {wild()});
            case Label::tcb_set_flags:
                return give(call, {below(4), below(4)});
            case Label::cnode_revoke:
            case Label::cnode_delete:
            case Label::cnode_cancel_badged_sends:
                return give(call, {below(u.slots), 64});
            case Label::cnode_copy:
            case Label::cnode_mint:
                return give(call, {below(u.slots), 64, below(u.slots), 64, below(16), below(4)},
                            {u.cnode});
            case Label::cnode_move:
            case Label::cnode_mutate:
                return give(call, {below(u.slots), 64, below(u.slots), 64, below(4)}, {u.cnode});
            case Label::cnode_rotate:
                return give(call,
                            {below(u.slots), 64, below(2), below(u.slots), 64, below(2),
                             below(u.slots), 64},
                            {u.cnode, u.cnode});
            case Label::irq_control_get:
                return give(call, {below(170), below(u.slots), 64}, {u.cnode});
            case Label::irq_control_get_trigger:
            case Label::irq_control_issue_sgi_signal:
                return give(call, {below(20), below(9), below(u.slots), 64}, {u.cnode});
            case Label::domain_set_set:
                return give(call, {below(2)}, {slot()});
            case Label::domain_set_schedule_configure:
                return give(call, {below(2), 0, below(3)});
            case Label::domain_set_schedule_set_start:
                return give(call, {below(3)});
            case Label::sched_control_configure_flags: {
                const std::uint64_t use = budget();
                return give(call,
                            {use, one_in(2) ? use : use + budget(), below(4), wild(), below(2)},
                            {slot()});
            }
            case Label::page_table_map:
                return give(call, {address(), 0}, {u.vspace});
            case Label::page_map:
                return give(call, {address(), below(16), below(8)}, {u.vspace});
            case Label::page_clean_data:
            case Label::page_invalidate_data:
            case Label::page_clean_invalidate_data:
            case Label::page_unify_instruction:
                return give(call, {below(5000), below(5000)});
            case Label::vspace_clean_data:
            case Label::vspace_invalidate_data:
            case Label::vspace_clean_invalidate_data:
            case Label::vspace_unify_instruction: {
                const std::uint64_t start = address();
                return give(call, {start, start + below(5000)});
            }
            case Label::asid_control_make_pool:
                return give(call, {below(u.slots), 64}, {slot(), u.cnode});
            default:
                return give(call, {wild(), wild(), wild()}, {slot(), slot(), slot()});
        }
    }

    Source& source_;
    const Universe universe_;
};

}  // namespace random_test
