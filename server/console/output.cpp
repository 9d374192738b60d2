// SPDX-License-Identifier: BSD-2-Clause
#include "console/output.hpp"

#include "proc/pm_client.hpp"

namespace sos::console {

namespace {

constexpr std::size_t wire_bytes = 256;

void wake(std::optional<TurnQueue::Writer> writer) {
    if (writer) proc::wake_writer(*writer);
}

}  // namespace

void Output::init(Uart& uart, sel4::CPtr request, sel4::CPtr lock_notification) {
    uart_ = &uart;
    request_ = request;
    lock_.set_notification(lock_notification);
}

/// Queues bytes; true when the owner of the device must be told (after the lock is free).
bool Output::push(std::span<const std::uint8_t> wire, std::size_t& accepted) {
    const serial::WriteResult result = uart_->try_write(wire);
    accepted = result.accepted;
    return result.notify_owner;
}

/// Queues text until there is no more room; returns how much.
std::size_t Output::queue_text(std::span<const std::byte> text, bool& notify) {
    std::size_t done = 0;
    while (done < text.size()) {
        const std::span rest = text.subspan(done);
        std::uint8_t wire[wire_bytes];
        const std::size_t encoded = encoder_.encode(rest, wire);
        std::size_t accepted = 0;
        notify |= push({wire, encoded}, accepted);
        done += encoder_.advance(rest, accepted);
        if (accepted < encoded) break;
    }
    return done;
}

std::size_t Output::write(proc::ProcessId writer, std::span<const std::byte> text) {
    std::size_t done = 0;
    bool notify = false;
    {
        const LockGuard guard(lock_);
        if (!turns_.take(writer.slot)) return 0;
        done = queue_text(text, notify);
        publish_turn();
    }
    if (notify) sel4::signal(request_);
    return done;
}

void Output::publish_turn() {
    turn_.store(turns_.holder().value_or(proc::max_processes), std::memory_order_release);
}

void Output::end_turn(proc::ProcessId writer) {
    std::optional<TurnQueue::Writer> next;
    {
        const LockGuard guard(lock_);
        if (turns_.holder() == writer.slot) encoder_.reset();
        next = turns_.leave(writer.slot);
        publish_turn();
    }
    wake(next);
}

void Output::on_room() {
    const std::uint32_t writer = turn_.load(std::memory_order_acquire);
    if (writer < proc::max_processes) proc::wake_writer(writer);
}

void Output::write_system_line(std::string_view text) {
    const std::span all{reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
    const LockGuard guard(lock_);
    std::size_t done = 0;
    // The root thread serves its request before this thread goes on, as it is of higher priority;
    // if it is the caller itself, it serves the device here.
    const bool is_owner = sos_current_thread->tcb == sel4::CPtr{abi::init_cap::tcb};
    for (unsigned attempt = 0; done < all.size() && attempt < Uart::poll_limit; ++attempt) {
        std::size_t accepted = 0;
        const bool notify = push(all.subspan(done), accepted);
        done += accepted;
        if (is_owner) {
            if (uart_->service_transmit()) on_room();
        } else if (notify) {
            sel4::signal(request_);
        }
    }
}

}  // namespace sos::console
