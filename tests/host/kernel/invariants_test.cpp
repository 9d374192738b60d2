// SPDX-License-Identifier: BSD-2-Clause
// The invariant checker itself: it is silent about a healthy system and names what was broken in
// it.
#include "check/invariants.hpp"

#include "crowd.hpp"
#include "object/asid.hpp"
#include "object/endpoint.hpp"
#include "object/notification.hpp"
#include "object/reply.hpp"
#include "page_table.hpp"

namespace numbat::test {
namespace {

using abi::ObjectType;

class Invariants : public World {
  protected:
    void SetUp() override {
        World::SetUp();
        make(ObjectType::tcb, 0, 20);
        make(ObjectType::sched_context, 8, 21);
        make(ObjectType::endpoint, 0, 22);
        make(ObjectType::notification, 0, 23);
        make(ObjectType::reply, 0, 24);
        EXPECT_EQ(invoke(sched_control, abi::Invocation::sched_control_configure_flags,
                         {1000, 5000, 0, 0, 0}, {21})
                      .error,
                  abi::Error::none);
        EXPECT_EQ(invoke(21, abi::Invocation::sched_context_bind, {}, {20}).error,
                  abi::Error::none);
        invoke(20, abi::Invocation::tcb_resume, {});
        EXPECT_STREQ(check::violated_invariant(), nullptr);
    }

    Tcb& thread() { return slot(20).cap.as<TcbCap>().object(); }
    SchedContext& context() { return slot(21).cap.as<SchedContextCap>().object(); }

    /// Sets `place` to `value`, expects the complaint, and repairs it.
    template <typename T>
    void breaks(T& place, T value, const char* complaint) {
        const T before = place;
        place = value;
        EXPECT_STREQ(check::violated_invariant(), complaint);
        place = before;
        EXPECT_STREQ(check::violated_invariant(), nullptr);
    }
};

TEST_F(Invariants, Threads) {
    breaks(thread().queued_in, QueuedIn::none, "queue: a thread does not know that it is in it");
    breaks(thread().priority, std::uint8_t{7}, "ready queue: of another priority");
    breaks(thread().state, ThreadState::inactive, "ready queue: a thread is not runnable");
    breaks(thread().queue.previous, &root(), "queue: a link back is wrong");
    breaks(thread().fault.kind, FaultKind::vm, "thread: a fault without a handler to wait for");
    breaks(thread().reply, &slot(24).cap.as<ReplyCap>().object(),
           "thread: its reply object belongs to another");
    breaks(thread().bound_notification, &slot(23).cap.as<NotificationCap>().object(),
           "thread: its notification is bound to another");
    breaks(thread().yield_to, root().sched_context,
           "thread: its YieldTo is unknown to the context");
    breaks(root().state, ThreadState::blocked_on_reply, "scheduler: the running thread is not");
    core.decision = Decision::choose;
    EXPECT_STREQ(check::violated_invariant(), "scheduler: a decision was left open");
    core.decision = Decision::keep;
    EXPECT_STREQ(check::violated_invariant(), nullptr);
}

TEST_F(Invariants, Contexts) {
    breaks<Tcb*>(context().tcb, nullptr, "thread: its context is bound to another");
    breaks<Ticks>(refill::head(context()).amount, 100, "context: an unusable head");
    breaks<Ticks>(refill::head(context()).time, core.now + 1'000'000,
                  "ready queue: a budget lies in the future");
    breaks(context().count, 9u, "context: the ring of refills is malformed");
    breaks(context().reply, &slot(24).cap.as<ReplyCap>().object(), "call chain: a link is wrong");
    breaks(context().yield_from, &thread(), "context: of a YieldTo that nobody waits in");
    const Refill& head = refill::head(context());
    context().count = 2;
    context().refills[1] = {head.time + head.amount, 10};
    breaks<Refill>(context().refills[1], {refill::head(context()).time + 5, 10},
                   "context: refills overlap");
}

TEST_F(Invariants, Objects) {
    auto& notification = slot(23).cap.as<NotificationCap>().object();
    breaks(notification.state, NotificationState::waiting,
           "notification: waiting without waiters, or the opposite");
    breaks(notification.bound_tcb, &thread(), "notification: bound to a thread that does not know");
    breaks(notification.sched_context, &context(),
           "notification: bound to a context that does not know");
    auto& reply = slot(24).cap.as<ReplyCap>().object();
    breaks(reply.tcb, &thread(), "reply: its owner has another reply object");
    breaks(reply.next_or_context, reinterpret_cast<std::uint64_t>(&context()) | 1,
           "reply: free, but in a chain");
    auto& endpoint = *reinterpret_cast<std::uint64_t*>(&slot(22).cap.as<EndpointCap>().object());
    breaks<std::uint64_t>(endpoint, 2, "endpoint: idle with waiters, or the opposite");
}

TEST_F(Invariants, Capabilities) {
    Slot& tree = slot(untyped);
    breaks<std::uint64_t>(tree.cap.word1, 0, "untyped: an object above the watermark");
    Slot* const next = tree.next();
    Slot* const previous = next->previous();
    next->set_previous(next);
    EXPECT_STREQ(check::violated_invariant(), "derivation list: a link back is wrong");
    next->set_previous(previous);
    EXPECT_STREQ(check::violated_invariant(), nullptr);
}

TEST_F(Invariants, Mappings) {
    constexpr std::uint64_t pool_at = 0x8000, table_at = 0x9000;
    const auto memory = [](std::uint64_t offset) {
        return arch::kernel_pointer(PAddr(fake::ram_start + offset));
    };
    auto* table = static_cast<std::uint64_t*>(memory(table_at));
    const Asid asid = register_boot_pool(*static_cast<AsidPool*>(memory(pool_at)), table);
    EXPECT_STREQ(check::violated_invariant(), "ASID: an address space without a capability");
    insert_initial_cap(slot(30), VSpaceCap::make(table, asid));
    EXPECT_STREQ(check::violated_invariant(), nullptr);
    breaks<std::uint64_t>(
        table[3], arch::user_page_entry(PAddr(fake::ram_start), 30, FrameRights::read_write, 1),
        "mapping: a page that no capability accounts for");
    std::uint64_t* const empty = static_cast<std::uint64_t*>(memory(0xa000));
    breaks<std::uint64_t>(table[3], arch::table_entry(arch::physical_address(empty)),
                          "mapping: a table that no capability accounts for");
}

}  // namespace
}  // namespace numbat::test
