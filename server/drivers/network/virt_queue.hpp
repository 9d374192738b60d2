// SPDX-License-Identifier: BSD-2-Clause
// VirtQueue: the driver's side of one split virtqueue (virtio 1.1, 2.6), used in the simple way
// that a network card needs: buffer number i is descriptor number i, for good. A buffer is either
// ours or the device's; post() gives it away, take_used() gets it back.
//
// The device is not trusted: whatever it writes into the used ring is checked, and more buffers
// than it was shown, one that it did not have, or more bytes than fit break the queue (broken())
// until it is started anew. Nothing that the device can write is ever read back as ours. Posts
// become visible with publish(), which also tells whether the device wants to be notified.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

#include "base/assert.hpp"

namespace sos::drivers {

class VirtQueue {
  public:
    static constexpr std::uint16_t size = 256;

    // One piece of memory, physically contiguous, zero-filled: the three parts one behind another.
    static constexpr std::size_t descriptors_offset = 0;
    static constexpr std::size_t available_offset = descriptors_offset + 16 * size;
    static constexpr std::size_t used_offset = available_offset + 1024;
    static constexpr std::size_t memory_size = used_offset + 4096;
    static_assert(available_offset + 4 + 2 * size + 2 <= used_offset);
    static_assert(used_offset + 4 + 8 * size + 2 <= memory_size);

    enum class Access { device_reads, device_writes };

    struct Used {
        std::uint16_t index;
        std::uint32_t length;
    };

    /// Starts from nothing: all buffers are ours. The device must not use the queue at the time.
    /// `memory`: memory_size bytes, aligned to 16. `events`: was RING_EVENT_IDX negotiated?
    void init(std::byte* memory, bool events) {
        *this = {};
        std::memset(memory, 0, memory_size);
        descriptors_ = reinterpret_cast<Descriptor*>(memory + descriptors_offset);
        available_ = reinterpret_cast<std::uint16_t*>(memory + available_offset);
        used_ = memory + used_offset;
        events_ = events;
    }

    /// Buffer `index`, ours, goes to the device: `length` bytes at this physical address.
    void post(std::uint16_t index, std::uint64_t address, std::uint32_t length, Access access) {
        ASSERT(index < size && !with_device_[index]);
        descriptors_[index] = {address, length,
                               access == Access::device_writes ? flag_device_writes : no_flags, 0};
        capacity_[index] = access == Access::device_writes ? length : 0;
        with_device_[index] = true;
        place_[index] = posted_;
        available_[available_ring + posted_ % size] = index;
        ++posted_;
    }

    /// Shows the device what was posted; true if it wants to hear of it.
    bool publish() {
        if (posted_ == published_) return false;
        const std::uint16_t before = published_;
        published_ = posted_;
        // The device reads descriptors and ring entries once it sees the new index.
        __atomic_thread_fence(__ATOMIC_RELEASE);
        write(&available_[available_index], posted_);
        // Our index must be out before we look at the device's wish, or both sides could miss.
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        if (!events_) return (read16(used_flags) & flag_no_notify) == 0;
        const std::uint16_t wanted = read16(used_available_event);
        return static_cast<std::uint16_t>(posted_ - wanted - 1) <
               static_cast<std::uint16_t>(posted_ - before);
    }

    /// The next buffer that the device has finished with.
    std::optional<Used> take_used() {
        if (broken_) return std::nullopt;
        const auto waiting = static_cast<std::uint16_t>(read16(used_index) - seen_);
        if (waiting == 0) return std::nullopt;
        // No more can be used than was published; so a loop over this ends, whatever the device
        // does.
        if (waiting > static_cast<std::uint16_t>(published_ - seen_)) {
            broken_ = true;
            return std::nullopt;
        }
        // The entry was written before the index that we have just seen.
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        const std::size_t entry =
            used_ring + 8 * std::size_t{static_cast<std::uint16_t>(seen_ % size)};
        const std::uint32_t index = read32(entry);
        const std::uint32_t length = read32(entry + 4);
        if (index >= size || !published(index) || length > capacity_[index]) {
            broken_ = true;
            return std::nullopt;
        }
        with_device_[index] = false;
        ++seen_;
        return Used{static_cast<std::uint16_t>(index), length};
    }

    /// Asks for an interrupt with the next used buffer. True if there is one already, which the
    /// device may have added before it saw the wish.
    bool arm_interrupt() {
        write(&available_[available_flags], no_flags);
        write(&available_[used_event], seen_);
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        return !broken_ && read16(used_index) != seen_;
    }

    /// No interrupts, as far as the device honours that.
    void disarm_interrupt() {
        write(&available_[available_flags], flag_no_interrupt);
        // As far away as can be; to be repeated now and then, which each call does.
        write(&available_[used_event], static_cast<std::uint16_t>(seen_ - 1));
    }

    bool broken() const { return broken_; }
    /// The device has told a lie that only the owner could see.
    void set_broken() { broken_ = true; }

  private:
    struct Descriptor {
        std::uint64_t address;
        std::uint32_t length;
        std::uint16_t flags;
        std::uint16_t next;
    };
    static_assert(sizeof(Descriptor) == 16);

    static constexpr std::uint16_t no_flags = 0;
    static constexpr std::uint16_t flag_device_writes = 2;
    static constexpr std::uint16_t flag_no_interrupt = 1;
    static constexpr std::uint16_t flag_no_notify = 1;

    // 16-bit places of the available ring
    static constexpr std::size_t available_flags = 0;
    static constexpr std::size_t available_index = 1;
    static constexpr std::size_t available_ring = 2;
    static constexpr std::size_t used_event = available_ring + size;
    // byte places of the used ring
    static constexpr std::size_t used_flags = 0;
    static constexpr std::size_t used_index = 2;
    static constexpr std::size_t used_ring = 4;
    static constexpr std::size_t used_available_event = used_ring + 8 * size;

    /// Has the device been shown this buffer, and has not used it yet?
    bool published(std::uint32_t index) const {
        return with_device_[index] &&
               static_cast<std::uint16_t>(published_ - 1 - place_[index]) < size;
    }

    static void write(std::uint16_t* place, std::uint16_t value) {
        *static_cast<volatile std::uint16_t*>(place) = value;
    }
    std::uint16_t read16(std::size_t offset) const {
        return *reinterpret_cast<const volatile std::uint16_t*>(used_ + offset);
    }
    std::uint32_t read32(std::size_t offset) const {
        return *reinterpret_cast<const volatile std::uint32_t*>(used_ + offset);
    }

    Descriptor* descriptors_ = nullptr;
    std::uint16_t* available_ = nullptr;
    const std::byte* used_ = nullptr;
    bool events_ = false;
    bool broken_ = false;
    std::uint16_t posted_ = 0;  // free-running, as the indexes of the rings are
    std::uint16_t published_ = 0;
    std::uint16_t seen_ = 0;
    bool with_device_[size]{};     // or posted, and to be published
    std::uint16_t place_[size]{};  // in the order of posts
    std::uint32_t capacity_[size]{};
};

}  // namespace sos::drivers
