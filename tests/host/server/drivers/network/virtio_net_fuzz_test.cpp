// SPDX-License-Identifier: BSD-2-Clause
// A device that mixes honest work with nonsense: any id, length, piece count, index and register
// value. Whatever it does, calls return, memory is touched only inside the buffers (which have
// allocations of their own, under the address sanitizer), the device is never shown a buffer that
// the caller holds, and after a reset an honest device is served as ever.
#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <set>

#include "virtio_net_model.hpp"

namespace sos::drivers::test {
namespace {

using Net = VirtioNet<ModelRegisters>;

class Piece {
  public:
    explicit Piece(std::size_t size) : data_(new (std::align_val_t(4096)) std::byte[size]()) {}
    ~Piece() { operator delete[](data_, std::align_val_t(4096)); }
    Piece(const Piece&) = delete;
    Piece& operator=(const Piece&) = delete;
    Net::DmaMemory memory() const { return {data_, reinterpret_cast<std::uint64_t>(data_)}; }

  private:
    std::byte* data_;
};

class Fuzz {
  public:
    explicit Fuzz(unsigned seed) : random_(seed) {}

    void run(unsigned steps) {
        ASSERT_TRUE(net_.init({queues_.memory(), receive_.memory(), transmit_.memory()}));
        for (unsigned i = 0; i < steps && !testing::Test::HasFatalFailure(); ++i) {
            if (pick(3) == 0) disturb();
            drive();
            check_what_the_device_has();
        }
    }
    unsigned resets() const { return resets_; }
    unsigned received() const { return received_; }

  private:
    std::uint32_t pick(std::uint32_t below) {
        return static_cast<std::uint32_t>(random_() % below);
    }
    NetModel::Queue& any_queue() { return model_.queues[pick(2)]; }

    std::uint32_t any_number() {
        constexpr std::uint32_t edges[] = {0, 1, 11, 12, 13, 255, 256, 2046, 2047, 0xffff, ~0u};
        return pick(2) == 0 ? edges[pick(std::size(edges))] : static_cast<std::uint32_t>(random_());
    }

    /// Something that a device may not do, or may not do now.
    void disturb() {
        switch (pick(24)) {
            case 0:
                return model_.put_used(any_queue(), any_number(), any_number());
            case 1:
                return model_.put_used(any_queue(), pick(256), any_number() % 2047);
            case 2:
                any_queue().used = static_cast<std::uint16_t>(any_number());
                return model_.put_used(any_queue(), pick(256), 20);
            case 3:
                if (model_.deliver("wrong count of pieces")) {
                    const auto last = static_cast<std::uint16_t>(model_.queues[0].used - 1);
                    model_.at_header(last % VirtQueue::size, 10) =
                        static_cast<std::uint16_t>(any_number());
                }
                return;
            case 4:
                model_.interrupt = any_number();
                return;
            case 5:
                return model_.ask_for_reset();
            default:
                model_.link_status = static_cast<std::uint16_t>(any_number());
                model_.interrupt |= 2;
        }
    }

    /// What the network stack does, and an honest device beside it.
    void drive() {
        switch (pick(6)) {
            case 0:
                model_.deliver(std::string(1 + pick(1500), 'p'));
                break;
            case 1:
                model_.deliver_in_pieces(
                    {std::string(1 + pick(500), 'p'), std::string(pick(800), 'p')});
                break;
            case 2:
                receive();
                break;
            case 3:
                give_back();
                break;
            case 4:
                transmit();
                break;
            default:
                net_.acknowledge_interrupt();
                net_.rest();
                net_.flush();
        }
        if (net_.broken()) reset();
    }

    void receive() {
        unsigned packets = 0;
        while (const auto packet = net_.receive()) {
            ASSERT_LE(++packets, Net::buffers) << "without end";
            ++received_;
            ASSERT_FALSE(held_.contains(packet->buffer));
            const std::byte* const buffer =
                receive_.memory().data + packet->buffer * Net::buffer_size;
            ASSERT_GE(packet->frame.data(), buffer);
            ASSERT_LE(packet->frame.data() + packet->frame.size(), buffer + Net::buffer_size);
            std::fill(packet->frame.begin(), packet->frame.end(), std::byte{0x5a});
            held_.insert(packet->buffer);
        }
    }

    void give_back() {
        while (!held_.empty() && pick(8) != 0) {
            net_.give_back(held_.extract(held_.begin()).value());
        }
        net_.flush();
    }

    void transmit() {
        if (const auto packet = net_.begin_transmit()) {
            std::fill(packet->frame.begin(), packet->frame.end(), std::byte{'t'});
            net_.commit_transmit(*packet, 1 + pick(1514));
        }
        if (pick(3) == 0) net_.flush();
    }

    void reset() {
        ++resets_;
        ASSERT_TRUE(net_.restart());
        ASSERT_FALSE(net_.broken());
        checked_[0] = checked_[1] = 0;
        const std::size_t held = held_.size();
        if (held == Net::buffers) return;
        ASSERT_TRUE(model_.deliver("after the reset"));
        const auto packet = net_.receive();
        ASSERT_TRUE(packet);
        ASSERT_EQ(packet->frame.size(), 15u);
        net_.give_back(packet->buffer);
        net_.flush();
    }

    /// What the device was shown since the last look leads into the buffers, and to none that is
    /// held.
    void check_what_the_device_has() {
        for (unsigned number = 0; number < 2; ++number) {
            const NetModel::Queue& queue = model_.queues[number];
            const auto& memory = number == 0 ? receive_.memory() : transmit_.memory();
            const auto available = *reinterpret_cast<const std::uint16_t*>(queue.driver + 2);
            for (std::uint16_t& at = checked_[number]; at != available; ++at) {
                const auto id = *reinterpret_cast<const std::uint16_t*>(queue.driver + 4 +
                                                                        2ull * (at % queue.size));
                ASSERT_LT(id, VirtQueue::size);
                const auto* const words =
                    reinterpret_cast<const std::uint64_t*>(queue.descriptors + 16ull * id);
                ASSERT_GE(words[0], memory.address);
                ASSERT_LE(words[0] + (words[1] & 0xffffffff), memory.address + Net::buffers_size);
                ASSERT_FALSE(number == 0 && held_.contains(id)) << "held, and yet given away";
            }
        }
    }

    std::mt19937 random_;
    NetModel model_;
    Piece queues_{Net::queues_size}, receive_{Net::buffers_size}, transmit_{Net::buffers_size};
    Net net_{ModelRegisters(model_)};
    std::set<std::uint16_t> held_;
    std::uint16_t checked_[2] = {0, 0};  // entries of the available rings
    unsigned resets_ = 0, received_ = 0;
};

TEST(VirtioNetFuzz, nonsense_stays_without_consequences) {
    unsigned resets = 0, received = 0;
    for (unsigned seed = 0; seed < 20; ++seed) {
        Fuzz fuzz(seed);
        fuzz.run(4'000);
        if (HasFatalFailure()) FAIL() << "seed " << seed;
        resets += fuzz.resets();
        received += fuzz.received();
    }
    EXPECT_GT(resets, 1'000u);
    EXPECT_GT(received, 1'000u);
}

TEST(VirtioNetFuzz, refuses_a_device_whose_registers_are_nonsense) {
    std::mt19937 random(1);
    for (unsigned round = 0; round < 200; ++round) {
        NetModel model;
        model.features[0] = static_cast<std::uint32_t>(random());
        model.features[1] = static_cast<std::uint32_t>(random());
        model.max_queue = static_cast<std::uint32_t>(random() % 512);
        model.refuses_features = random() % 4 == 0;
        model.link_status = static_cast<std::uint16_t>(random());
        const Piece queues(Net::queues_size), receive(Net::buffers_size),
            transmit(Net::buffers_size);
        Net net{ModelRegisters(model)};
        const bool can = (model.features[0] >> 5 & 1) != 0 && (model.features[1] & 1) != 0 &&
                         model.max_queue >= 256 && !model.refuses_features;
        ASSERT_EQ(net.init({queues.memory(), receive.memory(), transmit.memory()}).has_value(),
                  can);
        ASSERT_EQ(model.status, can ? 15u : 128u);
    }
}

}  // namespace
}  // namespace sos::drivers::test
