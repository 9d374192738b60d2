// SPDX-License-Identifier: BSD-2-Clause
// Connection: the way to one export of an NFS server. It finds the mount service, asks it for the
// export's root handle (once), connects to the NFS service, and does so again, with growing pauses,
// whenever the connection is lost.
//
// It owns the libnfs context, which lives as long as one TCP connection. When that is lost, libnfs
// calls back every RPC under way with an error, then the user hears lost(), and connected() when
// there is a new one. A context is never destroyed inside one of its own callbacks.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "fs/nfs/protocol.hpp"
#include "platform/boot_settings.hpp"

namespace sos::fs::nfs {

/// What Connection needs from its surroundings.
class Surroundings {
  public:
    /// Which of the POLL* events `wanted` are there on this socket now. Never waits.
    virtual int ready_events(int socket, int wanted) = 0;
    /// A line for the user of the system.
    virtual void announce(std::string_view line) = 0;

    virtual void connected() = 0;
    /// The RPCs that were under way have been called back with an error.
    virtual void lost() = 0;

  protected:
    ~Surroundings() = default;
};

class Connection {
  public:
    static constexpr std::uint64_t first_pause_us = 200'000;
    static constexpr std::uint64_t longest_pause_us = 2'000'000;
    static constexpr std::uint64_t attempt_limit_us = 10'000'000;
    static constexpr std::uint64_t announce_period_us = 3'000'000;

    explicit Connection(Surroundings& surroundings) : surroundings_(surroundings) {}
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection();

    /// `location.export_path` must stay valid. The first attempt happens in run().
    void start(const platform::NfsLocation& location);

    /// Does what can be done at this time; true if RPCs may have been answered or sent.
    bool run(std::uint64_t now_us);

    /// When run() is to be called even if nothing happens on the socket.
    std::optional<std::uint64_t> deadline_us() const;

    /// For RPCs; null while there is no connection.
    rpc_context* rpc() const { return state_ == State::ready ? rpc_ : nullptr; }
    /// Is an RPC's error due to the loss of the connection (else the server refused the RPC)?
    bool dropping() const { return dropping_; }

    /// Gives the connection up and begins anew, for instance when the server does not answer.
    void drop(std::string_view reason);

    /// After libnfs gave up in the middle of something: its memory is gone, and so is the context.
    void abandon_context();

    bool mounted() const { return mounted_; }
    const ServerHandle& root() const { return root_; }
    std::uint32_t max_read() const { return max_read_; }
    std::uint32_t max_write() const { return max_write_; }

  private:
    enum class State { down, mount_connecting, mounting, connecting, asking, ready };
    enum class Outcome { none, succeeded, failed };

    void begin();
    void open_context();
    void close_context();
    void connect_to_mount();
    void connect_to_nfs();
    void advance();
    void fail(std::string_view reason);
    void announce_waiting();
    bool service();

    static void on_connect(rpc_context* rpc, int status, void* data, void* self);
    static void on_mount(rpc_context* rpc, int status, void* data, void* self);
    static void on_limits(rpc_context* rpc, int status, void* data, void* self);

    Surroundings& surroundings_;
    platform::NfsLocation location_{};
    char server_[16]{};         // the address as text
    char export_path_[1025]{};  // MNTPATHLEN and NUL
    rpc_context* rpc_ = nullptr;
    State state_ = State::down;
    Outcome outcome_ = Outcome::none;  // of the present step, set by callbacks
    char reason_[128]{};               // why it failed
    bool dropping_ = false;
    bool mounted_ = false;
    bool announced_waiting_ = false;
    ServerHandle root_{};
    std::uint32_t max_read_ = preferred_transfer;
    std::uint32_t max_write_ = preferred_transfer;
    std::uint64_t now_us_ = 0;
    std::uint64_t retry_at_us_ = 0;
    std::uint64_t attempt_until_us_ = 0;
    std::uint64_t announce_at_us_ = 0;
    std::uint64_t pause_us_ = first_pause_us;
};

}  // namespace sos::fs::nfs
