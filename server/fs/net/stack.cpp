// SPDX-License-Identifier: BSD-2-Clause
#include "fs/net/stack.hpp"

#include <algorithm>
#include <cstring>

#include "base/assert.hpp"
#include "log/log.hpp"
#include "lwip/dhcp.h"
#include "lwip/etharp.h"
#include "lwip/init.h"
#include "lwip/ip4_frag.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/sys.h"
#include "netif/ethernet.h"

namespace sos::fs::net {

namespace {

constinit std::uint64_t lwip_now_us = 0;
constinit std::uint64_t random_state = 1;

/// xorshift64*: port numbers and transaction ids, nothing that must stay secret.
std::uint32_t next_random() {
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return static_cast<std::uint32_t>((random_state * 0x2545'f491'4f6c'dd1dull) >> 32);
}

bool connection_busy(const tcp_pcb& pcb) {
    return pcb.state != ESTABLISHED || pcb.unsent != nullptr || pcb.unacked != nullptr ||
           pcb.ooseq != nullptr || pcb.refused_data != nullptr ||
           (pcb.flags & (TF_ACK_DELAY | TF_ACK_NOW | TF_FIN)) != 0;
}

bool tcp_busy() {
    if (tcp_tw_pcbs != nullptr) return true;
    for (const tcp_pcb* pcb = tcp_active_pcbs; pcb != nullptr; pcb = pcb->next) {
        if (connection_busy(*pcb)) return true;
    }
    return false;
}

bool dhcp_used() {
    return netif_default != nullptr && netif_dhcp_data(netif_default) != nullptr;
}

bool dhcp_busy() {
    return dhcp_used() && dhcp_supplied_address(netif_default) == 0;
}

void tick_resolution() {
    etharp_tmr();
    ip_reass_tmr();
}

constexpr std::uint64_t ms = 1000;
constexpr std::uint64_t reminder_us = 3'000'000;
/// A device that breaks its rules is reset so often; then it is given up.
constexpr unsigned max_resets = 8;

ip4_addr_t to_lwip(std::uint32_t host_order) {
    return ip4_addr_t{lwip_htonl(host_order)};
}

}  // namespace

Result<void> NetworkStack::start(const Card::Memory& memory,
                                 const std::optional<platform::StaticAddress>& address,
                                 std::uint64_t random_seed, std::uint64_t now_us) {
    lwip_now_us = now_us;
    random_state = random_seed | 1;
    timers_ = {{
        {TCP_TMR_INTERVAL * ms, tcp_tmr, tcp_busy},
        {ARP_TMR_INTERVAL * ms, tick_resolution, [] { return tcp_busy() || dhcp_busy(); }},
        {DHCP_FINE_TIMER_MSECS * ms, dhcp_fine_tmr, dhcp_busy},
        {DHCP_COARSE_TIMER_MSECS * ms, dhcp_coarse_tmr, dhcp_used},
    }};
    TRY(card_.init(memory));
    lwip_init();
    ip4_addr_t own{};
    ip4_addr_t mask{};
    ip4_addr_t gateway{};
    if (address) {
        own = to_lwip(address->address.value);
        const unsigned length = address->prefix_length;
        mask = to_lwip(length == 0 ? 0 : ~0u << (32 - length));
        gateway = to_lwip(address->gateway.value);
    }
    if (netif_add(&interface_, &own, &mask, &gateway, this, init_interface, ethernet_input) ==
        nullptr) {
        return std::unexpected(Error::no_memory);
    }
    netif_set_status_callback(&interface_, address_changed);
    netif_set_default(&interface_);
    follow_link();
    netif_set_up(&interface_);
    if (!address && dhcp_start(&interface_) != ERR_OK) return std::unexpected(Error::no_memory);
    remind_at_us_ = now_us + reminder_us;
    run_timers(now_us);
    flush();
    return {};
}

err_t NetworkStack::init_interface(netif* interface) {
    const NetworkStack& stack = *static_cast<const NetworkStack*>(interface->state);
    interface->name[0] = 'e';
    interface->name[1] = 'n';
    interface->mtu = 1500;
    interface->hwaddr_len = ETH_HWADDR_LEN;
    std::memcpy(interface->hwaddr, stack.card_.mac().data(), ETH_HWADDR_LEN);
    interface->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET;
    interface->output = etharp_output;
    interface->linkoutput = transmit;
    // What the card does not compute, lwIP does.
    constexpr u16_t cards = NETIF_CHECKSUM_GEN_TCP | NETIF_CHECKSUM_GEN_UDP;
    NETIF_SET_CHECKSUM_CTRL(interface, stack.card_.computes_checksums()
                                           ? NETIF_CHECKSUM_ENABLE_ALL & ~cards
                                           : NETIF_CHECKSUM_ENABLE_ALL);
    return ERR_OK;
}

void NetworkStack::acknowledge_interrupt() {
    if (!card_.acknowledge_interrupt()) return;
    follow_link();
    log::warn<log::Area::net>("the link is {}", card_.link_up() ? "up again" : "down");
}

void NetworkStack::follow_link() {
    if (card_.link_up()) {
        netif_set_link_up(&interface_);
    } else {
        netif_set_link_down(&interface_);
    }
}

void NetworkStack::address_changed(netif* interface) {
    const std::uint32_t address = lwip_ntohl(netif_ip4_addr(interface)->addr);
    if (address == 0) return;
    log::info<log::Area::net>("address {}.{}.{}.{}", address >> 24, (address >> 16) & 255,
                              (address >> 8) & 255, address & 255);
}

bool NetworkStack::ready() const {
    return !ip4_addr_isany_val(*netif_ip4_addr(&interface_));
}

err_t NetworkStack::transmit(netif* interface, pbuf* packet) {
    NetworkStack& stack = *static_cast<NetworkStack*>(interface->state);
    if (stack.given_up_) return ERR_IF;
    if (packet->tot_len > Card::max_frame) return ERR_BUF;
    const std::optional<Card::Packet> room = stack.card_.begin_transmit();
    // TCP keeps what was not sent, and tries again with its next timer or acknowledgement.
    if (!room) return ERR_MEM;
    pbuf_copy_partial(packet, room->frame.data(), packet->tot_len, 0);
    std::optional<drivers::Checksum> checksum;
    if (stack.card_.computes_checksums()) {
        checksum = drivers::prepare_checksum(room->frame.first(packet->tot_len));
    }
    stack.card_.commit_transmit(*room, packet->tot_len, checksum);
    return ERR_OK;
}

void NetworkStack::release(pbuf* packet) {
    const auto& received = *reinterpret_cast<const ReceivedPacket*>(packet);
    received.stack->card_.give_back(received.buffer);
}

/// The connections stay: what was under way is sent again by TCP.
void NetworkStack::recover_card() {
    if (resets_ < max_resets && card_.restart()) {
        ++resets_;
        log::warn<log::Area::net>("the network device broke the rules of its interface; reset");
        follow_link();
        return;
    }
    given_up_ = true;
    card_.stop();
    log::error<log::Area::net>("the network device breaks the rules of its interface; given up");
}

bool NetworkStack::poll(std::uint64_t now_us) {
    lwip_now_us = now_us;
    bool any = false;
    if (!given_up_) receive_all(any);
    if (!given_up_ && card_.broken()) recover_card();
    run_timers(now_us);
    if (!ready() && now_us >= remind_at_us_) remind(now_us);
    return any;
}

/// TCP gets it again from its sender. Told each time their number has doubled.
bool NetworkStack::damaged(const Card::Packet& packet) {
    if (drivers::checksums_hold(packet.frame, packet.vouched)) return false;
    ++damaged_;
    if ((damaged_ & (damaged_ - 1)) == 0) {
        log::warn<log::Area::net>("so far {} packets with a wrong checksum", damaged_);
    }
    return true;
}

void NetworkStack::receive_all(bool& any) {
    while (const std::optional<Card::Packet> packet = card_.receive()) {
        any = true;
        if (damaged(*packet)) {
            card_.give_back(packet->buffer);
            continue;
        }
        const std::optional<Segment> segment = Segment::parse(packet->frame);
        // Without what Ethernet fills short frames up with.
        const std::size_t length =
            segment ? Segment::headers + segment->data() : packet->frame.size();
        pbuf* const p = wrap(*packet, length);
        if (p == nullptr) {
            card_.give_back(packet->buffer);
            continue;
        }
        const bool joins = segment && joint_ && joint_count_ < max_joint && joint_->join(*segment);
        if (joins) {
            pbuf_remove_header(p, Segment::headers);
        } else {
            hand_over();
        }
        pieces_[joint_count_++] = p;
        if (!joins) joint_ = segment;
        if (!segment) hand_over();
    }
    hand_over();
}

/// A received packet as lwIP wants it; null when it cannot be.
pbuf* NetworkStack::wrap(const Card::Packet& packet, std::size_t length) {
    ReceivedPacket& received = received_[packet.buffer];
    received.pbuf.custom_free_function = release;
    received.stack = this;
    received.buffer = packet.buffer;
    return pbuf_alloced_custom(PBUF_RAW, static_cast<u16_t>(length), PBUF_REF, &received.pbuf,
                               packet.frame.data(), static_cast<u16_t>(length));
}

/// Gives lwIP the packet that was being put together.
void NetworkStack::hand_over() {
    if (joint_count_ == 0) return;
    for (std::size_t i = joint_count_ - 1; i > 0; --i) {
        pieces_[i - 1]->next = pieces_[i];
        pieces_[i - 1]->tot_len = static_cast<u16_t>(pieces_[i - 1]->len + pieces_[i]->tot_len);
    }
    pbuf* const whole = pieces_[0];
    joint_count_ = 0;
    joint_.reset();
    if (interface_.input(whole, &interface_) != ERR_OK) pbuf_free(whole);
}

/// DHCP's timer sees to it that somebody looks often enough.
void NetworkStack::remind(std::uint64_t now_us) {
    remind_at_us_ = now_us + reminder_us;
    log::warn<log::Area::net>("no address yet: no answer from a DHCP server");
}

void NetworkStack::run_timers(std::uint64_t now_us) {
    for (Timer& timer : timers_) {
        if (timer.due_us != 0 && now_us >= timer.due_us) {
            timer.tick();
            timer.due_us = 0;
        }
    }
    for (Timer& timer : timers_) {
        if (!timer.needed()) {
            timer.due_us = 0;
        } else if (timer.due_us == 0) {
            timer.due_us = now_us + timer.period_us;
        }
    }
}

std::optional<std::uint64_t> NetworkStack::deadline_us() const {
    std::optional<std::uint64_t> earliest;
    for (const Timer& timer : timers_) {
        if (timer.due_us != 0 && (!earliest || timer.due_us < *earliest)) earliest = timer.due_us;
    }
    return earliest;
}

}  // namespace sos::fs::net

extern "C" {

u32_t sys_now(void) {
    return static_cast<u32_t>(sos::fs::net::lwip_now_us / 1000);
}

void sos_lwip_segment(tcp_pcb* pcb, const pbuf* packet) {
    // The mark of a segment whose acknowledgement waits for that of the next one, which this is.
    if (packet->next != nullptr) tcp_set_flags(pcb, TF_ACK_DELAY);
}

uint32_t sos_lwip_random(void) {
    return sos::fs::net::next_random();
}

void sos_lwip_assertion_failed(const char* message, const char* file, int line) {
    base::panic_handler(message, file, line);
}
}
