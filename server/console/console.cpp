// SPDX-License-Identifier: BSD-2-Clause
#include "console/console.hpp"

#include "console/input_queue.hpp"
#include "console/output.hpp"
#include "log/log.hpp"
#include "proc/pm_client.hpp"

namespace sos::console {

namespace {

constexpr std::uint8_t interrupt_key = 0x03;  // ^C

struct State {
    Config config;
    res::OwnedNotification lock_notification;
    Output output;
    std::uint64_t tell_errors_at = 1;  // of the serial line
};
constinit State state{};
constinit InputQueue input_queue{};  // by itself, as it is large and all zero

/// Told each time their number has doubled: a bad line must not flood the console.
void tell_line_errors(const serial::LineErrors& errors) {
    if (errors.total() < state.tell_errors_at) return;
    state.tell_errors_at = 2 * errors.total();
    log::warn<log::Area::serial>(
        "so far {} overruns, {} framing errors, {} parity errors, {} breaks", errors.overruns,
        errors.framing, errors.parity, errors.breaks);
}

}  // namespace

Result<void> init(const Config& config) {
    state.config = config;
    state.lock_notification = TRY(res::make_notification());
    state.output.init(*config.uart, config.output_request, state.lock_notification.cptr());
    return {};
}

Output& output() {
    return state.output;
}

InputQueue& input() {
    return input_queue;
}

bool type_ahead() {
    return state.config.type_ahead == platform::TypeAhead::on;
}

void on_interrupt() {
    bool wake_reader = false;
    const serial::InterruptResult result = state.config.uart->on_interrupt([&](std::uint8_t byte) {
        // ^C is a key and no text as long as there is somebody to stop.
        if (byte == interrupt_key && proc::raise_interrupt_key()) return;
        wake_reader |= input_queue.put(byte, type_ahead());
    });
    tell_line_errors(state.config.uart->errors());
    if (wake_reader) proc::raise_input();
    if (result.transmit_space) state.output.on_room();
}

void service_output() {
    if (state.config.uart->service_transmit()) state.output.on_room();
}

void write_system_line(std::string_view text) {
    state.output.write_system_line(text);
}

}  // namespace sos::console
