// SPDX-License-Identifier: BSD-2-Clause
// Notifications, yielding, interrupts.
#include "meter.hpp"
#include "sel4/irq.hpp"

namespace bench {
namespace {

using abi::ObjectType;
using abi::Syscall;

constexpr unsigned priority = 100;

void signal_and_take(Env& env) {
    env.begin_case();
    Meter signal, wait;
    const CPtr notification = env.make(ObjectType::notification);
    for (unsigned i = 0; i < Meter::rounds; ++i) {
        Registers registers = send_registers(Syscall::send, notification);
        signal.add(timed(registers, client_before), client_before);
        registers = receive_registers(Syscall::wait, notification);
        wait.add(timed(registers, client_before), client_before);
    }
    env.end_case();
    signal.report("signal_none");
    wait.report("wait_pending");
}

void signal_lower(Env& env) {
    env.begin_case();
    static Meter meter;
    const CPtr notification = env.make(ObjectType::notification);
    const CPtr again = env.make(ObjectType::notification);
    auto& waiter = env.thread(
        [=] {
            sel4::wait(notification);
            // The signaller must not come before this thread waits again.
            while (true) sel4::nb_send_wait(again, abi::MessageInfo{}, {}, notification);
        },
        options(priority));
    env.resume(waiter);
    env.settle();
    auto& signaller = env.thread(
        [=] {
            for (unsigned i = 0; i < Meter::rounds; ++i) {
                Registers registers = send_registers(Syscall::send, notification);
                meter.add(timed(registers, client_before), client_before);
                sel4::wait(again);
            }
        },
        options(priority + 1));
    env.resume(signaller);
    env.settle();
    env.end_case();
    meter.report("signal_low");
}

void signal_higher(Env& env) {
    env.begin_case();
    static Meter meter;
    OtherSpace space(env);
    const CPtr notification = env.make(ObjectType::notification);
    auto& waiter = env.thread(
        [=] {
            while (true) {
                Registers registers = receive_registers(Syscall::wait, notification);
                meter.add(timed(registers, server_before), client_before);
            }
        },
        options(priority + 1));
    space.adopt(waiter);
    env.resume(waiter);
    env.settle();
    auto& signaller = env.thread(
        [=] {
            for (unsigned i = 0; i < Meter::rounds; ++i) {
                Registers registers = send_registers(Syscall::send, notification);
                timed(registers, client_before);
            }
        },
        options(priority));
    env.resume(signaller);
    env.settle();
    env.end_case();
    meter.report("signal_switch");
}

/// Two threads signal each other and wait in turn; one of them measures from its signal to its next
/// one, so the few instructions of both loops count.
void ping_pong(Env& env) {
    env.begin_case();
    static Meter meter;
    const CPtr ping = env.make(ObjectType::notification), pong = env.make(ObjectType::notification);
    auto& second = env.thread(
        [=] {
            while (true) {
                sel4::wait(ping);
                sel4::signal(pong);
            }
        },
        options(priority));
    env.resume(second);
    env.settle();
    auto& first = env.thread(
        [=] {
            for (unsigned i = 0; i < Meter::rounds; ++i) {
                Registers registers = send_registers(Syscall::send, ping);
                timed(registers, client_before);
                Registers waiting = receive_registers(Syscall::wait, pong);
                const std::uint64_t after = timed(waiting, server_before);
                meter.add(after, client_before);
            }
        },
        options(priority));
    env.resume(first);
    env.settle();
    env.end_case();
    meter.report("pingpong", overhead());
}

void yield(Env& env) {
    env.begin_case();
    static Meter alone, same;
    auto& single = env.thread(
        [] {
            for (unsigned i = 0; i < Meter::rounds; ++i) {
                Registers registers = send_registers(Syscall::yield, CPtr{0});
                alone.add(timed(registers, client_before), client_before);
            }
        },
        options(priority));
    env.resume(single);
    env.settle();
    static volatile bool finished;
    finished = false;
    auto& first = env.thread(
        [] {
            for (unsigned i = 0; i < Meter::rounds; ++i) {
                Registers registers = send_registers(Syscall::yield, CPtr{0});
                timed(registers, client_before);
            }
            finished = true;
        },
        options(priority));
    auto& second = env.thread(
        [] {
            while (!finished) {
                Registers registers = send_registers(Syscall::yield, CPtr{0});
                same.add(timed(registers, server_before), client_before);
            }
        },
        options(priority));
    // Before the first one yields: its reading is from then on newer than the other's.
    env.resume(second);
    env.resume(first);
    env.settle();
    env.end_case();
    alone.report("yield_none");
    same.report("yield_same");
}

void interrupt(Env& env) {
    env.begin_case();
    static Meter meter;
    constexpr std::uint64_t timer_irq = 30;
    OtherSpace space(env);
    const CPtr notification = env.make(ObjectType::notification);
    const CPtr handler = env.slots();
    asm volatile("msr cntp_ctl_el0, %0\n\tisb" ::"r"(std::uint64_t{2}) : "memory");
    EXPECT_OK(sel4::irq_control_get(Env::irq_control, timer_irq, Env::at(handler)));
    EXPECT_OK(sel4::irq_handler_set_notification(handler, notification));
    auto& driver = env.thread(
        [=] {
            while (true) {
                Registers registers = receive_registers(Syscall::wait, notification);
                meter.add(timed(registers, server_before), client_before);
                asm volatile("msr cntp_ctl_el0, %0\n\tisb" ::"r"(std::uint64_t{2}) : "memory");
                EXPECT_OK(sel4::irq_handler_ack(handler));
            }
        },
        options(priority + 1, 1));
    space.adopt(driver);
    env.resume(driver);
    env.settle();
    auto& interrupted = env.thread(
        [] {
            for (unsigned i = 0; i < Meter::rounds; ++i) {
                // Due at once; the interrupt comes right behind the write to the control register.
                asm volatile(
                    "msr cntp_cval_el0, xzr\n\t"
                    "isb\n\t"
                    "mrs x9, pmccntr_el0\n\t"
                    "str x9, [%0]\n\t"
                    "msr cntp_ctl_el0, %1\n\t"
                    "isb" ::"r"(&client_before),
                    "r"(std::uint64_t{1})
                    : "x9", "memory");
            }
        },
        options(priority, 1));
    env.resume(interrupted);
    env.settle();
    env.end_case();
    constexpr std::uint64_t write_of_control = 1;
    meter.report("irq", write_of_control);
}

}  // namespace

void measure_switches(Env& env) {
    signal_and_take(env);
    signal_lower(env);
    signal_higher(env);
    ping_pong(env);
    yield(env);
    interrupt(env);
}

}  // namespace bench
