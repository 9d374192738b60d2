// SPDX-License-Identifier: BSD-2-Clause
// The fast paths must leave exactly what the general path leaves: the same random traffic of
// several threads is run once with and once without them, and all of memory is compared after each
// call.
#include "api/fastpath.hpp"
#include "cap/derivation.hpp"

#include <cstring>
#include <random>
#include <vector>

#include "object/endpoint.hpp"
#include "object/notification.hpp"
#include "object/reply.hpp"
#include "object/tcb_ops.hpp"
#include "world.hpp"

namespace numbat::test {
namespace {

using abi::ObjectType;
using abi::Syscall;

enum class Paths : std::uint8_t { fast, general };

class Fastpath : public World {
  protected:
    static constexpr unsigned threads = 6;
    enum Slots : std::uint64_t {
        tcbs = 20,
        contexts = 30,
        endpoints = 40,
        replies = 50,
        notification = 60,
        badged = 61,
        no_grant = 62
    };

    Tcb& thread(unsigned i) { return slot(tcbs + i).cap.as<TcbCap>().object(); }

    void build() {
        make(ObjectType::tcb, 0, tcbs, threads);
        make(ObjectType::sched_context, 7, contexts, threads);
        make(ObjectType::endpoint, 0, endpoints, 2);
        make(ObjectType::reply, 0, replies, 4);
        make(ObjectType::notification, 0, notification);
        mint(badged, endpoints, 0x99);
        invoke(cnode, abi::Invocation::cnode_mint, {no_grant, 64, endpoints, 64, 3, 7}, {cnode});
        for (unsigned i = 0; i < threads; ++i) {
            invoke(sched_control, abi::Invocation::sched_control_configure_flags,
                   {1000, i == 3 ? 5000u : 1000u, 0, 0, 0}, {contexts + i});
            invoke(tcbs + i, abi::Invocation::tcb_set_sched_params,
                   {
                       0,
                       100 + i % 3,
                   },
                   {tcb, contexts + i, 0});
            Tcb& t = thread(i);
            insert_copy(t.slot(TcbSlot::cspace), slot(cnode).cap, slot(cnode));
            if (i == 1) bind_notification(t, slot(notification).cap.as<NotificationCap>().object());
            resume(t);
        }
        // Two of them are passive from the start.
        for (const unsigned i : {4u, 5u}) unbind_tcb(*thread(i).sched_context);
        suspend(root());
        core.current->context.next_pc = 0x1000;
        schedule();
    }

    /// Some thread may be stuck for ever: let a random one try again.
    void shake(std::mt19937& random) {
        Tcb& t = thread(static_cast<unsigned>(random() % threads));
        if (t.sched_context == nullptr) {
            for (unsigned i = 0; i < threads; ++i) {
                auto& context = slot(contexts + i).cap.as<SchedContextCap>().object();
                if (context.tcb == nullptr) {
                    bind_tcb(context, t);
                    break;
                }
            }
        }
        resume(t);
        schedule();
    }

    void step(std::mt19937& random, Paths paths) {
        if (core.current == core.idle) return shake(random);
        arch::Context& context = core.current->context;
        static constexpr Syscall numbers[] = {
            Syscall::call, Syscall::call, Syscall::reply_recv, Syscall::reply_recv,
            Syscall::recv, Syscall::send, Syscall::nb_send,    Syscall::wait};
        const Syscall number = numbers[random() % std::size(numbers)];
        static constexpr std::uint64_t targets[] = {endpoints, endpoints + 1, badged,
                                                    no_grant,  notification,  900};
        context.x[0] = targets[random() % (random() % 4 == 0 ? 6 : 3)];
        if (number == Syscall::send && random() % 2 == 0) context.x[0] = notification;
        context.x[1] = abi::MessageInfo::make(random() % 1000, random() % 6, 0, random() % 8).word;
        for (unsigned i = 0; i < 4; ++i) context.x[2 + i] = random();
        context.x[6] = replies + random() % 4;
        context.restart_pc = context.next_pc;
        context.next_pc += 4;
        context.x[7] = static_cast<std::uint64_t>(number);
        if (paths == Paths::fast) {
            kernel_syscall(context.x[0], context.x[1], context.x[2], context.x[3], context.x[4],
                           context.x[5], context.x[6], static_cast<std::int64_t>(number));
        } else {
            general_syscall(number);
        }
    }

    /// An interrupt or a fault instead of a system call.
    void disturb(std::mt19937& random) {
        if (core.current != core.idle && random() % 2 == 0) {
            arch::Context& context = core.current->context;
            context.restart_pc = context.next_pc;
            kernel_vm_fault(0x1000, 0x92000047, false);
            return;
        }
        fake::state.next_irq = abi::kernel_timer_irq;
        kernel_irq();
    }

    /// What must be equal. Time stands still, since the fast path charges it later.
    std::vector<std::uint64_t> picture() {
        std::vector<std::uint64_t> words;
        const auto put = [&](auto value) {
            if constexpr (std::is_pointer_v<decltype(value)>) {
                words.push_back(reinterpret_cast<std::uint64_t>(value));
            } else {
                words.push_back(static_cast<std::uint64_t>(value));
            }
        };
        put(core.current);
        for (unsigned i = 0; i < threads; ++i) {
            const Tcb& t = thread(i);
            for (const std::uint64_t x : t.context.x) put(x);
            put(t.context.next_pc);
            put(static_cast<unsigned>(t.state));
            put(static_cast<unsigned>(t.queued_in));
            put(t.sched_context);
            put(t.reply);
            put(static_cast<unsigned>(t.fault.kind));
            const auto& context = slot(contexts + i).cap.as<SchedContextCap>().object();
            put(context.tcb);
            put(context.reply);
        }
        for (unsigned i = 0; i < 4; ++i) {
            const auto& reply = slot(replies + i).cap.as<ReplyCap>().object();
            put(reply.tcb);
            put(reply.previous);
            put(reply.next_or_context);
        }
        for (const std::uint64_t e : {endpoints + 0, endpoints + 1}) {
            const auto& endpoint = slot(e).cap.as<EndpointCap>().object();
            put(static_cast<unsigned>(endpoint.state()));
            for (const Tcb* t = endpoint.head(); t != nullptr; t = t->queue.next) put(t);
        }
        const auto& n = slot(notification).cap.as<NotificationCap>().object();
        put(static_cast<std::uint64_t>(n.state));
        put(n.word);
        return words;
    }
};

TEST_F(Fastpath, SameResultAsTheGeneralPath) {
    for (unsigned seed = 0; seed < 40; ++seed) {
        std::vector<std::vector<std::uint64_t>> pictures;
        for (const Paths paths : {Paths::fast, Paths::general}) {
            SetUp();
            build();
            std::mt19937 random(seed);
            for (unsigned i = 0; i < 400; ++i) {
                step(random, paths);
                if (paths == Paths::fast) {
                    pictures.push_back(picture());
                } else {
                    ASSERT_EQ(picture(), pictures[i]) << "seed " << seed << " step " << i;
                }
            }
        }
    }
}

// The clock may jump between any two looks at it (the machine's own host was busy): no context may
// then be charged more than it has.
TEST_F(Fastpath, NoTimeIsMadeOrLostWhenTheClockJumps) {
    for (unsigned seed = 0; seed < 40; ++seed) {
        SetUp();
        build();
        for (unsigned i = 0; i < threads; ++i) {
            Tcb& t = thread(i);
            insert_copy(t.slot(TcbSlot::fault_endpoint), slot(endpoints + i % 2).cap,
                        slot(endpoints + i % 2));
        }
        std::mt19937 random(seed);
        fake::state.passing = [&random] {
            return random() % 8 == 0 ? random() % abi::us_to_ticks(3000) : random() % 100;
        };
        for (unsigned i = 0; i < 2000; ++i) {
            if (random() % 3 == 0) {
                disturb(random);
            } else {
                step(random, Paths::fast);
            }
            for (unsigned c = 0; c < threads; ++c) {
                const auto& context = slot(contexts + c).cap.as<SchedContextCap>().object();
                Ticks sum = 0;
                for (unsigned n = 0; n < context.count; ++n) {
                    const Refill& refill = context.refills[(context.head + n) % context.refill_max];
                    ASSERT_LE(refill.amount, abi::us_to_ticks(1000))
                        << "seed " << seed << " step " << i << " context " << c;
                    sum += refill.amount;
                }
                ASSERT_EQ(sum + refill::used_of_slice(context), abi::us_to_ticks(1000))
                    << "seed " << seed << " step " << i << " context " << c;
            }
        }
    }
}

TEST_F(Fastpath, CallAndReplySwitchDirectly) {
    build();
    Tcb& client = thread(0);
    Tcb& server = thread(4);
    for (unsigned i = 0; i < threads; ++i) suspend(thread(i));
    auto& lent = slot(contexts + 4).cap.as<SchedContextCap>().object();
    bind_tcb(lent, server);
    resume(server);
    ASSERT_EQ(schedule(), &server);
    server.context.x[0] = endpoints;
    server.context.x[6] = replies;
    enter(Syscall::recv);
    unbind_tcb(lent);
    resume(client);
    ASSERT_EQ(schedule(), &client);
    client.context.x[0] = badged;
    client.context.x[1] = abi::MessageInfo::make(5, 2).word;
    client.context.x[2] = 11;
    client.context.x[3] = 12;
    const unsigned before = fake::state.switches;
    EXPECT_EQ(enter(Syscall::call), &server);
    EXPECT_EQ(fake::state.switches, before + 1);
    EXPECT_EQ(server.context.x[0], 0x99u);
    EXPECT_EQ(server.context.x[1], abi::MessageInfo::make(5, 2).word);
    EXPECT_EQ(server.context.x[3], 12u);
    EXPECT_EQ(server.sched_context->reply->tcb, &client);
    server.context.x[0] = endpoints;
    server.context.x[1] = abi::MessageInfo::make(6, 1).word;
    server.context.x[2] = 13;
    EXPECT_EQ(enter(Syscall::reply_recv), &client);
    EXPECT_EQ(client.context.x[0], 0u);
    EXPECT_EQ(client.context.x[2], 13u);
    EXPECT_EQ(client.context.x[3], 12u);
    EXPECT_EQ(server.sched_context, nullptr);
    EXPECT_EQ(client.sched_context->tcb, &client);
}

}  // namespace
}  // namespace numbat::test
