// SPDX-License-Identifier: BSD-2-Clause
// A virtio-mmio network device as the specification describes it (virtio 1.1), for tests: registers
// with their side effects, and the device's side of both queues. It can also break the rules.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "drivers/network/virtio_net.hpp"

namespace sos::drivers::test {

class NetModel {
  public:
    struct Queue {
        std::uint32_t size = 0;
        bool ready = false;
        std::uint64_t descriptors = 0;
        std::uint64_t driver = 0;
        std::uint64_t device = 0;
        std::uint16_t seen = 0;  // of the available ring
        std::uint16_t used = 0;  // of the used ring
        int notified = 0;
    };

    std::uint32_t version = 2;
    std::uint32_t device_id = 1;
    std::uint32_t features[2] = {1u << 0 | 1u << 1 | 1u << 5 | 1u << 15 | 1u << 16 | 1u << 29, 1};
    std::uint16_t link_status = 1;
    bool never_resets = false;
    bool refuses_features = false;
    std::uint32_t accepted[2] = {0, 0};
    std::uint32_t status = 0;
    std::uint32_t interrupt = 0;
    int interrupts = 0;
    std::uint32_t max_queue = 1024;
    Queue queues[2];
    std::vector<std::string> sent;
    bool holds_transmits = false;

    std::uint32_t read(std::size_t offset) const {
        using namespace virtio_register;
        if (offset == magic) return 0x74726976;
        if (offset == virtio_register::version) return version;
        if (offset == virtio_register::device_id) return device_id;
        if (offset == device_features) return features[feature_word_];
        if (offset == virtio_register::status) return status;
        if (offset == queue_size_max) return max_queue;
        if (offset == queue_ready) return queues[queue_].ready ? 1 : 0;
        if (offset == interrupt_status) return interrupt;
        if (offset == config) return 0x12005452;
        if (offset == config + 4) return 0x5634 | std::uint32_t{link_status} << 16;
        return 0;
    }

    void write(std::size_t offset, std::uint32_t value) {
        using namespace virtio_register;
        Queue& queue = queues[queue_];
        if (offset == device_features_select) feature_word_ = value;
        if (offset == driver_features_select) driver_word_ = value;
        if (offset == driver_features) accepted[driver_word_] = value;
        if (offset == virtio_register::status) write_status(value);
        if (offset == queue_select) queue_ = value;
        if (offset == queue_size) queue.size = value;
        if (offset == queue_ready) queue.ready = value != 0;
        if (offset == interrupt_acknowledge) interrupt &= ~value;
        if (offset == queue_descriptors) set_word(queue.descriptors, value, 0);
        if (offset == queue_descriptors + 4) set_word(queue.descriptors, value, 32);
        if (offset == queue_driver) set_word(queue.driver, value, 0);
        if (offset == queue_driver + 4) set_word(queue.driver, value, 32);
        if (offset == queue_device) set_word(queue.device, value, 0);
        if (offset == queue_device + 4) set_word(queue.device, value, 32);
        if (offset == queue_notify) notify(value);
    }

    /// A packet arrives; false if the driver has given no buffer. `flags`: of its header.
    bool deliver(const std::string& frame, std::uint8_t flags = 0) {
        Queue& queue = queues[0];
        if (queue.seen == available_index(queue)) return false;
        const std::uint16_t id = next_available(queue);
        const std::uint64_t address = at<std::uint64_t>(queue.descriptors + 16ull * id);
        std::memset(reinterpret_cast<void*>(address), 0, 12);
        at<std::uint8_t>(address) = flags;
        at<std::uint16_t>(address + 10) = 1;  // in one buffer
        std::memcpy(reinterpret_cast<void*>(address + 12), frame.data(), frame.size());
        put_used(queue, id, static_cast<std::uint32_t>(12 + frame.size()));
        return true;
    }

    /// A packet arrives in pieces, which need a buffer each and are shown all at once.
    bool deliver_in_pieces(const std::vector<std::string>& pieces) {
        Queue& queue = queues[0];
        std::vector<std::pair<std::uint16_t, std::uint32_t>> filled;
        for (const std::string& piece : pieces) {
            if (queue.seen == available_index(queue)) return false;
            const std::uint16_t id = next_available(queue);
            std::uint64_t address = at<std::uint64_t>(queue.descriptors + 16ull * id);
            std::uint32_t length = static_cast<std::uint32_t>(piece.size());
            if (filled.empty()) {
                std::memset(reinterpret_cast<void*>(address), 0, 12);
                at<std::uint16_t>(address + 10) = static_cast<std::uint16_t>(pieces.size());
                address += 12;
                length += 12;
            }
            std::memcpy(reinterpret_cast<void*>(address), piece.data(), piece.size());
            filled.emplace_back(id, length);
        }
        for (const auto& [id, length] : filled) put_used(queue, id, length);
        return true;
    }

    void set_link(bool up) {
        link_status = up ? 1 : 0;
        interrupt |= 2;
        ++interrupts;
    }

    /// The device gives up and says so.
    void ask_for_reset() {
        status |= 64;
        interrupt |= 2;
    }

    /// Any id and length, as a hostile device might.
    void put_used(Queue& queue, std::uint32_t id, std::uint32_t length) {
        at<std::uint32_t>(queue.device + 4 + 8ull * (queue.used % queue.size)) = id;
        at<std::uint32_t>(queue.device + 8 + 8ull * (queue.used % queue.size)) = length;
        const std::uint16_t before = queue.used++;
        at<std::uint16_t>(queue.device + 2) = queue.used;
        if (wants_interrupt(queue, before)) {
            interrupt |= 1;
            ++interrupts;
        }
    }

    void finish_transmits() {
        Queue& queue = queues[1];
        while (queue.seen != available_index(queue)) {
            const std::uint16_t id = next_available(queue);
            const std::uint64_t address = at<std::uint64_t>(queue.descriptors + 16ull * id);
            const std::uint32_t length = at<std::uint32_t>(queue.descriptors + 16ull * id + 8);
            sent.emplace_back(reinterpret_cast<const char*>(address) + 12, length - 12);
            if ((at<std::uint8_t>(address) & 1) != 0) finish_checksum(address);
            put_used(queue, id, 0);
        }
        ask_for_notification(queue);
    }

    /// A half-word of the header in the buffer that was used as number `entry`.
    std::uint16_t& at_header(std::uint16_t entry, std::size_t offset) {
        const auto id = at<std::uint32_t>(queues[0].device + 4 + 8ull * entry);
        return at<std::uint16_t>(at<std::uint64_t>(queues[0].descriptors + 16ull * id) + offset);
    }

    bool event_index() const { return (accepted[0] >> 29 & 1) != 0; }

  private:
    template <typename T>
    static T& at(std::uint64_t address) {
        return *reinterpret_cast<T*>(address);
    }
    static void set_word(std::uint64_t& place, std::uint32_t value, unsigned shift) {
        place = (place & ~(0xffffffffull << shift)) | std::uint64_t{value} << shift;
    }
    static std::uint16_t available_index(const Queue& queue) {
        return at<std::uint16_t>(queue.driver + 2);
    }
    static std::uint16_t next_available(Queue& queue) {
        return at<std::uint16_t>(queue.driver + 4 + 2ull * (queue.seen++ % queue.size));
    }
    bool wants_interrupt(const Queue& queue, std::uint16_t before) const {
        if (!event_index()) return (at<std::uint16_t>(queue.driver) & 1) == 0;
        const std::uint16_t event = at<std::uint16_t>(queue.driver + 4 + 2ull * queue.size);
        return static_cast<std::uint16_t>(queue.used - event - 1) <
               static_cast<std::uint16_t>(queue.used - before);
    }
    /// What CSUM means: the sum from start on, complemented, goes to start + offset.
    void finish_checksum(std::uint64_t header) {
        std::string& frame = sent.back();
        const std::size_t start = at<std::uint16_t>(header + 6);
        std::uint32_t sum = 0;
        for (std::size_t i = start; i < frame.size(); ++i) {
            const auto byte = static_cast<std::uint8_t>(frame[i]);
            sum += (i - start) % 2 == 0 ? byte << 8 : byte;
        }
        while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
        const std::size_t field = start + at<std::uint16_t>(header + 8);
        frame.at(field) = static_cast<char>(~sum >> 8);
        frame.at(field + 1) = static_cast<char>(~sum);
    }
    void ask_for_notification(Queue& queue) {
        if (event_index()) at<std::uint16_t>(queue.device + 4 + 8ull * queue.size) = queue.seen;
    }
    void notify(std::uint32_t number) {
        ++queues[number].notified;
        if (number == 1 && !holds_transmits) finish_transmits();
    }
    void write_status(std::uint32_t value) {
        if (value == 0) {
            for (Queue& queue : queues) queue = {};
            accepted[0] = accepted[1] = 0;
        }
        status = refuses_features ? value & ~8u : value;
        if (never_resets) status |= 1;
    }

    std::uint32_t queue_ = 0;
    std::uint32_t feature_word_ = 0;
    std::uint32_t driver_word_ = 0;
};

class ModelRegisters {
  public:
    explicit ModelRegisters(NetModel& model) : model_(&model) {}
    std::uint32_t read32(std::size_t offset) const { return model_->read(offset); }
    void write32(std::size_t offset, std::uint32_t value) const { model_->write(offset, value); }

  private:
    NetModel* model_;
};

}  // namespace sos::drivers::test
