// SPDX-License-Identifier: BSD-2-Clause
#include "root/interrupt_loop.hpp"

#include <optional>

#include "abi/sos_badge.hpp"
#include "log/log.hpp"
#include "res/irq.hpp"
#include "res/owned.hpp"
#include "res/server_pages.hpp"
#include "root/log_sink.hpp"
#include "root/machine.hpp"
#include "root/panic.hpp"
#include "server/drivers/timer/generic_timer.hpp"
#include "server/drivers/timer/timeouts.hpp"
#include "sync/lock.hpp"

namespace sos::root {

namespace {

using Hardware = timer::GenericTimer<timer::ProcessorTimerRegisters>;
/// One for each process that may sleep, and as many again for the server's own use.
constexpr std::size_t timeout_nodes = 1024;
using Timeouts = timer::TimeoutsFor<timeout_nodes, Hardware, Lock>;

constinit timer::ProcessorTimerRegisters timer_registers{};
constinit Hardware hardware{timer_registers};
constinit Timeouts timeouts{hardware, timer_lock};
constinit Timeouts::Node nodes[timeout_nodes]{};

/// A source of interrupts: its handler capability, and its bit of the root thread's notification.
struct Source {
    res::Slot notification;
    res::OwnedIrq irq;

    Result<void> connect(unsigned number, sel4::Trigger trigger, std::uint64_t badge);
};

struct State {
    res::OwnedNotification notification;
    Source timer;
    Source uart;
    res::Slot output_request;
    std::optional<base::Mmio> uart_window;
};
constinit State state{};
alignas(console::Uart) constinit std::byte uart_storage[sizeof(console::Uart)]{};

console::Uart& uart() {
    return *reinterpret_cast<console::Uart*>(uart_storage);
}

Result<void> make_notification() {
    if (state.notification.valid()) return {};
    state.notification = TRY(res::make_notification());
    return {};
}

Result<void> Source::connect(unsigned number, sel4::Trigger trigger, std::uint64_t badge) {
    TRY(make_notification());
    notification = TRY(res::mint(state.notification.cptr(), abi::rights::write, badge));
    irq = TRY(res::take_irq(number, trigger));
    TRY(irq.set_notification(notification.cptr()));
    irq.acknowledge();
    return {};
}

sel4::Trigger trigger_of(platform::InterruptTrigger trigger) {
    return trigger == platform::InterruptTrigger::edge ? sel4::Trigger::edge : sel4::Trigger::level;
}

void write_to_device(std::string_view text) {
    uart().panic_write({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

Result<std::uint32_t> register_timeout(std::uint64_t delay_us,
                                       void (*callback)(std::uint32_t id, void* context),
                                       void* context) {
    const auto id = timeouts.register_after(delay_us, callback, context);
    if (!id) return std::unexpected(Error::limit_reached);
    return *id;
}

void remove_timeout(std::uint32_t id) {
    // One that is running now is fine too: all callbacks only leave notes that are checked.
    static_cast<void>(timeouts.remove(id));
}

}  // namespace

std::uint64_t now_us() {
    return timeouts.now_us();
}

std::uint64_t clock_origin_ticks() {
    return hardware.origin_ticks();
}

fs::TimerHooks timer_hooks() {
    return {.now_us = now_us, .register_timeout = register_timeout, .remove = remove_timeout};
}

Result<void> start_timer() {
    if (!hardware.initialise()) return std::unexpected(Error::not_supported);
    timeouts.donate(nodes);
    const platform::Interrupt interrupt =
        machine().physical_timer.value_or(platform::Interrupt{.number = timer::generic_timer_irq});
    return state.timer.connect(interrupt.number, trigger_of(interrupt.trigger),
                               abi::sos_badge::timer);
}

Result<void> start_console() {
    const std::optional<platform::Device>& device = machine().uart;
    if (!device || !device->interrupt) return std::unexpected(Error::not_found);
    state.uart_window =
        TRY(res::map_device(base::PAddr{device->window.base}, serial::pl011::window_bytes));
    auto* const driver = new (uart_storage) console::Uart(*state.uart_window);
    driver->initialise();
    TRY(make_notification());
    state.output_request =
        TRY(res::mint(state.notification.cptr(), abi::rights::write, abi::sos_badge::output));
    TRY(console::init({.uart = driver,
                       .output_request = state.output_request.cptr(),
                       .type_ahead = settings().type_ahead}));
    set_line_writer(console::write_system_line);
    set_final_writer(write_to_device);
    return state.uart.connect(device->interrupt->number, trigger_of(device->interrupt->trigger),
                              abi::sos_badge::serial);
}

void interrupt_loop() {
    for (;;) {
        const std::uint64_t bits = sel4::wait(state.notification.cptr()).badge.raw();
        if ((bits & abi::sos_badge::timer) != 0) {
            timeouts.on_interrupt();
            state.timer.irq.acknowledge();
        }
        if ((bits & abi::sos_badge::serial) != 0) {
            console::on_interrupt();
            state.uart.irq.acknowledge();
        }
        if ((bits & abi::sos_badge::output) != 0) console::service_output();
    }
}

}  // namespace sos::root
