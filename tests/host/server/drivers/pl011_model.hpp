// SPDX-License-Identifier: BSD-2-Clause
// A PL011 at register level, in two manners. `fifo`: 16 bytes deep, sends one when the test says
// so, and raises the transmit interrupt when the level passes an eighth on its way down (Arm DDI
// 0183G, 2.4.8). `instant`: sends at once and raises the interrupt at every write, as emulators do.
#pragma once

#include <cstdint>
#include <deque>
#include <stdexcept>
#include <string>

#include "server/drivers/serial/pl011.hpp"

namespace model {

class Pl011Bus {
  public:
    enum class Manner { fifo, instant };
    static constexpr std::size_t depth = 16, transmit_level = 2;

    explicit Pl011Bus(Manner manner) : manner_(manner) {}

    template <typename T>
    T read(std::size_t offset) {
        static_assert(sizeof(T) == 4);
        namespace reg = sos::serial::pl011::reg;
        switch (offset) {
            case reg::data:
                return take_received();
            case reg::flags:
                return flags();
            case reg::raw_status:
                return raw_;
            case reg::masked_status:
                return raw_ & mask_;
            default:
                throw std::logic_error("read of an unexpected register");
        }
    }

    template <typename T>
    void write(std::size_t offset, T value) {
        static_assert(sizeof(T) == 4);
        namespace reg = sos::serial::pl011::reg;
        switch (offset) {
            case reg::data:
                return put(value);
            case reg::interrupt_mask:
                mask_ = value;
                return;
            case reg::interrupt_clear:
                raw_ &= ~value;
                return;
            case reg::control:
                control = value;
                return;
            case reg::line_control:
                line_control = value;
                return;
            case reg::fifo_level:
                return;
            default:
                throw std::logic_error("write of an unexpected register");
        }
    }

    bool raised() const { return (raw_ & mask_) != 0; }
    std::uint32_t mask() const { return mask_; }

    /// The line takes one byte out of the transmit FIFO.
    void send_one() {
        if (transmit_.empty()) return;
        line += static_cast<char>(transmit_.front());
        transmit_.pop_front();
        if (transmit_.size() == transmit_level)
            raw_ |= sos::serial::pl011::interrupt_bits::transmit;
    }

    /// A word arrives: a byte, perhaps with error bits.
    void receive(std::uint32_t word) {
        if (received_.size() == depth) {
            overrun_ = true;
            return;
        }
        if (overrun_) word |= sos::serial::pl011::data_bits::overrun;
        overrun_ = false;
        received_.push_back(word);
        raw_ |= sos::serial::pl011::interrupt_bits::receive;
    }

    std::string line;  // what was sent
    std::uint32_t control = 0;
    std::uint32_t line_control = 0;
    std::uint64_t reads_of_flags = 0;
    bool stuck = false;  // the transmitter takes nothing

  private:
    std::uint32_t flags() {
        namespace bits = sos::serial::pl011::flag_bits;
        ++reads_of_flags;
        if (polled_sending) send_one();
        return (received_.empty() ? bits::receive_empty : 0) |
               (stuck || transmit_.size() == depth ? bits::transmit_full : 0) |
               (transmit_.empty() ? 0 : bits::busy);
    }

    void put(std::uint32_t value) {
        if (stuck || transmit_.size() == depth) throw std::logic_error("transmit FIFO overrun");
        if (manner_ == Manner::instant) {
            line += static_cast<char>(value);
            raw_ |= sos::serial::pl011::interrupt_bits::transmit;
            return;
        }
        transmit_.push_back(static_cast<std::uint8_t>(value));
        if (transmit_.size() > transmit_level)
            raw_ &= ~sos::serial::pl011::interrupt_bits::transmit;
    }

    std::uint32_t take_received() {
        if (received_.empty()) throw std::logic_error("read of an empty receive FIFO");
        const std::uint32_t word = received_.front();
        received_.pop_front();
        if (received_.empty()) raw_ &= ~sos::serial::pl011::interrupt_bits::receive;
        return word;
    }

  public:
    bool polled_sending = false;  // a byte leaves at each look at the flags

  private:
    Manner manner_;
    std::deque<std::uint8_t> transmit_;
    std::deque<std::uint32_t> received_;
    std::uint32_t raw_ = 0;
    std::uint32_t mask_ = 0;
    bool overrun_ = false;
};

}  // namespace model
