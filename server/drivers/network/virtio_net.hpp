// SPDX-License-Identifier: BSD-2-Clause
// VirtioNet: a virtio network device behind a virtio-mmio transport (virtio 1.1, 4.2 and 5.1). Only
// the modern interface (version 2 of the transport); a legacy one is refused.
//
// Received packets stay where the device put them until they are given back; packets to be sent are
// built in place. Notifications are collected until flush(), and the device interrupts only for the
// first packet received after rest(), and when the link comes or goes: in an emulator each access
// to a register costs more than handling several packets.
//
// The device is not trusted. What breaks its rules is noticed (broken()), never followed to memory
// outside the buffers; restart() begins anew with the buffers that the caller does not hold.
//
// Used when offered: EVENT_IDX, MRG_RXBUF (a packet in pieces is put together in its first buffer,
// where every frame of an Ethernet link fits), CSUM, GUEST_CSUM, STATUS. Registers is anything with
// read32(offset) and write32(offset, value), so that a model of the device can stand in.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "drivers/network/checksum.hpp"
#include "drivers/network/virt_queue.hpp"
#include "error.hpp"

namespace sos::drivers {

using MacAddress = std::array<std::uint8_t, 6>;

enum class VirtioKind { none, legacy, network, other };

/// Registers of a virtio-mmio transport (virtio 1.1, 4.2.2).
namespace virtio_register {
inline constexpr std::size_t magic = 0x000;
inline constexpr std::size_t version = 0x004;
inline constexpr std::size_t device_id = 0x008;
inline constexpr std::size_t device_features = 0x010;
inline constexpr std::size_t device_features_select = 0x014;
inline constexpr std::size_t driver_features = 0x020;
inline constexpr std::size_t driver_features_select = 0x024;
inline constexpr std::size_t queue_select = 0x030;
inline constexpr std::size_t queue_size_max = 0x034;
inline constexpr std::size_t queue_size = 0x038;
inline constexpr std::size_t queue_ready = 0x044;
inline constexpr std::size_t queue_notify = 0x050;
inline constexpr std::size_t interrupt_status = 0x060;
inline constexpr std::size_t interrupt_acknowledge = 0x064;
inline constexpr std::size_t status = 0x070;
inline constexpr std::size_t queue_descriptors = 0x080;  // low word, high word behind
inline constexpr std::size_t queue_driver = 0x090;
inline constexpr std::size_t queue_device = 0x0a0;
inline constexpr std::size_t config = 0x100;
}  // namespace virtio_register

template <typename Registers>
VirtioKind identify_virtio(const Registers& registers) {
    constexpr std::uint32_t magic_value = 0x7472'6976;  // "virt"
    constexpr std::uint32_t modern = 2;
    constexpr std::uint32_t network_device = 1;
    if (registers.read32(virtio_register::magic) != magic_value) return VirtioKind::none;
    const std::uint32_t id = registers.read32(virtio_register::device_id);
    if (id == 0) return VirtioKind::none;  // an empty transport
    if (id != network_device) return VirtioKind::other;
    return registers.read32(virtio_register::version) == modern ? VirtioKind::network
                                                                : VirtioKind::legacy;
}

template <typename Registers>
class VirtioNet {
  public:
    static constexpr std::uint16_t buffers = VirtQueue::size;  // in each direction
    /// virtio's header of 12 bytes at byte 2 of a buffer, so that what follows the Ethernet header
    /// is aligned to 4.
    static constexpr std::size_t buffer_size = 2048;
    static constexpr std::size_t header_offset = 2;
    static constexpr std::size_t header_size = 12;
    static constexpr std::size_t frame_offset = header_offset + header_size;
    static constexpr std::size_t max_frame = 1514;
    static constexpr std::size_t queues_size = 2 * VirtQueue::memory_size;
    static constexpr std::size_t buffers_size = buffers * buffer_size;

    /// Memory that the device can reach: where we see it, and where the device does.
    struct DmaMemory {
        std::byte* data;
        std::uint64_t address;
    };
    struct Memory {
        DmaMemory queues;    // queues_size bytes, zero-filled, aligned to 16
        DmaMemory receive;   // buffers_size bytes
        DmaMemory transmit;  // buffers_size bytes
    };

    struct Packet {
        std::uint16_t buffer;
        std::span<std::byte> frame;
        Vouched vouched = Vouched::no;  // the checksum of one that was received
    };

    explicit VirtioNet(Registers registers) : registers_(registers) {}
    VirtioNet(const VirtioNet&) = delete;
    VirtioNet& operator=(const VirtioNet&) = delete;

    /// Resets the device and starts it. not_supported: it lacks what we need, or refuses us.
    Result<void> init(const Memory& memory) {
        memory_ = memory;
        return restart();
    }

    /// Resets the device and starts it with all buffers but those that the caller holds; what was
    /// to be sent is lost. Fails as init() does.
    Result<void> restart() {
        using namespace virtio_register;
        registers_.write32(status, 0);
        // Until it shows 0 it may still write to memory (virtio 1.1, 4.2.2.1).
        for (unsigned polls = 0; registers_.read32(status) != 0; ++polls) {
            if (polls == max_polls) return refuse();
        }
        registers_.write32(status, acknowledge);
        registers_.write32(status, acknowledge | driver);
        TRY(negotiate());
        TRY(start_queue(receive_queue, receive_, memory_.queues));
        TRY(start_queue(transmit_queue, transmit_,
                        {memory_.queues.data + VirtQueue::memory_size,
                         memory_.queues.address + VirtQueue::memory_size}));
        registers_.write32(status, acknowledge | driver | features_ok | driver_ok);
        free_count_ = 0;
        for (std::uint16_t i = 0; i < buffers; ++i) {
            if (!held_[i]) post(i);
            free_transmit_[free_count_++] = i;
        }
        transmit_.disarm_interrupt();
        receive_.arm_interrupt();
        flush();
        link_up_ = read_link();
        return {};
    }

    const MacAddress& mac() const { return mac_; }
    /// May commit_transmit() be given a Checksum?
    bool computes_checksums() const { return (features_ & feature_checksum) != 0; }
    bool link_up() const { return link_up_; }

    /// First thing after an interrupt: the device may raise the next one from here on. True when
    /// link_up() has changed.
    bool acknowledge_interrupt() {
        using namespace virtio_register;
        const std::uint32_t causes = registers_.read32(interrupt_status);
        registers_.write32(interrupt_acknowledge, causes);
        if ((causes & cause_configuration) == 0) return false;
        if ((registers_.read32(status) & needs_reset) != 0) receive_.set_broken();
        const bool was_up = link_up_;
        link_up_ = read_link();
        return link_up_ != was_up;
    }

    /// The next packet received, whose buffer is the caller's until give_back(). Who stops looking
    /// for packets calls rest().
    std::optional<Packet> receive() {
        while (true) {
            const std::optional<VirtQueue::Used> used = receive_.take_used();
            if (!used) return std::nullopt;
            const std::optional<std::size_t> length = whole_frame(*used);
            if (broken()) return std::nullopt;
            if (length) {
                held_[used->index] = true;
                return Packet{used->index,
                              {receive_buffer(used->index) + frame_offset, *length},
                              vouched(used->index)};
            }
            post(used->index);  // nothing in it, or more than a frame can have
        }
    }

    /// From here on the device interrupts for the next packet, once. True when there is one
    /// already, which it may not interrupt for.
    bool rest() { return receive_.arm_interrupt(); }

    void give_back(std::uint16_t buffer) {
        ASSERT(held_[buffer]);
        held_[buffer] = false;
        // A broken queue is filled when it is started again.
        if (!receive_.broken()) post(buffer);
    }

    /// Room for a frame of max_frame bytes, or nothing while the device has all buffers. To be
    /// followed by commit_transmit().
    std::optional<Packet> begin_transmit() {
        if (free_count_ == 0) reclaim();
        if (free_count_ == 0) return std::nullopt;
        const std::uint16_t index = free_transmit_[free_count_ - 1];
        std::byte* const buffer = memory_.transmit.data + index * buffer_size;
        return Packet{index, {buffer + frame_offset, max_frame}};
    }

    void commit_transmit(const Packet& packet, std::size_t length,
                         std::optional<Checksum> checksum = std::nullopt) {
        ASSERT(length <= max_frame && free_transmit_[free_count_ - 1] == packet.buffer);
        --free_count_;
        std::byte* const buffer = memory_.transmit.data + packet.buffer * buffer_size;
        Header header{};
        if (checksum) {
            ASSERT(computes_checksums() && checksum->start + checksum->offset + 2u <= length);
            header = {.flags = header_needs_checksum,
                      .checksum_start = checksum->start,
                      .checksum_offset = checksum->offset};
        }
        std::memcpy(buffer + header_offset, &header, header_size);
        transmit_.post(
            packet.buffer, memory_.transmit.address + packet.buffer * buffer_size + header_offset,
            static_cast<std::uint32_t>(header_size + length), VirtQueue::Access::device_reads);
    }

    /// Shows the device all that was committed and given back, with one notification each at most.
    void flush() {
        if (receive_.publish()) {
            registers_.write32(virtio_register::queue_notify, receive_queue);
        }
        if (transmit_.publish()) {
            registers_.write32(virtio_register::queue_notify, transmit_queue);
        }
    }

    /// The device has broken its rules: nothing it says is believed any more.
    bool broken() const { return receive_.broken() || transmit_.broken(); }

    void stop() { registers_.write32(virtio_register::status, 0); }

  private:
    static constexpr std::uint32_t receive_queue = 0;
    static constexpr std::uint32_t transmit_queue = 1;
    // status
    static constexpr std::uint32_t acknowledge = 1;
    static constexpr std::uint32_t driver = 2;
    static constexpr std::uint32_t driver_ok = 4;
    static constexpr std::uint32_t features_ok = 8;
    static constexpr std::uint32_t needs_reset = 64;
    static constexpr std::uint32_t failed = 128;
    // interrupt status
    static constexpr std::uint32_t cause_configuration = 2;
    // features, low word and high word
    static constexpr std::uint32_t feature_checksum = 1u << 0;
    static constexpr std::uint32_t feature_guest_checksum = 1u << 1;
    static constexpr std::uint32_t feature_mac = 1u << 5;
    static constexpr std::uint32_t feature_mergeable = 1u << 15;
    static constexpr std::uint32_t feature_status = 1u << 16;
    static constexpr std::uint32_t feature_event_index = 1u << 29;
    static constexpr std::uint32_t feature_version_1 = 1u << 0;
    static constexpr std::uint32_t wanted_features = feature_checksum | feature_guest_checksum |
                                                     feature_mac | feature_mergeable |
                                                     feature_status | feature_event_index;
    static constexpr unsigned max_polls = 1'000'000;
    static constexpr std::uint8_t header_needs_checksum = 1;
    static constexpr std::uint8_t header_data_valid = 2;

    struct Header {
        std::uint8_t flags = 0;
        std::uint8_t segmentation = 0;
        std::uint16_t header_length = 0;
        std::uint16_t segment_size = 0;
        std::uint16_t checksum_start = 0;
        std::uint16_t checksum_offset = 0;
        std::uint16_t buffer_count = 0;  // of a received packet
    };
    static_assert(sizeof(Header) == header_size);

    std::byte* receive_buffer(std::uint16_t index) const {
        return memory_.receive.data + index * buffer_size;
    }

    void post(std::uint16_t buffer) {
        receive_.post(buffer, memory_.receive.address + buffer * buffer_size + header_offset,
                      buffer_size - header_offset, VirtQueue::Access::device_writes);
    }

    /// The frame that begins in this buffer: its length once all of it is there, nothing when there
    /// is no frame or it is too long. The device shows all pieces of a packet at once.
    std::optional<std::size_t> whole_frame(const VirtQueue::Used& first) {
        if (first.length <= header_size) return std::nullopt;
        std::size_t length = first.length - header_size;
        std::byte* const frame = receive_buffer(first.index) + frame_offset;
        Header header;
        std::memcpy(&header, receive_buffer(first.index) + header_offset, header_size);
        const unsigned count = (features_ & feature_mergeable) != 0 ? header.buffer_count : 1;
        if (count == 0) receive_.set_broken();
        for (unsigned i = 1; i < count; ++i) {
            const std::optional<VirtQueue::Used> piece = receive_.take_used();
            if (!piece) {
                receive_.set_broken();
                return std::nullopt;
            }
            const std::size_t room = length < max_received ? max_received - length : 0;
            std::memcpy(frame + length, receive_buffer(piece->index) + header_offset,
                        std::min<std::size_t>(piece->length, room));
            length = std::min<std::size_t>(length + piece->length, max_received + 1);
            post(piece->index);
        }
        return length <= max_received ? std::optional(length) : std::nullopt;
    }
    static constexpr std::size_t max_received = buffer_size - frame_offset;

    /// NEEDS_CSUM: it never was on a wire, and its checksum is not finished. DATA_VALID: it was
    /// checked. Both mean something only when negotiated (virtio 1.1, 5.1.6.4).
    Vouched vouched(std::uint16_t buffer) const {
        const auto flags = std::to_integer<unsigned>(receive_buffer(buffer)[header_offset]);
        const bool said = (flags & (header_needs_checksum | header_data_valid)) != 0;
        return said && (features_ & feature_guest_checksum) != 0 ? Vouched::yes : Vouched::no;
    }

    /// Up, unless the device can tell and says otherwise.
    bool read_link() {
        constexpr std::uint32_t link_bit = 1u << 16;  // status is the upper half of this word
        if ((features_ & feature_status) == 0) return true;
        return (registers_.read32(virtio_register::config + 4) & link_bit) != 0;
    }

    std::uint32_t offered(std::uint32_t word) {
        registers_.write32(virtio_register::device_features_select, word);
        return registers_.read32(virtio_register::device_features);
    }

    void accept(std::uint32_t word, std::uint32_t features) {
        registers_.write32(virtio_register::driver_features_select, word);
        registers_.write32(virtio_register::driver_features, features);
    }

    Result<void> negotiate() {
        using namespace virtio_register;
        const std::uint32_t low = offered(0) & wanted_features;
        if ((offered(1) & feature_version_1) == 0 || (low & feature_mac) == 0) return refuse();
        accept(0, low);
        accept(1, feature_version_1);
        registers_.write32(status, acknowledge | driver | features_ok);
        if ((registers_.read32(status) & features_ok) == 0) return refuse();
        features_ = low;
        read_mac();
        return {};
    }

    void read_mac() {
        using namespace virtio_register;
        const std::uint32_t first = registers_.read32(config);
        const std::uint32_t second = registers_.read32(config + 4);
        for (unsigned i = 0; i < mac_.size(); ++i) {
            mac_[i] = static_cast<std::uint8_t>(i < 4 ? first >> (8 * i) : second >> (8 * (i - 4)));
        }
    }

    Result<void> start_queue(std::uint32_t number, VirtQueue& queue, DmaMemory memory) {
        using namespace virtio_register;
        registers_.write32(queue_select, number);
        if (registers_.read32(queue_ready) != 0 ||
            registers_.read32(queue_size_max) < VirtQueue::size) {
            return refuse();
        }
        queue.init(memory.data, (features_ & feature_event_index) != 0);
        registers_.write32(queue_size, VirtQueue::size);
        write_address(queue_descriptors, memory.address + VirtQueue::descriptors_offset);
        write_address(queue_driver, memory.address + VirtQueue::available_offset);
        write_address(queue_device, memory.address + VirtQueue::used_offset);
        registers_.write32(queue_ready, 1);
        return {};
    }

    void write_address(std::size_t place, std::uint64_t address) {
        registers_.write32(place, static_cast<std::uint32_t>(address));
        registers_.write32(place + 4, static_cast<std::uint32_t>(address >> 32));
    }

    Result<void> refuse() {
        registers_.write32(virtio_register::status, failed);
        return std::unexpected(Error::not_supported);
    }

    void reclaim() {
        while (const std::optional<VirtQueue::Used> used = transmit_.take_used()) {
            free_transmit_[free_count_++] = used->index;
        }
        transmit_.disarm_interrupt();
    }

    Registers registers_;
    Memory memory_{};
    std::uint32_t features_ = 0;  // negotiated, low word
    bool link_up_ = true;
    MacAddress mac_{};
    VirtQueue receive_{};
    VirtQueue transmit_{};
    std::array<std::uint16_t, buffers> free_transmit_{};  // a stack
    std::size_t free_count_ = 0;
    std::array<bool, buffers> held_{};  // receive buffers that the caller has
};

}  // namespace sos::drivers
