// SPDX-License-Identifier: BSD-2-Clause
// Interrupts: issuing, delivery, masking. The EL1 physical timer is the source (level), and the
// software generated interrupts.
#include "sel4/irq.hpp"

#include "env.hpp"

namespace target {
namespace {

using enum Invocation;
constexpr std::uint64_t timer_irq = 30;

void fire_timer() {
    asm volatile("msr cntp_cval_el0, xzr\n\tmsr cntp_ctl_el0, %0\n\tisb" ::"r"(std::uint64_t{1})
                 : "memory");
}
void stop_timer() {
    asm volatile("msr cntp_ctl_el0, %0\n\tisb" ::"r"(std::uint64_t{2}) : "memory");
}

TEST_CASE(IRQ_0001, "every error of issuing handlers") {
    const CPtr used = env.make(ObjectType::endpoint), slot = env.slots();
    const std::uint64_t at = slot.raw();
    const CPtr control = Env::irq_control;
    const Caps root{Env::cnode};
    const Wrong rows[] = {
        {"short", control, irq_control_get, {40, at}, root, Error::truncated_message, {}},
        {"no root", control, irq_control_get, {40, at, 64}, {}, Error::truncated_message, {}},
        {"160", control, irq_control_get, {160, at, 64}, root, Error::range_error, {0, 159}},
        {"huge", control, irq_control_get, {~0ull, at, 64}, root, Error::range_error, {0, 159}},
        {"the kernel's timer",
         control,
         irq_control_get,
         {27, at, 64},
         root,
         Error::revoke_first,
         {}},
        {"depth", control, irq_control_get, {40, at, 0}, root, Error::range_error, {1, 64}},
        {"guard",
         control,
         irq_control_get,
         {40, at, 12},
         root,
         Error::failed_lookup,
         {0, 4, 12, 0, 52}},
        {"slot in use",
         control,
         irq_control_get,
         {40, used.raw(), 64},
         root,
         Error::delete_first,
         {}},
        {"trigger, short",
         control,
         irq_control_get_trigger,
         {40, 1, at},
         root,
         Error::truncated_message,
         {}},
        {"trigger, 160",
         control,
         irq_control_get_trigger,
         {160, 1, at, 64},
         root,
         Error::range_error,
         {0, 159}},
        {"trigger, kernel",
         control,
         irq_control_get_trigger,
         {27, 1, at, 64},
         root,
         Error::revoke_first,
         {}},
        {"sgi, short",
         control,
         irq_control_issue_sgi_signal,
         {1, 0, at},
         root,
         Error::truncated_message,
         {}},
        {"sgi 16",
         control,
         irq_control_issue_sgi_signal,
         {16, 0, at, 64},
         root,
         Error::range_error,
         {0, 15}},
        {"sgi to 8",
         control,
         irq_control_issue_sgi_signal,
         {1, 8, at, 64},
         root,
         Error::invalid_argument,
         {1}},
        {"sgi, slot in use",
         control,
         irq_control_issue_sgi_signal,
         {1, 0, used.raw(), 64},
         root,
         Error::delete_first,
         {}},
    };
    EXPECT_WRONG(rows);
    ASSERT_OK(sel4::irq_control_get(control, 40, Env::at(slot)));
    const CPtr second = env.slots();
    EXPECT_REPLY(raw(control, irq_control_get, {40, second.raw(), 64}, root), Error::revoke_first);
    env.remove(slot);
    EXPECT_OK(sel4::irq_control_get(control, 40, Env::at(second)));
    EXPECT_OK(sel4::irq_control_get(control, 159, Env::at(slot)));
    EXPECT_EQ(sel4::debug_cap_identify(slot), abi::CapTag::irq_handler);
}

TEST_CASE(IRQ_0002, "handlers are children of IRQControl") {
    const CPtr first = env.slots(), second = env.slots();
    ASSERT_OK(sel4::irq_control_get(Env::irq_control, 50, Env::at(first)));
    ASSERT_OK(sel4::irq_control_issue_sgi_signal(Env::irq_control, 3, 0, Env::at(second)));
    const CPtr copy = env.copy(first);
    EXPECT_OK(sel4::cnode_revoke(Env::at(first)));
    EXPECT_EQ(sel4::debug_cap_identify(copy), abi::CapTag::null);
    EXPECT_OK(sel4::cnode_revoke(Env::at(Env::irq_control)));
    EXPECT_EQ(sel4::debug_cap_identify(first), abi::CapTag::null);
    EXPECT_EQ(sel4::debug_cap_identify(second), abi::CapTag::null);
    EXPECT_OK(sel4::irq_control_get(Env::irq_control, 50, Env::at(first)));
}

TEST_CASE(IRQ_0003, "notification of a handler: errors and badge") {
    const CPtr handler = env.slots(), n = env.make(ObjectType::notification);
    ASSERT_OK(sel4::irq_control_get(Env::irq_control, 51, Env::at(handler)));
    EXPECT_REPLY(raw(handler, irq_handler_set_notification), Error::truncated_message);
    EXPECT_REPLY(raw(handler, irq_handler_set_notification, {}, {Env::cnode}),
                 Error::invalid_capability, 0);
    EXPECT_REPLY(raw(handler, irq_handler_set_notification, {}, {env.copy(n, abi::rights::read)}),
                 Error::invalid_capability, 0);
    EXPECT_REPLY(raw(handler, irq_handler_set_notification, {}, {n}), Error::none);
    EXPECT_REPLY(raw(handler, irq_handler_set_notification, {}, {env.mint(n, 1)}), Error::none);
    EXPECT_REPLY(raw(handler, irq_handler_clear), Error::none);
    EXPECT_REPLY(raw(handler, irq_handler_clear), Error::none);
    EXPECT_REPLY(raw(handler, irq_handler_ack), Error::none);
}

TEST_CASE(IRQ_0004, "a level interrupt: once until it is acknowledged") {
    const CPtr handler = env.slots(), n = env.make(ObjectType::notification);
    stop_timer();
    ASSERT_OK(sel4::irq_control_get(Env::irq_control, timer_irq, Env::at(handler)));
    ASSERT_OK(sel4::irq_handler_set_notification(handler, env.mint(n, 0x10)));
    EXPECT_EQ(sel4::nb_wait(n).badge, 0);
    fire_timer();
    EXPECT_EQ(sel4::nb_wait(n).badge, 0x10);
    EXPECT_EQ(sel4::nb_wait(n).badge, 0);  // masked, though the line is high
    ASSERT_OK(sel4::irq_handler_ack(handler));
    EXPECT_EQ(sel4::nb_wait(n).badge, 0x10);  // still high
    stop_timer();
    ASSERT_OK(sel4::irq_handler_ack(handler));
    EXPECT_EQ(sel4::nb_wait(n).badge, 0);
    fire_timer();
    EXPECT_EQ(sel4::nb_wait(n).badge, 0x10);
    // The badge is added to what is there.
    sel4::signal(env.mint(n, 1));
    ASSERT_OK(sel4::irq_handler_ack(handler));
    EXPECT_EQ(sel4::nb_wait(n).badge, 0x11);
    stop_timer();
    ASSERT_OK(sel4::irq_handler_ack(handler));
}

TEST_CASE(IRQ_0005, "without a target: lost until acknowledged") {
    const CPtr handler = env.slots(), n = env.make(ObjectType::notification);
    stop_timer();
    ASSERT_OK(sel4::irq_control_get(Env::irq_control, timer_irq, Env::at(handler)));
    fire_timer();
    burn(1000);
    ASSERT_OK(sel4::irq_handler_set_notification(handler, env.mint(n, 2)));
    EXPECT_EQ(sel4::nb_wait(n).badge, 0);
    ASSERT_OK(sel4::irq_handler_ack(handler));
    EXPECT_EQ(sel4::nb_wait(n).badge, 2);
    ASSERT_OK(sel4::irq_handler_clear(handler));
    ASSERT_OK(sel4::irq_handler_ack(handler));
    burn(1000);
    EXPECT_EQ(sel4::nb_wait(n).badge, 0);
    stop_timer();
    ASSERT_OK(sel4::irq_handler_ack(handler));
    // Deleted and issued again the interrupt is enabled again.
    fire_timer();
    env.remove(handler);
    ASSERT_OK(sel4::irq_control_get(Env::irq_control, timer_irq, Env::at(handler)));
    ASSERT_OK(sel4::irq_handler_set_notification(handler, env.mint(n, 4)));
    ASSERT_OK(sel4::irq_handler_ack(handler));
    EXPECT_EQ(sel4::nb_wait(n).badge, 4);
    stop_timer();
}

TEST_CASE(IRQ_0006, "an interrupt preempts; registers of the interrupted thread are intact") {
    const CPtr handler = env.slots(), n = env.make(ObjectType::notification);
    static volatile std::uint64_t interrupts, wrong, rounds;
    interrupts = 0;
    wrong = 0;
    rounds = 0;
    stop_timer();
    ASSERT_OK(sel4::irq_control_get(Env::irq_control, timer_irq, Env::at(handler)));
    ASSERT_OK(sel4::irq_handler_set_notification(handler, env.mint(n, 1)));
    env.thread(
        [=] {
            while (interrupts < 300) {
                // Ever another distance, so that it hits every instruction of the loop below.
                const std::uint64_t at = now_ticks() + 60 + interrupts % 64;
                asm volatile("msr cntp_cval_el0, %0\n\tmsr cntp_ctl_el0, %1\n\tisb" ::"r"(at),
                             "r"(std::uint64_t{1})
                             : "memory");
                sel4::wait(n);
                stop_timer();
                static_cast<void>(sel4::irq_handler_ack(handler));
                interrupts = interrupts + 1;
            }
        },
        {.priority = 120, .mcp = 255});
    env.thread([] {
        while (interrupts < 300) {
            std::uint64_t bad = 0;
            asm volatile(
                R"(
                mov x9, #0x1111
                mov x10, #0x2222
                mov x11, #0x3333
                mov x15, #0x4444
                mov x17, #0x5555
                mov x19, #0x6666
                mov x28, #0x7777
                mov x12, #200
             1: eor x9, x9, x10
                eor x9, x9, x10
                cmp x28, x28
                b.ne 2f
                subs x12, x12, #1
                b.ne 1b
             2: mov x14, #0x1111
                eor %0, x9, x14
                orr %0, %0, x12
                mov x14, #0x2222
                eor x14, x14, x10
                orr %0, %0, x14
                mov x14, #0x3333
                eor x14, x14, x11
                orr %0, %0, x14
                mov x14, #0x4444
                eor x14, x14, x15
                orr %0, %0, x14
                mov x14, #0x5555
                eor x14, x14, x17
                orr %0, %0, x14
                mov x14, #0x6666
                eor x14, x14, x19
                orr %0, %0, x14
                mov x14, #0x7777
                eor x14, x14, x28
                orr %0, %0, x14
                )"
                : "=&r"(bad)
                :
                : "x9", "x10", "x11", "x12", "x14", "x15", "x17", "x19", "x28", "cc");
            if (bad != 0) wrong = wrong + 1;
            rounds = rounds + 1;
        }
    });
    env.settle();
    EXPECT_EQ(interrupts, 300);
    EXPECT_EQ(wrong, 0);
    EXPECT_TRUE(rounds > 10);
}

TEST_CASE(IRQ_0007, "software generated interrupts") {
    const CPtr handler = env.slots(), sgi = env.slots(), n = env.make(ObjectType::notification);
    ASSERT_OK(sel4::irq_control_get(Env::irq_control, 5, Env::at(handler)));
    ASSERT_OK(sel4::irq_handler_set_notification(handler, env.mint(n, 0x20)));
    ASSERT_OK(sel4::irq_control_issue_sgi_signal(Env::irq_control, 5, 0, Env::at(sgi)));
    EXPECT_REPLY(raw(sgi, 0ull), Error::none);
    burn(1000);
    EXPECT_EQ(sel4::nb_wait(n).badge, 0x20);
    ASSERT_OK(sel4::irq_handler_ack(handler));
    EXPECT_REPLY(raw(sgi, 12345ull), Error::none);  // any label
    burn(1000);
    EXPECT_EQ(sel4::nb_wait(n).badge, 0x20);
    ASSERT_OK(sel4::irq_handler_ack(handler));
    sel4::nb_send(env.copy(sgi), MessageInfo{});
    burn(1000);
    EXPECT_EQ(sel4::nb_wait(n).badge, 0x20);
    ASSERT_OK(sel4::irq_handler_ack(handler));
}

TEST_CASE(IRQ_0008, "an interrupt lends the context of its notification") {
    const CPtr handler = env.slots(), n = env.make(ObjectType::notification);
    static volatile unsigned count;
    count = 0;
    stop_timer();
    ASSERT_OK(sel4::irq_control_get(Env::irq_control, timer_irq, Env::at(handler)));
    ASSERT_OK(sel4::irq_handler_set_notification(handler, n));
    Thread& t = env.thread(
        [=] {
            while (true) {
                sel4::wait(n);
                stop_timer();
                static_cast<void>(sel4::irq_handler_ack(handler));
                count = count + 1;
            }
        },
        {.mcp = 255});
    env.settle();
    ASSERT_OK(sel4::sched_context_bind(t.sched_context, n));  // it returns there when t waits
    for (unsigned i = 1; i <= 3; ++i) {
        fire_timer();
        env.settle();
        EXPECT_EQ(count, i);
    }
}

/// The UART as a source: its transmit interrupt stays pending once anything was printed, so its
/// mask is a switch for the line.
class UartLine {
  public:
    explicit UartLine(Env& env) {
        const abi::BootInfo& info = *env.boot_info;
        for (std::uint64_t i = 0; i < info.untyped.size() && page_.raw() == 0; ++i) {
            if (info.untyped_list[i].paddr != uart_address) continue;
            page_ = env.slots();
            EXPECT_OK(sel4::untyped_retype(CPtr{info.untyped.start + i}, ObjectType::small_page, 0,
                                           Env::cnode, page_.raw()));
        }
        EXPECT_TRUE(page_.raw() != 0);
        EXPECT_OK(sel4::page_map(page_, Env::vspace, Env::free_pages, abi::rights::read_write,
                                 abi::page_attributes::device));
        lower();
    }
    ~UartLine() { lower(); }
    UartLine(const UartLine&) = delete;
    UartLine& operator=(const UartLine&) = delete;

    void raise() { mask() = transmit; }
    void lower() { mask() = 0; }

  private:
    static constexpr std::uint64_t uart_address = 0x0900'0000;
    static constexpr std::uint32_t transmit = 1 << 5;
    static volatile std::uint32_t& mask() {
        return *reinterpret_cast<volatile std::uint32_t*>(Env::free_pages.raw() + 0x38);
    }
    CPtr page_{0};
};

constexpr std::uint64_t uart_irq = 33;

TEST_CASE(IRQ_0009, "what level and edge make of the same line") {
    struct Row {
        sel4::Trigger trigger;
        std::uint64_t ack_while_high, dropped_and_risen, pulse_while_masked;
    };
    const Row rows[] = {{sel4::Trigger::edge, 0, 2, 2}, {sel4::Trigger::level, 2, 2, 0}};
    UartLine line(env);
    const CPtr handler = env.slots(), n = env.make(ObjectType::notification);
    const CPtr badged = env.mint(n, 2);
    const auto signalled = [&] { return sel4::nb_wait(n).badge.raw(); };
    const auto acknowledge = [&] { EXPECT_OK(sel4::irq_handler_ack(handler)); };
    for (const Row& row : rows) {
        ASSERT_OK(sel4::irq_control_get_trigger(Env::irq_control, uart_irq, row.trigger,
                                                Env::at(handler)));
        ASSERT_OK(sel4::irq_handler_set_notification(handler, badged));
        line.raise();
        EXPECT_EQ(signalled(), 2);
        EXPECT_EQ(signalled(), 0);
        acknowledge();
        EXPECT_EQ(signalled(), row.ack_while_high);
        line.lower();
        acknowledge();
        EXPECT_EQ(signalled(), 0);
        line.raise();
        EXPECT_EQ(signalled(), 2);
        line.lower();
        line.raise();
        EXPECT_EQ(signalled(), 0);  // masked
        acknowledge();
        EXPECT_EQ(signalled(), row.dropped_and_risen);
        line.lower();
        line.raise();
        line.lower();
        acknowledge();
        EXPECT_EQ(signalled(), row.pulse_while_masked);
        acknowledge();
        EXPECT_EQ(signalled(), 0);
        env.remove(handler);
    }
}

TEST_CASE(IRQ_0010, "an edge without a target is lost; the trigger outlives the handler") {
    UartLine line(env);
    const CPtr handler = env.slots(), n = env.make(ObjectType::notification);
    ASSERT_OK(sel4::irq_control_get_trigger(Env::irq_control, uart_irq, sel4::Trigger::edge,
                                            Env::at(handler)));
    line.raise();
    ASSERT_OK(sel4::irq_handler_set_notification(handler, env.mint(n, 4)));
    EXPECT_EQ(sel4::nb_wait(n).badge, 0);
    ASSERT_OK(sel4::irq_handler_ack(handler));
    EXPECT_EQ(sel4::nb_wait(n).badge, 0);
    line.lower();
    line.raise();
    EXPECT_EQ(sel4::nb_wait(n).badge, 4);
    // Issued again without a trigger it is still an edge: a high line says nothing.
    env.remove(handler);
    ASSERT_OK(sel4::irq_control_get(Env::irq_control, uart_irq, Env::at(handler)));
    ASSERT_OK(sel4::irq_handler_set_notification(handler, env.mint(n, 8)));
    ASSERT_OK(sel4::irq_handler_ack(handler));
    EXPECT_EQ(sel4::nb_wait(n).badge, 0);
    env.remove(handler);
    line.lower();
    ASSERT_OK(sel4::irq_control_get_trigger(Env::irq_control, uart_irq, sel4::Trigger::level,
                                            Env::at(handler)));
}

}  // namespace
}  // namespace target
