// SPDX-License-Identifier: BSD-2-Clause
// How lwIP is configured: one thread, no operating system beneath it, raw TCP for the NFS client,
// UDP for DHCP only. Its memory is static and bounded by the numbers below.
#pragma once

// One thread owns the stack; its clock and timers are driven by net/stack (no tick when idle).
#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_TIMERS 0
#define LWIP_SOCKET 0
#define LWIP_NETCONN 0

#define LWIP_IPV4 1
#define LWIP_IPV6 0
#define LWIP_ARP 1
// Both connections begin at once, before the server's address is known; without a queue the second
// one's first packet replaces the other's, which then comes again only after seconds.
#define ARP_QUEUEING 1
#define ARP_QUEUE_LEN 4
#define MEMP_NUM_ARP_QUEUE 8
#define LWIP_ICMP 1
#define LWIP_DHCP 1
#define LWIP_DHCP_DOES_ACD_CHECK 0
#define DHCP_DOES_ARP_CHECK 0
#define LWIP_DNS 0
#define LWIP_UDP 1
#define LWIP_TCP 1
#define LWIP_RAW 0
#define LWIP_AUTOIP 0
#define IP_REASSEMBLY 1
#define IP_FRAG 1
#define LWIP_STATS 0

// Memory. The heap holds what is copied for transmission: at most TCP_SND_BUF bytes a connection.
#define MEM_ALIGNMENT 16
#define MEM_LIBC_MALLOC 0
#define MEMP_MEM_MALLOC 0
#define MEM_SIZE (1024 * 1024)
#define MEMP_NUM_TCP_PCB 16
#define MEMP_NUM_UDP_PCB 4
#define MEMP_NUM_TCP_SEG 1024
#define MEMP_NUM_PBUF 256
#define PBUF_POOL_SIZE 16
#define PBUF_POOL_BUFSIZE 1600
#define LWIP_SUPPORT_CUSTOM_PBUF 1

// An Ethernet link without options: QEMU's user network offers no window scaling, SACK or
// timestamps, so a window is at most 65535 bytes.
#define TCP_MSS 1460
#define TCP_WND 65535
#define LWIP_WND_SCALE 0
#define TCP_SND_BUF 65535
#define TCP_SND_QUEUELEN 256
#define TCP_SNDLOWAT (32 * 1024)
#define TCP_QUEUE_OOSEQ 1
#define TCP_OVERSIZE TCP_MSS
#define TCP_LISTEN_BACKLOG 0
#define LWIP_TCP_SACK_OUT 0
#define LWIP_TCP_TIMESTAMPS 0
// A connection that we closed is forgotten after 2 s, so that no timer runs for it much longer.
#define TCP_MSL 1000UL
// The checks assume that packets are received into lwIP's own pool; here they stay in the device's
// ring, which holds several windows.
#define LWIP_DISABLE_TCP_SANITY_CHECKS 1

// A segment that was put together from several has its acknowledgement at once, as the second of
// two that came one by one would: a peer in slow start waits for it.
struct tcp_pcb;
struct pbuf;
#ifdef __cplusplus
extern "C"
#endif
    void
    sos_lwip_segment(struct tcp_pcb* pcb, const struct pbuf* packet);
#define LWIP_HOOK_TCP_INPACKET_PCB(pcb, header, options, first, second, packet) \
    (sos_lwip_segment(pcb, packet), ERR_OK)

// Checksums are computed for what is sent, unless the device offers to do it. Those of what is
// received are checked before lwIP gets it (net/stack), since the device may vouch for single
// packets.
#define LWIP_CHKSUM_ALGORITHM 3
#define LWIP_CHECKSUM_ON_COPY 1
#define LWIP_CHECKSUM_CTRL_PER_NETIF 1
#define CHECKSUM_GEN_IP 1
#define CHECKSUM_GEN_TCP 1
#define CHECKSUM_GEN_UDP 1
#define CHECKSUM_GEN_ICMP 1
#define CHECKSUM_CHECK_IP 0
#define CHECKSUM_CHECK_TCP 0
#define CHECKSUM_CHECK_UDP 0
#define CHECKSUM_CHECK_ICMP 0

#define LWIP_NETIF_TX_SINGLE_PBUF 0
#define LWIP_NETIF_STATUS_CALLBACK 1
#define LWIP_NETIF_LINK_CALLBACK 0
#define LWIP_NETIF_HOSTNAME 0
