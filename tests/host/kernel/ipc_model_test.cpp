// SPDX-License-Identifier: BSD-2-Clause
// All sequences of system calls of three threads with an endpoint, a notification (bound to one of
// them, lending a context), two reply objects and a passive server, down to a depth: after each
// call the invariants hold, no context is lost, and who waits for a reply can be answered.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "check/invariants.hpp"
#include "explore.hpp"
#include "object/endpoint.hpp"
#include "object/notification.hpp"
#include "object/reply.hpp"
#include "object/tcb_ops.hpp"
#include "world.hpp"

namespace numbat::test {
namespace {

using abi::ObjectType;
using abi::Syscall;
using Label = abi::Invocation;

unsigned depth_from(const char* name, unsigned otherwise) {
    const char* text = std::getenv(name);
    return text == nullptr ? otherwise : static_cast<unsigned>(std::strtoul(text, nullptr, 0));
}

class IpcModel : public World {
  public:
    static constexpr unsigned threads = 3;
    enum Slots : std::uint64_t {
        tcbs = 20,
        scs = 23,
        endpoint = 26,
        badged,
        no_grant,
        notification,
        reply_1,
        reply_2,
        handler,
        spare_reply,
    };

    struct Action {
        const char* name;
        enum Kind { call, invoke, outside } kind;
        Syscall number;
        std::uint64_t x0, x6, x8;
        Label label;        // invoke
        std::uint64_t cap;  // invoke: one extra capability, 0: none
    };

    void begin() {
        make(ObjectType::tcb, 0, tcbs, threads);
        make(ObjectType::sched_context, 8, scs, threads);
        make(ObjectType::endpoint, 0, endpoint);
        make(ObjectType::notification, 0, notification);
        make(ObjectType::reply, 0, reply_1, 2);
        make(ObjectType::endpoint, 0, handler);
        mint(badged, endpoint, 7);
        invoke(cnode, Label::cnode_copy, {no_grant, 64, endpoint, 64, 3}, {cnode});
        for (unsigned i = 0; i < threads; ++i) {
            invoke(sched_control, Label::sched_control_configure_flags, {5000, 5000, 0, 0, 0},
                   {scs + i});
            insert_copy(thread(i).slot(TcbSlot::cspace), slot(cnode).cap, slot(cnode));
            insert_copy(thread(i).slot(TcbSlot::fault_endpoint), slot(handler).cap, slot(handler));
            invoke(tcbs + i, Label::tcb_set_sched_params, {200, 100}, {tcb, scs + i, handler});
            invoke(tcbs + i, Label::tcb_resume, {});
        }
        invoke(tcbs + 2, Label::tcb_bind_notification, {}, {notification});
        invoke(scs + 2, Label::sched_context_bind, {}, {notification});
        // The root is no part of the model.
        suspend(root());
        schedule();
    }

    static constexpr Action list[] = {
        {"Call", Action::call, Syscall::call, badged, 0, 0, {}, 0},
        {"Call without grant", Action::call, Syscall::call, no_grant, 0, 0, {}, 0},
        {"Send", Action::call, Syscall::send, endpoint, 0, 0, {}, 0},
        {"NBSend", Action::call, Syscall::nb_send, endpoint, 0, 0, {}, 0},
        {"Recv r1", Action::call, Syscall::recv, endpoint, reply_1, 0, {}, 0},
        {"Recv r2", Action::call, Syscall::recv, endpoint, reply_2, 0, {}, 0},
        {"Wait", Action::call, Syscall::wait, endpoint, 0, 0, {}, 0},
        {"NBRecv r1", Action::call, Syscall::nb_recv, endpoint, reply_1, 0, {}, 0},
        {"ReplyRecv r1", Action::call, Syscall::reply_recv, endpoint, reply_1, 0, {}, 0},
        {"ReplyRecv r2", Action::call, Syscall::reply_recv, endpoint, reply_2, 0, {}, 0},
        {"Send r1", Action::call, Syscall::send, reply_1, 0, 0, {}, 0},
        {"NBSendRecv", Action::call, Syscall::nb_send_recv, endpoint, reply_2, endpoint, {}, 0},
        {"NBSendWait", Action::call, Syscall::nb_send_wait, notification, endpoint, 0, {}, 0},
        {"Signal", Action::call, Syscall::send, notification, 0, 0, {}, 0},
        {"Wait for the signal", Action::call, Syscall::wait, notification, 0, 0, {}, 0},
        {"Yield", Action::call, Syscall::yield, 0, 0, 0, {}, 0},
        {"fault", Action::call, static_cast<Syscall>(-99), 0, 0, 0, {}, 0},
        {"Recv fault r1", Action::call, Syscall::recv, handler, reply_1, 0, {}, 0},
        {"suspend 0", Action::invoke, Syscall::call, tcbs, 0, 0, Label::tcb_suspend, 0},
        {"suspend 1", Action::invoke, Syscall::call, tcbs + 1, 0, 0, Label::tcb_suspend, 0},
        {"resume 0", Action::invoke, Syscall::call, tcbs, 0, 0, Label::tcb_resume, 0},
        {"resume 1", Action::invoke, Syscall::call, tcbs + 1, 0, 0, Label::tcb_resume, 0},
        {"resume 2", Action::invoke, Syscall::call, tcbs + 2, 0, 0, Label::tcb_resume, 0},
        {"unbind context 1", Action::invoke, Syscall::call, scs + 1, 0, 0,
         Label::sched_context_unbind, 0},
        {"take context 1 from 1", Action::invoke, Syscall::call, scs + 1, 0, 0,
         Label::sched_context_unbind_object, tcbs + 1},
        {"bind context 1 to 1", Action::invoke, Syscall::call, scs + 1, 0, 0,
         Label::sched_context_bind, tcbs + 1},
        {"bind context 1 to 0", Action::invoke, Syscall::call, scs + 1, 0, 0,
         Label::sched_context_bind, tcbs},
        {"yield to context 0", Action::invoke, Syscall::call, scs, 0, 0,
         Label::sched_context_yield_to, 0},
        {"outside: resume 0", Action::outside, Syscall::call, 0, 0, 0, {}, 0},
        {"outside: signal", Action::outside, Syscall::call, 1, 0, 0, {}, 0},
    };

    unsigned actions() const { return std::size(list); }
    std::string name(unsigned index) const { return list[index].name; }

    bool act(unsigned index) {
        const Action& action = list[index];
        const bool idle = core.current->state == ThreadState::idle;
        if (idle != (action.kind == Action::outside)) return false;
        if (idle) {
            if (action.x0 == 0) {
                resume(thread(0));
            } else {
                signal(slot(notification).cap.as<NotificationCap>().object(), 1);
            }
            core.set_timer = true;
            schedule();
            return true;
        }
        arch::Context& context = core.current->context;
        context.x[0] = action.x0;
        context.x[1] = action.kind == Action::invoke
                           ? abi::MessageInfo::make(static_cast<std::uint64_t>(action.label), 0,
                                                    action.cap != 0 ? 1 : 0)
                                 .word
                           : 0;
        context.x[6] = action.x6;
        context.x[8] = action.x8;
        buffer().caps_or_badges[0] = action.cap;
        if (action.cap != 0) {
            // The threads share the root's buffer.
            Slot& frame = core.current->slot(TcbSlot::ipc_buffer);
            if (frame.empty()) insert_copy(frame, root_frame(), root_frame_slot());
            core.current->ipc_buffer = root().ipc_buffer;
        }
        enter(action.number);
        return true;
    }

    const char* broken() {
        for (unsigned i = 0; i < threads; ++i) {
            const SchedContext& context = slot(scs + i).cap.as<SchedContextCap>().object();
            Ticks sum = 0;
            for (std::uint32_t r = 0; r < context.count; ++r) sum += context.refills[r].amount;
            if (sum != abi::us_to_ticks(5000)) return "a budget has changed";
        }
        return check::violated_invariant();
    }

    /// Everything but registers and times.
    std::string signature() {
        std::string text;
        const auto add = [&text](std::uint64_t value) { text.push_back(static_cast<char>(value)); };
        add(number_of(core.current));
        add(number_of(core.ready.held()));
        for (const Tcb* t = core.ready.queue(100).head; t != nullptr; t = t->queue.next) {
            add(number_of(t));
        }
        add(0xff);
        for (unsigned i = 0; i < threads; ++i) {
            const Tcb& t = thread(i);
            add(static_cast<std::uint64_t>(t.state));
            add(static_cast<std::uint64_t>(t.fault.kind));
            add(t.sched_context == nullptr ? 9 : context_number(t.sched_context));
            add(reply_number(t.reply));
            add(t.send_is_call | t.send_can_grant << 1);
            add(t.blocked() && t.queued_in == QueuedIn::ipc
                    ? (reinterpret_cast<std::uint64_t>(t.blocked_endpoint) >> 4)
                    : 0);
            add(t.yield_to == nullptr ? 0 : 1);
        }
        for (const std::uint64_t which : {endpoint, handler}) {
            const Endpoint& e = slot(which).cap.as<EndpointCap>().object();
            for (const Tcb* t = e.head(); t != nullptr; t = t->queue.next) add(number_of(t));
            add(0xfe);
        }
        const Notification& n = slot(notification).cap.as<NotificationCap>().object();
        add(static_cast<std::uint64_t>(n.state));
        for (const Tcb* t = n.waiters.head; t != nullptr; t = t->queue.next) add(number_of(t));
        for (const std::uint64_t which : {reply_1, reply_2}) {
            const Reply& r = slot(which).cap.as<ReplyCap>().object();
            add(number_of(r.tcb));
            add(reply_number(r.previous));
            add(reply_number(r.next()));
            add(r.context() == nullptr ? 9 : context_number(r.context()));
        }
        for (unsigned i = 0; i < threads; ++i) {
            add(number_of(slot(scs + i).cap.as<SchedContextCap>().object().tcb));
        }
        return text;
    }

  private:
    Tcb& thread(unsigned index) { return slot(tcbs + index).cap.as<TcbCap>().object(); }
    Slot& root_frame_slot() { return root().slot(TcbSlot::ipc_buffer); }
    Cap root_frame() { return root_frame_slot().cap; }
    std::uint64_t number_of(const Tcb* t) {
        for (unsigned i = 0; i < threads; ++i) {
            if (t == &thread(i)) return i + 1;
        }
        return t == nullptr ? 0 : 8;
    }
    std::uint64_t context_number(const SchedContext* context) {
        for (unsigned i = 0; i < threads; ++i) {
            if (context == &slot(scs + i).cap.as<SchedContextCap>().object()) return i + 1;
        }
        return 8;
    }
    std::uint64_t reply_number(const Reply* reply) {
        if (reply == nullptr) return 0;
        return reply == &slot(reply_1).cap.as<ReplyCap>().object() ? 1 : 2;
    }
};

// What the world's objects, the root's CNode and the first untyped pages lie in (world.cpp).
const Snapshot::Ranges used_memory = {
    {0x4000, 0x7000}, {0x10000, 0x11000}, {1u << 24, (1u << 24) + 0x4000}};

TEST_F(IpcModel, AllSequencesKeepTheInvariants) {
    begin();
    ASSERT_STREQ(broken(), nullptr);
    Explorer explorer(*this, used_memory);
    const Explored result = explorer.run(depth_from("SOS_MODEL_DEPTH", 5));
    std::printf("%zu states, %zu steps\n", result.states, result.steps);
    EXPECT_EQ(result.complaint, "");
    EXPECT_GT(result.states, 1000u);
}

}  // namespace
}  // namespace numbat::test
