// SPDX-License-Identifier: BSD-2-Clause
// Driver of the Arm PrimeCell UART (PL011), interrupt driven in both directions.
//
// Two threads meet here. The *owner* (the root thread) alone touches the device: initialise,
// on_interrupt, service_transmit. A *writer* (any thread; writers exclude each other) only queues:
//
//     writer                              owner
//     try_write(bytes) -> queue           on_interrupt: FIFO -> sink, queue -> FIFO
//       `notify_owner`: signal it  ----->   service_transmit
//       accepted < size: sleep     <-----   `transmit_space`: wake the writers
//
// Invariant: whenever the transmit queue is not empty, either a transmit interrupt is enabled and
// certain to come, or the owner has been (or is about to be) notified. Nothing waits on the device
// except panic_write and initialise, whose waits are bounded.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/mmio.hpp"
#include "server/drivers/serial/byte_queue.hpp"

namespace sos::serial {

/// Arm DDI 0183G, chapter 3.
namespace pl011 {
namespace reg {
inline constexpr std::size_t data = 0x00, flags = 0x18, line_control = 0x2c, control = 0x30,
                             fifo_level = 0x34, interrupt_mask = 0x38, raw_status = 0x3c,
                             masked_status = 0x40, interrupt_clear = 0x44;
}
namespace data_bits {
inline constexpr std::uint32_t framing = 1 << 8, parity = 1 << 9, break_ = 1 << 10,
                               overrun = 1 << 11;
}
namespace flag_bits {
inline constexpr std::uint32_t busy = 1 << 3, receive_empty = 1 << 4, transmit_full = 1 << 5;
}
namespace interrupt_bits {
inline constexpr std::uint32_t receive = 1 << 4, transmit = 1 << 5, receive_timeout = 1 << 6,
                               all = 0x7ff;
}
namespace control_bits {
inline constexpr std::uint32_t enable = 1 << 0, transmit = 1 << 8, receive = 1 << 9;
}
inline constexpr std::uint32_t line_8n1_with_fifos = 0x70;
inline constexpr std::uint32_t levels_transmit_eighth_receive_half = 0b010'000;
inline constexpr std::size_t window_bytes = 0x1000;
}  // namespace pl011

/// What went wrong on the line since boot.
struct LineErrors {
    std::uint64_t overruns = 0;  // bytes lost in the device: we were too slow
    std::uint64_t framing = 0;
    std::uint64_t parity = 0;
    std::uint64_t breaks = 0;

    std::uint64_t total() const { return overruns + framing + parity + breaks; }
};

struct WriteResult {
    std::size_t accepted = 0;   // from the front of what was given
    bool notify_owner = false;  // the owner must call service_transmit
};

struct InterruptResult {
    std::size_t received = 0;     // bytes given to the sink
    bool transmit_space = false;  // a writer was refused earlier, and there is room again
};

template <typename Bus = base::Mmio, std::size_t TransmitBytes = 4096>
class Pl011 {
  public:
    /// Bytes that one call moves at most while a transmit interrupt is pending anyway.
    static constexpr std::size_t burst = 256;
    /// Bound of every wait for the device, in polls.
    static constexpr unsigned poll_limit = 10'000'000;

    constexpr explicit Pl011(Bus& bus) : bus_(bus) {}
    Pl011(const Pl011&) = delete;
    Pl011& operator=(const Pl011&) = delete;

    /// Owner: sets 8N1 with FIFOs at the speed that the firmware chose, and enables reception.
    void initialise() {
        poll_while(pl011::flag_bits::busy);
        write(pl011::reg::interrupt_mask, 0);
        write(pl011::reg::control, 0);
        write(pl011::reg::line_control, pl011::line_8n1_with_fifos);
        write(pl011::reg::fifo_level, pl011::levels_transmit_eighth_receive_half);
        write(pl011::reg::interrupt_clear, pl011::interrupt_bits::all);
        write(pl011::reg::control, pl011::control_bits::enable | pl011::control_bits::transmit |
                                       pl011::control_bits::receive);
        write(pl011::reg::interrupt_mask, receive_interrupts);
    }

    /// Writer: queues what fits. When not all was accepted, a later InterruptResult says
    /// `transmit_space`, once, when there is room again.
    WriteResult try_write(std::span<const std::uint8_t> bytes) {
        std::size_t accepted = queue_.push(bytes);
        if (accepted < bytes.size()) {
            // First the mark, then a second try: the owner may have made room in between, and if
            // it has not, it will see the mark.
            writer_refused_.store(true, std::memory_order_seq_cst);
            accepted += queue_.push(bytes.subspan(accepted));
        }
        const bool idle = accepted != 0 && !transmitting_.exchange(true, std::memory_order_seq_cst);
        return {accepted, idle};
    }

    /// Owner: everything that an interrupt of the device asks for. `sink(byte)` gets each byte
    /// received; bytes with a framing or parity error and breaks are counted instead.
    template <typename Sink>
    InterruptResult on_interrupt(Sink&& sink) {
        // Cleared first: what happens after this raises the interrupt anew.
        write(pl011::reg::interrupt_clear, pl011::interrupt_bits::all);
        InterruptResult result;
        while ((read(pl011::reg::flags) & pl011::flag_bits::receive_empty) == 0) {
            const std::uint32_t word = read(pl011::reg::data);
            if (!accept(word)) continue;
            sink(static_cast<std::uint8_t>(word));
            ++result.received;
        }
        result.transmit_space = service_transmit();
        return result;
    }

    /// Owner: moves queued bytes to the device and decides whether it interrupts for more. True
    /// as InterruptResult::transmit_space.
    bool service_transmit() {
        write(pl011::reg::interrupt_clear, pl011::interrupt_bits::transmit);
        bool more = fill();
        while (!more) {
            transmitting_.store(false, std::memory_order_seq_cst);
            // A writer that pushed before this store saw `transmitting_` and did not notify.
            if (queue_.empty() || transmitting_.exchange(true, std::memory_order_seq_cst)) break;
            more = fill();
        }
        write(pl011::reg::interrupt_mask,
              receive_interrupts | (more ? pl011::interrupt_bits::transmit : 0));
        if (queue_.space() < TransmitBytes / 2) return false;
        return writer_refused_.exchange(false, std::memory_order_seq_cst);
    }

    /// For a panic only: takes the device over and sends by polling, after what was queued.
    /// Gives up on a device that does not take bytes.
    void panic_write(std::span<const std::uint8_t> bytes) {
        write(pl011::reg::interrupt_mask, 0);
        if (!drain()) return;
        for (std::uint8_t byte : bytes) {
            if (!poll_while(pl011::flag_bits::transmit_full)) return;
            write(pl011::reg::data, byte);
        }
    }

    /// Owner, before power-off: waits, bounded, until all that was queued is on the line.
    bool flush() { return drain() && poll_while(pl011::flag_bits::busy); }

    const LineErrors& errors() const { return errors_; }
    std::size_t transmit_queued() const { return queue_.size(); }
    std::size_t transmit_space() const { return queue_.space(); }

  private:
    static constexpr std::uint32_t receive_interrupts =
        pl011::interrupt_bits::receive | pl011::interrupt_bits::receive_timeout;

    std::uint32_t read(std::size_t offset) { return bus_.template read<std::uint32_t>(offset); }
    void write(std::size_t offset, std::uint32_t value) {
        bus_.template write<std::uint32_t>(offset, value);
    }

    bool poll_while(std::uint32_t flag) {
        for (unsigned polls = 0; polls < poll_limit; ++polls)
            if ((read(pl011::reg::flags) & flag) == 0) return true;
        return false;
    }

    bool drain() {
        std::uint8_t byte = 0;
        while (!queue_.empty()) {
            if (!poll_while(pl011::flag_bits::transmit_full)) return false;
            queue_.pop(byte);
            write(pl011::reg::data, byte);
        }
        return true;
    }

    /// Counts the errors of a received word; is there a byte to deliver?
    bool accept(std::uint32_t word) {
        // An overrun is reported with the byte that came after the lost ones; this one is good.
        if ((word & pl011::data_bits::overrun) != 0) ++errors_.overruns;
        if ((word & pl011::data_bits::break_) != 0) {
            ++errors_.breaks;
            return false;
        }
        if ((word & pl011::data_bits::framing) != 0) ++errors_.framing;
        if ((word & pl011::data_bits::parity) != 0) ++errors_.parity;
        return (word & (pl011::data_bits::framing | pl011::data_bits::parity)) == 0;
    }

    /// Queue to FIFO. True when bytes are left, and then a transmit interrupt is certain: the
    /// FIFO is full and will pass its level, or the interrupt is pending already.
    bool fill() {
        for (std::size_t sent = 0; !queue_.empty(); ++sent) {
            if ((read(pl011::reg::flags) & pl011::flag_bits::transmit_full) != 0) return true;
            if (sent >= burst &&
                (read(pl011::reg::raw_status) & pl011::interrupt_bits::transmit) != 0)
                return true;
            std::uint8_t byte = 0;
            queue_.pop(byte);
            write(pl011::reg::data, byte);
        }
        return false;
    }

    Bus& bus_;
    ByteQueue<TransmitBytes> queue_;
    std::atomic<bool> transmitting_{false};    // the owner will look at the queue
    std::atomic<bool> writer_refused_{false};  // a writer sleeps until there is room
    LineErrors errors_{};
};

}  // namespace sos::serial
