// SPDX-License-Identifier: BSD-2-Clause
// Long kernel operations: interrupted or not, they do the same, and others get the processor.
#include "interrupted.hpp"
#include "spinners.hpp"

namespace target {
namespace {

/// A cnode of 2^bits slots, the first `count` filled with copies of `source`.
CPtr full_cnode(Env& env, unsigned bits, CPtr source, std::uint64_t count) {
    const CPtr table = env.make(ObjectType::cnode, bits);
    for (std::uint64_t i = 0; i < count; ++i)
        if (!sel4::cnode_copy(SlotPath{table, i, bits}, Env::at(source), abi::rights::all)) {
            fail(__FILE__, __LINE__, "cannot fill the cnode");
            break;
        }
    return table;
}

/// Slots of `table` that are in use: those that a move can empty.
unsigned used_slots(Env& env, CPtr table, unsigned bits) {
    const CPtr out = env.slots();
    unsigned used = 0;
    for (std::uint64_t i = 0; i < (1ull << bits); ++i) {
        if (!sel4::cnode_move(Env::at(out), SlotPath{table, i, bits})) continue;
        ++used;
        env.remove(out);
    }
    return used;
}

TEST_CASE(PREEMPT_0001, "revoke of thousands of copies") {
    const CPtr e = env.make(ObjectType::endpoint);
    const CPtr table = full_cnode(env, 11, e, 2048);
    static volatile std::uint64_t error;
    error = 99;
    const Interrupted seen =
        under_interrupts(env, [&] { error = error_of(sel4::cnode_revoke(Env::at(e))); });
    EXPECT_EQ(error, 0);
    EXPECT_TRUE(seen.interruptions >= 3);
    EXPECT_TRUE(seen.latest_us <= latency_bound_us);
    EXPECT_EQ(sel4::debug_cap_identify(e), abi::CapTag::endpoint);
    EXPECT_EQ(used_slots(env, table, 11), 0);
}

TEST_CASE(PREEMPT_0002, "deletion of a large cnode") {
    const CPtr e = env.make(ObjectType::endpoint);
    const CPtr table = full_cnode(env, 11, e, 2048);
    static volatile std::uint64_t error;
    error = 99;
    const Interrupted seen =
        under_interrupts(env, [&] { error = error_of(sel4::cnode_delete(Env::at(table))); });
    EXPECT_EQ(error, 0);
    EXPECT_TRUE(seen.interruptions >= 3);
    EXPECT_TRUE(seen.latest_us <= latency_bound_us);
    EXPECT_EQ(sel4::debug_cap_identify(table), abi::CapTag::null);
}

TEST_CASE(PREEMPT_0003, "the reset of a large untyped by retype") {
    const CPtr u = env.make(ObjectType::untyped, 21), slot = env.slots();
    ASSERT_OK(sel4::untyped_retype(u, ObjectType::untyped, 21, Env::cnode, slot.raw()));
    env.remove(slot);
    static volatile std::uint64_t error;
    error = 99;
    const Interrupted seen = under_interrupts(env, [&] {
        error =
            error_of(sel4::untyped_retype(u, ObjectType::large_page, 0, Env::cnode, slot.raw()));
    });
    EXPECT_EQ(error, 0);
    EXPECT_TRUE(seen.interruptions >= 3);
    EXPECT_TRUE(seen.latest_us <= latency_bound_us);
    constexpr std::uint64_t at = 0x2c00'0000;
    ASSERT_OK(sel4::page_map(slot, Env::vspace, VAddr{at}, abi::rights::read_write,
                             abi::page_attributes::normal));
    for (std::uint64_t offset = 0; offset < (1u << 21); offset += 4096 - 8) {
        const std::uint64_t word =
            *reinterpret_cast<volatile std::uint64_t*>(at + (offset & ~7ull));
        if (word != 0) EXPECT_EQ(word, 0);
    }
}

TEST_CASE(PREEMPT_0004, "revoke of an untyped full of threads, tables and pages") {
    const CPtr u = env.make(ObjectType::untyped, 20), table = env.make(ObjectType::cnode, 8);
    ASSERT_OK(sel4::untyped_retype(u, ObjectType::tcb, 0, Env::at(table), 0, 64));
    ASSERT_OK(sel4::untyped_retype(u, ObjectType::small_page, 0, Env::at(table), 64, 64));
    ASSERT_OK(sel4::untyped_retype(u, ObjectType::cnode, 5, Env::at(table), 128, 64));
    ASSERT_OK(sel4::untyped_retype(u, ObjectType::notification, 0, Env::at(table), 192, 64));
    static volatile std::uint64_t error;
    error = 99;
    const Interrupted seen =
        under_interrupts(env, [&] { error = error_of(sel4::cnode_revoke(Env::at(u))); });
    EXPECT_EQ(error, 0);
    EXPECT_TRUE(seen.interruptions >= 1);
    EXPECT_TRUE(seen.latest_us <= latency_bound_us);
    EXPECT_EQ(used_slots(env, table, 8), 0);
    const CPtr slot = env.slots();
    EXPECT_OK(sel4::untyped_retype(u, ObjectType::untyped, 20, Env::cnode, slot.raw()));
}

TEST_CASE(PREEMPT_0005, "V1: a revoke is spread over the periods of its context") {
    Alarm alarm(env);
    const CPtr e = env.make(ObjectType::endpoint), go = env.make(ObjectType::notification);
    full_cnode(env, 10, e, 600);
    static volatile std::uint64_t returned_at, error;
    returned_at = 0;
    error = 99;
    Thread& a = env.thread([&] {
        sel4::wait(go);
        error = error_of(sel4::cnode_revoke(Env::at(e)));
        returned_at = alarm.now_us();
    });
    env.settle();
    ASSERT_OK(sel4::sched_control_configure(env.sched_control, a.sched_context, 60, 500));
    static_cast<void>(sel4::sched_context_consumed(a.sched_context));
    sel4::signal(go);
    alarm.start();
    alarm.sleep_until(20'000);
    EXPECT_EQ(error, 0);
    EXPECT_TRUE(returned_at > 500);
    const auto used = sel4::sched_context_consumed(a.sched_context);
    ASSERT_OK(used);
    // Periods that passed times the budget bound what can have been used.
    EXPECT_TRUE(*used >= 60 && *used <= (returned_at / 500 + 1) * 60 + 20);
}

TEST_CASE(PREEMPT_0006, "V2: timeouts in the middle of a revoke are answered and it goes on") {
    Alarm alarm(env);
    const CPtr e = env.make(ObjectType::endpoint), go = env.make(ObjectType::notification);
    const CPtr handler = env.make(ObjectType::endpoint), reply = env.make(ObjectType::reply);
    const CPtr table = full_cnode(env, 10, e, 600);
    static volatile std::uint64_t faults, error;
    faults = 0;
    error = 99;
    env.thread(
        [=] {
            Received got = sel4::recv(handler, reply);
            while (true) {
                faults = faults + (got.info.word == MessageInfo::make(5, 2).word ? 1 : 1000);
                got = sel4::reply_recv(handler, reply, MessageInfo{});
            }
        },
        {.priority = 120});
    Thread& a = env.thread([=] {
        sel4::wait(go);
        error = error_of(sel4::cnode_revoke(Env::at(e)));
    });
    env.settle();
    ASSERT_OK(sel4::tcb_set_timeout_endpoint(a.tcb, handler));
    ASSERT_OK(sel4::sched_control_configure(env.sched_control, a.sched_context, 60, 500));
    sel4::signal(go);
    alarm.start();
    alarm.sleep_until(20'000);
    EXPECT_EQ(error, 0);
    EXPECT_TRUE(faults >= 1 && faults < 20);
    EXPECT_EQ(used_slots(env, table, 10), 0);
}

TEST_CASE(PREEMPT_0007, "another thread deletes what is being deleted") {
    const CPtr e = env.make(ObjectType::endpoint);
    const CPtr table = full_cnode(env, 11, e, 2048);
    static volatile std::uint64_t first_error, second_error;
    first_error = 99;
    second_error = 99;
    Alarm alarm(env);
    Thread& first = env.thread([&] { first_error = error_of(sel4::cnode_delete(Env::at(table))); });
    alarm.start();
    alarm.sleep_until(60);  // the first is in the middle of it now
    EXPECT_TRUE(!first.finished);
    second_error = error_of(sel4::cnode_delete(Env::at(table)));
    EXPECT_EQ(second_error, 0);
    EXPECT_EQ(sel4::debug_cap_identify(table), abi::CapTag::null);
    env.settle();
    EXPECT_EQ(first_error, 0);
}

TEST_CASE(PREEMPT_0008, "the thread in the middle of a revoke is deleted") {
    const CPtr e = env.make(ObjectType::endpoint);
    const CPtr table = full_cnode(env, 11, e, 2048);
    Alarm alarm(env);
    Thread& first = env.thread([&] { static_cast<void>(sel4::cnode_revoke(Env::at(e))); });
    alarm.start();
    alarm.sleep_until(60);
    EXPECT_TRUE(!first.finished);
    env.remove(first.tcb);
    EXPECT_TRUE(used_slots(env, table, 11) > 0);
    EXPECT_OK(sel4::cnode_revoke(Env::at(e)));
}

TEST_CASE(PREEMPT_0009, "a thread revokes the cnode it lives in") {
    const CPtr table = env.make(ObjectType::cnode, 4), root = env.slots();
    const CPtr handler = env.make(ObjectType::endpoint), reply = env.make(ObjectType::reply);
    ASSERT_OK(
        sel4::cnode_mint(Env::at(root), Env::at(table), abi::rights::all, abi::cnode_data(0, 60)));
    Thread& t = env.thread(
        [] {
            // Slot 1: the original cnode cap, whose children are this thread's roots.
            static_cast<void>(sel4::cnode_revoke(SlotPath{CPtr{1}, 1, 4}));
            sel4::nb_send(CPtr{1}, MessageInfo{});
            sel4::wait(CPtr{1});
        },
        {.start = ThreadOptions::Start::later, .fault_endpoint = sel4::null_cap});
    ASSERT_OK(sel4::tcb_set_space(t.tcb, env.mint(handler, 8), root, 0, Env::vspace));
    ASSERT_OK(sel4::cnode_move(SlotPath{root, 1, 64}, Env::at(table)));
    env.resume(t);
    env.settle();
    const Received fault = sel4::nb_recv(handler, reply);
    EXPECT_EQ(fault.badge, 8);
    EXPECT_EQ(fault.info.word, MessageInfo::make(1, 4).word);
    EXPECT_EQ(fault.words.mr[2], 1);
    EXPECT_EQ(fault.words.mr[3], LookupFailureType::invalid_root);
    // The cnode's only cap is inside it now: only its memory can be taken back.
    EXPECT_OK(sel4::cnode_revoke(Env::at(env.untyped)));
}

TEST_CASE(PREEMPT_0010, "V3: releases are served in the middle of a long revoke") {
    Alarm alarm(env);
    const CPtr e = env.make(ObjectType::endpoint);
    full_cnode(env, 11, e, 2000);
    Spinners s(env, alarm);
    static volatile std::uint64_t returned_at, error;
    returned_at = 0;
    error = 99;
    s.add({100, 200}, 110);
    s.add({50'000, 50'000}, 90, [&] {
        error = error_of(sel4::cnode_revoke(Env::at(e)));
        returned_at = alarm.now_us();
    });
    s.start();
    alarm.sleep_until(5000);
    EXPECT_EQ(error, 0);
    EXPECT_TRUE(returned_at > 300);
    for (unsigned i = 1; i < 6; ++i) {
        const std::uint64_t gap = traces[0].runs[i].from - traces[0].runs[i - 1].from;
        EXPECT_TRUE(gap >= 195 && gap <= 200 + latency_bound_us);
    }
}

/// Runs `operation` on 60 of every 500 microseconds; what it used in all.
template <typename Operation>
std::uint64_t on_a_small_budget(Env& env, Alarm& alarm, Operation operation) {
    const CPtr go = env.make(ObjectType::notification);
    Thread& a = env.thread([=] {
        sel4::wait(go);
        operation();
    });
    env.settle();
    EXPECT_OK(sel4::sched_control_configure(env.sched_control, a.sched_context, 60, 500));
    static_cast<void>(sel4::sched_context_consumed(a.sched_context));
    sel4::signal(go);
    alarm.start();
    alarm.sleep_until(8000);
    EXPECT_TRUE(a.finished);
    return sel4::sched_context_consumed(a.sched_context).value_or(0);
}

TEST_CASE(PREEMPT_0011, "V4: the reset of a used untyped on a small budget") {
    Alarm alarm(env);
    const CPtr u = env.make(ObjectType::untyped, 21), slot = env.slots();
    ASSERT_OK(sel4::untyped_retype(u, ObjectType::large_page, 0, Env::cnode, slot.raw()));
    env.remove(slot);
    static volatile std::uint64_t returned_at, error;
    error = 99;
    const std::uint64_t used = on_a_small_budget(env, alarm, [&alarm, u, slot] {
        error = error_of(sel4::untyped_retype(u, ObjectType::endpoint, 0, Env::cnode, slot.raw()));
        returned_at = alarm.now_us();
    });
    EXPECT_EQ(error, 0);
    EXPECT_EQ(sel4::debug_cap_identify(slot), abi::CapTag::endpoint);
    EXPECT_TRUE(used > 60);           // more than one period's budget,
    EXPECT_TRUE(returned_at >= 480);  // so it took more than one period
}

TEST_CASE(PREEMPT_0012, "V5: deletion of a cnode full of copies on a small budget") {
    Alarm alarm(env);
    const CPtr e = env.make(ObjectType::endpoint);
    const CPtr table = full_cnode(env, 11, e, 2048);
    static volatile std::uint64_t returned_at, error;
    error = 99;
    const std::uint64_t used = on_a_small_budget(env, alarm, [&alarm, table] {
        error = error_of(sel4::cnode_delete(Env::at(table)));
        returned_at = alarm.now_us();
    });
    EXPECT_EQ(error, 0);
    EXPECT_EQ(sel4::debug_cap_identify(table), abi::CapTag::null);
    EXPECT_TRUE(used > 60);
    EXPECT_TRUE(returned_at >= 480);
}

}  // namespace
}  // namespace target
