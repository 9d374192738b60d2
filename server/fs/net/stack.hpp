// SPDX-License-Identifier: BSD-2-Clause
// NetworkStack: the network card and lwIP, as the file server's thread drives them. Packets go into
// lwIP where the card put them; the card gets the buffer back when lwIP frees the packet.
//
// lwIP's timers run only while there is something for them to do: an idle connection causes no
// wake-ups. One object, one thread; nothing in here waits.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "drivers/network/mmio_registers.hpp"
#include "drivers/network/virtio_net.hpp"
#include "error.hpp"
#include "fs/net/coalesce.hpp"
#include "lwip/netif.h"
#include "lwip/pbuf.h"
#include "platform/boot_settings.hpp"

namespace sos::fs::net {

using Card = drivers::VirtioNet<drivers::MmioRegisters>;

class NetworkStack {
  public:
    explicit NetworkStack(base::Mmio registers) : card_(drivers::MmioRegisters(registers)) {}
    NetworkStack(const NetworkStack&) = delete;
    NetworkStack& operator=(const NetworkStack&) = delete;

    /// No address given: DHCP.
    Result<void> start(const Card::Memory& memory,
                       const std::optional<platform::StaticAddress>& address,
                       std::uint64_t random_seed, std::uint64_t now_us);

    void acknowledge_interrupt();

    /// Hands received packets to lwIP and runs timers that are due; true if there were packets.
    bool poll(std::uint64_t now_us);
    /// To be called when poll() and the users of the connections have nothing to do any more: the
    /// card interrupts for the next packet. True when there is one already.
    bool rest() { return !given_up_ && card_.rest(); }
    /// Lets the card see what is to be sent, and the buffers given back.
    void flush() {
        if (!given_up_) card_.flush();
    }

    /// When poll() is to be called even if no packet arrives.
    std::optional<std::uint64_t> deadline_us() const;

    /// Is there an address, so that connections can be made?
    bool ready() const;

  private:
    /// A received packet as lwIP holds it; first member, so that the pbuf leads back to it.
    struct ReceivedPacket {
        pbuf_custom pbuf;
        NetworkStack* stack;
        std::uint16_t buffer;
    };
    struct Timer {
        std::uint64_t period_us;
        void (*tick)();
        bool (*needed)();
        std::uint64_t due_us = 0;  // 0: stopped
    };

    static err_t init_interface(netif* interface);
    static err_t transmit(netif* interface, pbuf* packet);
    static void release(pbuf* packet);
    static void address_changed(netif* interface);
    void run_timers(std::uint64_t now_us);
    void remind(std::uint64_t now_us);
    void follow_link();
    void receive_all(bool& any);
    pbuf* wrap(const Card::Packet& packet, std::size_t length);
    void hand_over();
    bool damaged(const Card::Packet& packet);
    void recover_card();

    Card card_;
    netif interface_{};
    unsigned resets_ = 0;
    std::uint64_t damaged_ = 0;       // packets received
    bool given_up_ = false;           // the card; nothing is sent or received any more
    std::uint64_t remind_at_us_ = 0;  // to say that there is no address yet
    std::array<ReceivedPacket, Card::buffers> received_{};
    std::array<Timer, 4> timers_;
    // A packet that is being put together. So many frames at most are acknowledged at once: a
    // third of the peer's window, so that it never has to stop.
    static constexpr std::size_t max_joint = 15;
    std::optional<Segment> joint_{};
    std::array<pbuf*, max_joint> pieces_{};
    std::size_t joint_count_ = 0;
};

}  // namespace sos::fs::net
