// SPDX-License-Identifier: BSD-2-Clause
#include "drivers/network/virtio_net.hpp"

#include <gtest/gtest.h>

#include <memory>

#include "frames.hpp"
#include "virtio_net_model.hpp"

namespace sos::drivers::test {
namespace {

using Net = VirtioNet<ModelRegisters>;

class VirtioNetTest : public ::testing::Test {
  protected:
    Net::DmaMemory piece(std::size_t size) {
        pieces_.emplace_back(new (std::align_val_t(4096)) std::byte[size]());
        std::byte* data = pieces_.back().get();
        return {data, reinterpret_cast<std::uint64_t>(data)};
    }
    Result<void> start() {
        return net.init(
            {piece(Net::queues_size), piece(Net::buffers_size), piece(Net::buffers_size)});
    }
    static std::string text(std::span<const std::byte> frame) {
        return {reinterpret_cast<const char*>(frame.data()), frame.size()};
    }
    void send(const std::string& frame) {
        const auto packet = net.begin_transmit();
        ASSERT_TRUE(packet);
        std::memcpy(packet->frame.data(), frame.data(), frame.size());
        net.commit_transmit(*packet, frame.size());
    }

    void receive_many() {
        for (int i = 0; i < 2000; ++i) {
            ASSERT_TRUE(model.deliver("packet " + std::to_string(i)));
            const auto packet = net.receive();
            ASSERT_TRUE(packet);
            ASSERT_EQ(text(packet->frame), "packet " + std::to_string(i));
            EXPECT_EQ(reinterpret_cast<std::uintptr_t>(packet->frame.data() + 14) % 4, 0u);
            net.give_back(packet->buffer);
            net.flush();
        }
        EXPECT_FALSE(net.receive());
    }

    NetModel model;
    Net net{ModelRegisters(model)};

  private:
    struct Free {
        void operator()(std::byte* data) const { operator delete[](data, std::align_val_t(4096)); }
    };
    std::vector<std::unique_ptr<std::byte, Free>> pieces_;
};

TEST_F(VirtioNetTest, identifies_what_is_there) {
    const ModelRegisters registers(model);
    EXPECT_EQ(identify_virtio(registers), VirtioKind::network);
    model.version = 1;
    EXPECT_EQ(identify_virtio(registers), VirtioKind::legacy);
    model.device_id = 2;
    EXPECT_EQ(identify_virtio(registers), VirtioKind::other);
    model.device_id = 0;
    EXPECT_EQ(identify_virtio(registers), VirtioKind::none);
}

TEST_F(VirtioNetTest, starts_the_device) {
    ASSERT_TRUE(start());
    EXPECT_EQ(model.status, 15u);
    EXPECT_EQ(model.accepted[0], 1u << 0 | 1u << 1 | 1u << 5 | 1u << 15 | 1u << 16 | 1u << 29);
    EXPECT_EQ(model.accepted[1], 1u);
    EXPECT_TRUE(model.queues[0].ready && model.queues[1].ready);
    EXPECT_EQ(model.queues[0].notified, 1);
    EXPECT_EQ(net.mac(), (MacAddress{0x52, 0x54, 0x00, 0x12, 0x34, 0x56}));
}

TEST_F(VirtioNetTest, refuses_what_it_cannot_drive) {
    model.features[1] = 0;
    EXPECT_EQ(start().error(), Error::not_supported);
    EXPECT_EQ(model.status, 128u);
    model.features[1] = 1;
    model.features[0] = 0;
    EXPECT_EQ(start().error(), Error::not_supported);
    model.features[0] = 1u << 5;
    model.refuses_features = true;
    EXPECT_EQ(start().error(), Error::not_supported);
    model.refuses_features = false;
    model.max_queue = 128;
    EXPECT_EQ(start().error(), Error::not_supported);
    model.max_queue = 256;
    model.never_resets = true;
    EXPECT_EQ(start().error(), Error::not_supported);
    model.never_resets = false;
    EXPECT_TRUE(start());
}

TEST_F(VirtioNetTest, receives_in_order_and_reuses_buffers) {
    ASSERT_TRUE(start());
    receive_many();
}

TEST_F(VirtioNetTest, does_without_event_indexes) {
    model.features[0] = 1u << 5;
    ASSERT_TRUE(start());
    receive_many();
    send("x");
    net.flush();
    EXPECT_EQ(model.sent.size(), 1u);
}

TEST_F(VirtioNetTest, keeps_packets_until_they_are_given_back) {
    ASSERT_TRUE(start());
    std::vector<std::uint16_t> held;
    for (int i = 0; i < Net::buffers; ++i) {
        ASSERT_TRUE(model.deliver("x"));
        held.push_back(net.receive()->buffer);
        net.flush();
    }
    EXPECT_FALSE(model.deliver("one too many"));
    net.give_back(held[7]);
    EXPECT_FALSE(model.deliver("not published yet"));
    net.flush();
    EXPECT_TRUE(model.deliver("fits again"));
    const auto packet = net.receive();
    EXPECT_EQ(packet->buffer, held[7]);
    EXPECT_EQ(text(packet->frame), "fits again");
}

TEST_F(VirtioNetTest, one_interrupt_for_a_burst) {
    ASSERT_TRUE(start());
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(model.deliver("burst"));
    EXPECT_EQ(model.interrupts, 1);
    net.acknowledge_interrupt();
    EXPECT_EQ(model.interrupt, 0u);
    int received = 0;
    while (const auto packet = net.receive()) {
        net.give_back(packet->buffer);
        ++received;
    }
    net.flush();
    EXPECT_EQ(received, 20);
    EXPECT_FALSE(net.rest());
    ASSERT_TRUE(model.deliver("later"));
    ASSERT_TRUE(model.deliver("and another"));
    EXPECT_EQ(model.interrupts, 2);
}

TEST_F(VirtioNetTest, no_interrupt_while_somebody_looks) {
    ASSERT_TRUE(start());
    ASSERT_TRUE(model.deliver("first"));
    EXPECT_EQ(model.interrupts, 1);
    net.acknowledge_interrupt();
    for (int i = 0; i < 1000; ++i) {
        const auto packet = net.receive();
        ASSERT_TRUE(packet);
        net.give_back(packet->buffer);
        net.flush();
        EXPECT_FALSE(net.receive());
        ASSERT_TRUE(model.deliver("while it looks"));
    }
    EXPECT_EQ(model.interrupts, 1);
    EXPECT_TRUE(net.rest()) << "there is one that will not be told of";
    EXPECT_TRUE(net.receive());
    EXPECT_FALSE(net.rest());
    ASSERT_TRUE(model.deliver("while it rests"));
    EXPECT_EQ(model.interrupts, 2);
}

TEST_F(VirtioNetTest, transmits_a_batch_with_one_notification_and_no_interrupt) {
    ASSERT_TRUE(start());
    for (int round = 0; round < 300; ++round) {
        for (int i = 0; i < 10; ++i) send("frame " + std::to_string(10 * round + i));
        EXPECT_EQ(model.sent.size(), 10u * static_cast<unsigned>(round));
        net.flush();
        ASSERT_EQ(model.queues[1].notified, round + 1);
    }
    EXPECT_EQ(model.sent.size(), 3000u);
    EXPECT_EQ(model.sent.back(), "frame 2999");
    EXPECT_EQ(model.interrupts, 0);
}

TEST_F(VirtioNetTest, says_when_the_device_has_all_transmit_buffers) {
    ASSERT_TRUE(start());
    model.holds_transmits = true;
    for (int i = 0; i < Net::buffers; ++i) send("x");
    net.flush();
    EXPECT_FALSE(net.begin_transmit());
    model.finish_transmits();
    EXPECT_TRUE(net.begin_transmit());
}

TEST_F(VirtioNetTest, disbelieves_a_device_that_breaks_the_rules) {
    struct Lie {
        std::uint32_t id;
        std::uint32_t length;
    };
    for (const Lie lie : {Lie{256, 20}, Lie{~0u, 20}, Lie{3, 2047}, Lie{3, ~0u}}) {
        NetModel fresh;
        Net device{ModelRegisters(fresh)};
        ASSERT_TRUE(device.init(
            {piece(Net::queues_size), piece(Net::buffers_size), piece(Net::buffers_size)}));
        fresh.put_used(fresh.queues[0], lie.id, lie.length);
        EXPECT_FALSE(device.receive());
        EXPECT_TRUE(device.broken());
        EXPECT_FALSE(device.receive());
    }
    // A buffer that the device has given back already.
    ASSERT_TRUE(start());
    ASSERT_TRUE(model.deliver("once"));
    const auto packet = net.receive();
    model.put_used(model.queues[0], packet->buffer, 20);
    EXPECT_FALSE(net.receive());
    EXPECT_TRUE(net.broken());
}

TEST_F(VirtioNetTest, disbelieves_a_used_index_that_runs_ahead) {
    ASSERT_TRUE(start());
    for (int i = 0; i < Net::buffers + 1; ++i) model.put_used(model.queues[0], 3, 0);
    EXPECT_FALSE(net.receive());
    EXPECT_TRUE(net.broken());
}

TEST_F(VirtioNetTest, puts_packets_in_pieces_together) {
    ASSERT_TRUE(start());
    for (int i = 0; i < 1000; ++i) {
        ASSERT_TRUE(model.deliver_in_pieces({"one ", "packet ", "in ", std::to_string(i)}));
        const auto packet = net.receive();
        ASSERT_TRUE(packet);
        ASSERT_EQ(text(packet->frame), "one packet in " + std::to_string(i));
        net.give_back(packet->buffer);
        net.flush();
    }
    const std::string full(2000, 'f');
    ASSERT_TRUE(model.deliver_in_pieces({full, full}));
    ASSERT_TRUE(model.deliver("fits"));
    EXPECT_EQ(text(net.receive()->frame), "fits") << "what is too long for a frame is left out";
    EXPECT_FALSE(net.broken());
}

TEST_F(VirtioNetTest, disbelieves_pieces_that_are_not_there) {
    ASSERT_TRUE(start());
    ASSERT_TRUE(model.deliver("x"));
    model.at_header(0, 10) = 2;
    EXPECT_FALSE(net.receive());
    EXPECT_TRUE(net.broken());
}

TEST_F(VirtioNetTest, follows_the_link) {
    ASSERT_TRUE(start());
    EXPECT_TRUE(net.link_up());
    EXPECT_FALSE(net.acknowledge_interrupt());
    model.set_link(false);
    EXPECT_TRUE(net.acknowledge_interrupt());
    EXPECT_FALSE(net.link_up());
    model.set_link(false);
    EXPECT_FALSE(net.acknowledge_interrupt()) << "no news";
    model.set_link(true);
    EXPECT_TRUE(net.acknowledge_interrupt());
    EXPECT_TRUE(net.link_up());
    model.features[0] &= ~(1u << 16);
    model.link_status = 0;
    ASSERT_TRUE(start());
    EXPECT_TRUE(net.link_up()) << "a device that cannot tell has a link";
}

TEST_F(VirtioNetTest, starts_again_with_the_buffers_that_nobody_holds) {
    ASSERT_TRUE(start());
    ASSERT_TRUE(model.deliver("held"));
    const auto held = net.receive();
    ASSERT_TRUE(held);
    model.ask_for_reset();
    net.acknowledge_interrupt();
    EXPECT_TRUE(net.broken());
    EXPECT_FALSE(net.receive());
    ASSERT_TRUE(net.restart());
    EXPECT_FALSE(net.broken());
    EXPECT_EQ(text(held->frame), "held");
    for (int i = 1; i < Net::buffers; ++i) {
        ASSERT_TRUE(model.deliver("again"));
        const auto packet = net.receive();
        ASSERT_TRUE(packet);
        ASSERT_NE(packet->buffer, held->buffer);
    }
    EXPECT_FALSE(model.deliver("no buffer is left"));
    net.give_back(held->buffer);
    net.flush();
    EXPECT_TRUE(model.deliver("now there is one"));
    for (int i = 0; i < Net::buffers; ++i) send("all transmit buffers are free");
    EXPECT_FALSE(net.begin_transmit());
}

TEST_F(VirtioNetTest, lets_the_device_compute_checksums) {
    ASSERT_TRUE(start());
    ASSERT_TRUE(net.computes_checksums());
    std::string frame = datagram();
    const auto checksum = prepare_checksum(as_frame(frame));
    ASSERT_TRUE(checksum);
    const auto packet = net.begin_transmit();
    std::memcpy(packet->frame.data(), frame.data(), frame.size());
    net.commit_transmit(*packet, frame.size(), checksum);
    net.flush();
    ASSERT_EQ(model.sent.size(), 1u);
    EXPECT_TRUE(checksum_is_right(model.sent[0]));
    model.features[0] &= ~1u;
    ASSERT_TRUE(start());
    EXPECT_FALSE(net.computes_checksums());
}

TEST_F(VirtioNetTest, believes_a_device_that_vouches_for_checksums) {
    ASSERT_TRUE(start());
    for (const bool negotiated : {true, false}) {
        if (!negotiated) {
            model.features[0] &= ~2u;
            ASSERT_TRUE(start());
        }
        for (const unsigned flags : {0u, 1u, 2u, 3u, 4u}) {  // NEEDS_CSUM, DATA_VALID, RSC_INFO
            ASSERT_TRUE(model.deliver("packet", static_cast<std::uint8_t>(flags)));
            const auto packet = net.receive();
            ASSERT_TRUE(packet);
            EXPECT_EQ(packet->vouched == Vouched::yes, negotiated && (flags & 3) != 0)
                << "flags " << flags;
            net.give_back(packet->buffer);
        }
        net.flush();
    }
}

TEST_F(VirtioNetTest, skips_empty_buffers) {
    ASSERT_TRUE(start());
    model.put_used(model.queues[0], 5, 0);
    model.put_used(model.queues[0], 6, 12);
    EXPECT_FALSE(net.receive());
    EXPECT_FALSE(net.broken());
}

}  // namespace
}  // namespace sos::drivers::test
