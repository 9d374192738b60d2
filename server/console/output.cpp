// SPDX-License-Identifier: BSD-2-Clause
#include "console/output.hpp"

#include <algorithm>

namespace sos::console {

namespace {

constexpr std::size_t wire_bytes = 256;

/// Size of the text up to its last newline; all of it if it has none.
std::size_t whole_lines(std::span<const std::byte> text) {
    for (std::size_t size = text.size(); size > 0; --size)
        if (text[size - 1] == std::byte{'\n'}) return size;
    return text.size();
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

std::size_t Output::write(proc::ProcessId writer, std::span<const std::byte> text) {
    std::size_t done = 0;
    bool notify = false;
    bool turn_ends = false;
    {
        const LockGuard guard(lock_);
        if (turn_.valid() && turn_ != writer) {
            others_wait_ = true;
            return 0;
        }
        turn_ = writer;
        if (others_wait_) text = text.first(whole_lines(text));
        while (done < text.size()) {
            const std::span rest = text.subspan(done);
            std::uint8_t wire[wire_bytes];
            const std::size_t encoded = encoder_.encode(rest, wire);
            std::size_t accepted = 0;
            notify |= push({wire, encoded}, accepted);
            done += encoder_.advance(rest, accepted);
            if (accepted < encoded) break;
        }
        if (done > 0 && text[done - 1] == std::byte{'\n'}) {
            turn_ = proc::no_process;
            turn_ends = std::exchange(others_wait_, false);
        }
    }
    if (notify) sel4::signal(request_);
    if (turn_ends) proc::raise_event(proc::Event::output);
    return done;
}

void Output::end_turn(proc::ProcessId writer) {
    bool turn_ends = false;
    {
        const LockGuard guard(lock_);
        if (turn_ != writer) return;
        turn_ = proc::no_process;
        encoder_.reset();
        turn_ends = std::exchange(others_wait_, false);
    }
    if (turn_ends) proc::raise_event(proc::Event::output);
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
            static_cast<void>(uart_->service_transmit());
        } else if (notify) {
            sel4::signal(request_);
        }
    }
}

}  // namespace sos::console
