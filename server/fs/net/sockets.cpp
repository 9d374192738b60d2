// SPDX-License-Identifier: BSD-2-Clause
#include "fs/net/sockets.hpp"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/ring_buffer.hpp"

#include "lwip/tcp.h"

namespace sos::fs::net {

namespace {

/// Room in the send buffer below which a socket does not count as writable.
constexpr std::size_t writable_space = 8 * 1024;

/// Up to so many bytes that nobody has read yet leave the peer's window as it is: the reader is
/// this same thread, which takes them at once, and one acknowledgement tells it all. With the
/// window on top that is half of the card's buffers for one connection.
constexpr std::size_t free_unread = 96 * 1024;

void open_window(tcp_pcb* pcb, std::size_t size) {
    constexpr std::size_t most = 0xffff;
    for (; size > 0; size -= std::min(size, most)) {
        tcp_recved(pcb, static_cast<u16_t>(std::min(size, most)));
    }
}

struct Socket {
    enum class State { free, open, connecting, connected };

    State state = State::free;
    int user = 0;
    tcp_pcb* pcb = nullptr;    // null when lwIP has given the connection up
    int error = 0;             // an errno, until it is asked for
    bool ended = false;        // the peer sends nothing more
    std::size_t consumed = 0;  // bytes of the oldest packet that were read
    std::size_t unread = 0;    // bytes received and not read
    std::size_t owed = 0;      // bytes of these by which the window is smaller now
    base::RingBuffer<pbuf*, 256> received;
};

constinit Socket sockets[max_sockets];
constinit int current_user = 0;

Socket* find(int fd) {
    const int index = fd - first_socket;
    if (index < 0 || index >= max_sockets || sockets[index].state == Socket::State::free) {
        errno = EBADF;
        return nullptr;
    }
    return &sockets[index];
}

int to_errno(err_t error) {
    switch (error) {
        case ERR_MEM:
        case ERR_BUF:
            return ENOBUFS;
        case ERR_TIMEOUT:
            return ETIMEDOUT;
        case ERR_RTE:
            return EHOSTUNREACH;
        case ERR_USE:
        case ERR_ISCONN:
            return EADDRINUSE;
        case ERR_RST:
            return ECONNRESET;
        case ERR_ABRT:
        case ERR_CLSD:
        case ERR_CONN:
            return ECONNABORTED;
        default:
            return EIO;
    }
}

int fail(int error) {
    errno = error;
    return -1;
}

err_t on_connected(void* argument, tcp_pcb*, err_t) {
    static_cast<Socket*>(argument)->state = Socket::State::connected;
    return ERR_OK;
}

err_t on_received(void* argument, tcp_pcb* pcb, pbuf* packet, err_t) {
    Socket& socket = *static_cast<Socket*>(argument);
    if (packet == nullptr) {
        socket.ended = true;
        return ERR_OK;
    }
    // Refused packets are offered again later.
    if (!socket.received.push(packet)) return ERR_MEM;
    const std::size_t size = packet->tot_len;
    socket.unread += size;
    if (socket.unread <= free_unread) {
        open_window(pcb, size);
    } else {
        socket.owed += size;
    }
    return ERR_OK;
}

void on_error(void* argument, err_t error) {
    Socket& socket = *static_cast<Socket*>(argument);
    socket.pcb = nullptr;
    const bool refused = socket.state == Socket::State::connecting && error == ERR_RST;
    socket.error = refused ? ECONNREFUSED : to_errno(error);
}

void let_go(Socket& socket) {
    while (!socket.received.empty()) pbuf_free(socket.received.pop());
    tcp_pcb* const pcb = socket.pcb;
    socket = Socket{};
    if (pcb == nullptr) return;
    tcp_arg(pcb, nullptr);
    tcp_recv(pcb, nullptr);
    tcp_err(pcb, nullptr);
    if (tcp_close(pcb) != ERR_OK) tcp_abort(pcb);
}

/// The oldest received packets, piece by piece, into `data`.
std::size_t take_received(Socket& socket, char* data, std::size_t size) {
    std::size_t taken = 0;
    while (taken < size && !socket.received.empty()) {
        pbuf* const packet = socket.received.at(0);
        const std::size_t piece = std::min(size - taken, packet->tot_len - socket.consumed);
        pbuf_copy_partial(packet, data + taken, static_cast<u16_t>(piece),
                          static_cast<u16_t>(socket.consumed));
        taken += piece;
        socket.consumed += piece;
        if (socket.consumed == packet->tot_len) {
            pbuf_free(socket.received.pop());
            socket.consumed = 0;
        }
    }
    return taken;
}

}  // namespace

int socket_events(int fd, int wanted) {
    const Socket* socket = find(fd);
    if (socket == nullptr) return POLLNVAL;
    int events = 0;
    if (socket->error != 0) events |= POLLERR;
    if (socket->pcb == nullptr) events |= POLLHUP;
    // What was received before an error is still to be read.
    if (!socket->received.empty() || socket->ended) events |= wanted & POLLIN;
    if (!socket->received.empty()) events &= ~(POLLERR | POLLHUP);
    if (socket->state == Socket::State::connected && socket->pcb != nullptr &&
        tcp_sndbuf(socket->pcb) >= writable_space) {
        events |= wanted & POLLOUT;
    }
    return events;
}

void set_socket_user(int user) {
    current_user = user;
}

void abort_sockets(int user) {
    for (Socket& socket : sockets) {
        if (socket.state != Socket::State::free && socket.user == user) let_go(socket);
    }
}

}  // namespace sos::fs::net

using namespace sos::fs::net;

extern "C" {

int socket(int domain, int type, int) {
    if (domain != AF_INET || (type & 0xf) != SOCK_STREAM) return fail(EPROTONOSUPPORT);
    for (Socket& entry : sockets) {
        if (entry.state != Socket::State::free) continue;
        entry.pcb = tcp_new();
        if (entry.pcb == nullptr) return fail(ENOBUFS);
        entry.state = Socket::State::open;
        entry.user = current_user;
        tcp_arg(entry.pcb, &entry);
        tcp_recv(entry.pcb, on_received);
        tcp_err(entry.pcb, on_error);
        // Requests are written whole: waiting for more would only add to their time.
        tcp_nagle_disable(entry.pcb);
        return first_socket + static_cast<int>(&entry - sockets);
    }
    return fail(EMFILE);
}

int bind(int fd, const struct sockaddr* address, socklen_t size) {
    Socket* entry = find(fd);
    if (entry == nullptr) return -1;
    if (entry->pcb == nullptr || size < sizeof(sockaddr_in)) return fail(EINVAL);
    sockaddr_in in;
    std::memcpy(&in, address, sizeof(in));
    const err_t error = tcp_bind(entry->pcb, IP_ADDR_ANY, lwip_ntohs(in.sin_port));
    return error == ERR_OK ? 0 : fail(to_errno(error));
}

int connect(int fd, const struct sockaddr* address, socklen_t size) {
    Socket* entry = find(fd);
    if (entry == nullptr) return -1;
    if (entry->pcb == nullptr || size < sizeof(sockaddr_in)) return fail(EINVAL);
    sockaddr_in in;
    std::memcpy(&in, address, sizeof(in));
    if (in.sin_family != AF_INET) return fail(EAFNOSUPPORT);
    const ip_addr_t target{in.sin_addr.s_addr};
    const err_t error = tcp_connect(entry->pcb, &target, lwip_ntohs(in.sin_port), on_connected);
    if (error != ERR_OK) return fail(to_errno(error));
    entry->state = Socket::State::connecting;
    return fail(EINPROGRESS);
}

ssize_t recv(int fd, void* data, size_t size, int) {
    Socket* entry = find(fd);
    if (entry == nullptr) return -1;
    const std::size_t taken = take_received(*entry, static_cast<char*>(data), size);
    if (taken > 0) {
        entry->unread -= taken;
        if (entry->pcb != nullptr && entry->owed > 0 && entry->unread <= free_unread) {
            open_window(entry->pcb, std::exchange(entry->owed, 0));
        }
        return static_cast<ssize_t>(taken);
    }
    if (entry->ended) return 0;
    if (entry->error != 0) return fail(std::exchange(entry->error, 0));
    if (entry->pcb == nullptr) return 0;
    return fail(EAGAIN);
}

ssize_t send(int fd, const void* data, size_t size, int) {
    Socket* entry = find(fd);
    if (entry == nullptr) return -1;
    if (entry->error != 0) return fail(std::exchange(entry->error, 0));
    if (entry->pcb == nullptr || entry->state != Socket::State::connected) return fail(EPIPE);
    const std::size_t piece = std::min<std::size_t>(size, tcp_sndbuf(entry->pcb));
    if (piece == 0) return fail(EAGAIN);
    const err_t error = tcp_write(entry->pcb, data, static_cast<u16_t>(piece), TCP_WRITE_FLAG_COPY);
    if (error == ERR_MEM) {  // the queue of segments is full
        tcp_output(entry->pcb);
        return fail(EAGAIN);
    }
    if (error != ERR_OK) return fail(to_errno(error));
    tcp_output(entry->pcb);
    return static_cast<ssize_t>(piece);
}

int close(int fd) {
    Socket* entry = find(fd);
    if (entry == nullptr) return -1;
    let_go(*entry);
    return 0;
}

int getsockopt(int fd, int level, int option, void* value, socklen_t* size) {
    Socket* entry = find(fd);
    if (entry == nullptr) return -1;
    if (level != SOL_SOCKET || option != SO_ERROR || *size < sizeof(int)) return fail(ENOPROTOOPT);
    const int error = std::exchange(entry->error, 0);
    std::memcpy(value, &error, sizeof(error));
    *size = sizeof(int);
    return 0;
}

/// Options tune; the connection is right without any of them.
int setsockopt(int fd, int, int, const void*, socklen_t) {
    return find(fd) == nullptr ? -1 : 0;
}

int fcntl(int fd, int command, ...) {
    if (find(fd) == nullptr) return -1;
    return command == F_GETFL ? O_RDWR | O_NONBLOCK : 0;
}

int ioctl(int fd, int request, ...) {
    Socket* entry = find(fd);
    if (entry == nullptr) return -1;
    va_list arguments;
    va_start(arguments, request);
    int* const result = va_arg(arguments, int*);
    va_end(arguments);
    if (request == FIONBIO) return 0;  // they never wait
    if (request != FIONREAD) return fail(ENOTTY);
    std::size_t there = 0;
    for (std::size_t i = 0; i < entry->received.size(); ++i) {
        there += entry->received.at(i)->tot_len;
    }
    *result = static_cast<int>(there - entry->consumed);
    return 0;
}

/// Never waits, whatever the timeout says.
int poll(struct pollfd* entries, nfds_t count, int) {
    int ready = 0;
    for (nfds_t i = 0; i < count; ++i) {
        entries[i].revents = static_cast<short>(socket_events(entries[i].fd, entries[i].events));
        if (entries[i].revents != 0) ++ready;
    }
    return ready;
}

// Only for reconnecting inside libnfs and for UDP, neither of which is used here.

int dup2(int, int) {
    return fail(ENOSYS);
}

ssize_t recvfrom(int, void*, size_t, int, struct sockaddr*, socklen_t*) {
    return fail(ENOSYS);
}

ssize_t sendto(int, const void*, size_t, int, const struct sockaddr*, socklen_t) {
    return fail(ENOSYS);
}

// Names: addresses in dotted form, since there is no resolver.

int getaddrinfo(const char* node, const char* service, const struct addrinfo*,
                struct addrinfo** result) {
    struct Answer {
        addrinfo info;
        sockaddr_in address;
    };
    ip4_addr_t address;
    if (node == nullptr || ip4addr_aton(node, &address) == 0) return EAI_NONAME;
    auto* const answer = static_cast<Answer*>(calloc(1, sizeof(Answer)));
    if (answer == nullptr) return EAI_MEMORY;
    answer->address.sin_family = AF_INET;
    answer->address.sin_addr.s_addr = address.addr;
    if (service != nullptr) {
        answer->address.sin_port = lwip_htons(static_cast<u16_t>(strtol(service, nullptr, 10)));
    }
    answer->info.ai_family = AF_INET;
    answer->info.ai_socktype = SOCK_STREAM;
    answer->info.ai_addrlen = sizeof(answer->address);
    answer->info.ai_addr = reinterpret_cast<sockaddr*>(&answer->address);
    *result = &answer->info;
    return 0;
}

void freeaddrinfo(struct addrinfo* answer) {
    free(answer);
}

int getnameinfo(const struct sockaddr*, socklen_t, char*, socklen_t, char*, socklen_t, int) {
    return EAI_FAIL;
}

struct servent* getservbyport(int, const char*) {
    return nullptr;
}
}
