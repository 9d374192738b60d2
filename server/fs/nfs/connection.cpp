// SPDX-License-Identifier: BSD-2-Clause
#include "fs/nfs/connection.hpp"

#include <poll.h>

#include <algorithm>
#include <span>

#include "base/format.hpp"

namespace sos::fs::nfs {

namespace {

constexpr int mount_program = 100005;
constexpr int nfs_program = 100003;
constexpr int version_3 = 3;

/// Fills a fixed text, cut at its end.
class TextBuffer {
  public:
    explicit TextBuffer(std::span<char> into) : into_(into) {}
    void operator()(char c) {
        if (size_ + 1 < into_.size()) into_[size_++] = c;
    }
    std::string_view finish() {
        into_[size_] = '\0';
        return {into_.data(), size_};
    }

  private:
    std::span<char> into_;
    std::size_t size_ = 0;
};

template <typename... Arguments>
std::string_view format_into(std::span<char> into, std::string_view text,
                             const Arguments&... arguments) {
    TextBuffer buffer(into);
    base::format_to(buffer, text, arguments...);
    return buffer.finish();
}

Connection& connection_of(void* self) {
    return *static_cast<Connection*>(self);
}

const char* error_of(rpc_context* rpc) {
    const char* text = rpc_get_error(rpc);
    return text == nullptr ? "connection lost" : text;
}

const char* text_of(int status, void* data) {
    // libnfs passes a string with an error, and nothing when it cancels.
    return status == RPC_STATUS_ERROR && data != nullptr ? static_cast<const char*>(data)
                                                         : "cancelled";
}

}  // namespace

Connection::~Connection() {
    close_context();
}

void Connection::start(const platform::NfsLocation& location) {
    location_ = location;
    const std::uint32_t address = location.server.value;
    format_into(server_, "{}.{}.{}.{}", address >> 24, (address >> 16) & 255, (address >> 8) & 255,
                address & 255);
    format_into(export_path_, "{}", location.export_path);
}

void Connection::open_context() {
    rpc_ = rpc_init_context();
    if (rpc_ == nullptr) return;
    rpc_set_autoreconnect(rpc_, 0);
    rpc_set_uid(rpc_, 0);
    rpc_set_gid(rpc_, 0);
}

void Connection::close_context() {
    if (rpc_ == nullptr) return;
    dropping_ = true;
    rpc_destroy_context(rpc_);
    dropping_ = false;
    rpc_ = nullptr;
}

void Connection::abandon_context() {
    rpc_ = nullptr;
    fail("libnfs refused what the server sent");
}

void Connection::begin() {
    attempt_until_us_ = now_us_ + attempt_limit_us;
    open_context();
    if (rpc_ == nullptr) return fail("out of memory");
    root_.size == 0 ? connect_to_mount() : connect_to_nfs();
}

void Connection::connect_to_mount() {
    state_ = State::mount_connecting;
    outcome_ = Outcome::none;
    const int result =
        location_.mount_port
            ? rpc_connect_port_async(rpc_, server_, *location_.mount_port, mount_program, version_3,
                                     on_connect, this)
            : rpc_connect_program_async(rpc_, server_, mount_program, version_3, on_connect, this);
    if (result != 0) fail(error_of(rpc_));
}

void Connection::connect_to_nfs() {
    state_ = State::connecting;
    outcome_ = Outcome::none;
    if (rpc_connect_port_async(rpc_, server_, location_.nfs_port, nfs_program, version_3,
                               on_connect, this) != 0) {
        fail(error_of(rpc_));
    }
}

void Connection::on_connect(rpc_context*, int status, void* data, void* self) {
    Connection& connection = connection_of(self);
    if (connection.dropping_) return;
    connection.outcome_ = status == RPC_STATUS_SUCCESS ? Outcome::succeeded : Outcome::failed;
    if (status != RPC_STATUS_SUCCESS) {
        format_into(connection.reason_, "{}", text_of(status, data));
    }
}

void Connection::on_mount(rpc_context*, int status, void* data, void* self) {
    Connection& connection = connection_of(self);
    if (connection.dropping_) return;
    connection.outcome_ = Outcome::failed;
    if (status != RPC_STATUS_SUCCESS) {
        format_into(connection.reason_, "{}", text_of(status, data));
        return;
    }
    const auto& result = *static_cast<const mountres3*>(data);
    if (result.fhs_status != MNT3_OK) {
        format_into(connection.reason_, "mount refused: {}",
                    mountstat3_to_str(static_cast<int>(result.fhs_status)));
        return;
    }
    const fhandle3& handle = result.mountres3_u.mountinfo.fhandle;
    if (!connection.root_.assign(handle.fhandle3_val, handle.fhandle3_len)) {
        format_into(connection.reason_, "mount gave no usable handle");
        return;
    }
    connection.outcome_ = Outcome::succeeded;
}

void Connection::on_limits(rpc_context*, int status, void* data, void* self) {
    Connection& connection = connection_of(self);
    if (connection.dropping_) return;
    if (status != RPC_STATUS_SUCCESS) {
        connection.outcome_ = Outcome::failed;
        format_into(connection.reason_, "{}", text_of(status, data));
        return;
    }
    const auto& result = *static_cast<const FSINFO3res*>(data);
    if (result.status == NFS3_OK) {
        const FSINFO3resok& limits = result.FSINFO3res_u.resok;
        connection.max_read_ = std::clamp<std::uint32_t>(limits.rtmax, 512, preferred_transfer);
        connection.max_write_ = std::clamp<std::uint32_t>(limits.wtmax, 512, preferred_transfer);
    } else if (result.status == NFS3ERR_STALE || result.status == NFS3ERR_BADHANDLE) {
        connection.root_ = {};  // the export was made anew: mount again
        connection.outcome_ = Outcome::failed;
        format_into(connection.reason_, "the export's root has changed");
        return;
    }
    connection.outcome_ = Outcome::succeeded;
}

void Connection::advance() {
    switch (state_) {
        case State::mount_connecting:
            state_ = State::mounting;
            if (rpc_mount3_mnt_async(rpc_, on_mount, export_path_, this) != 0) {
                fail(error_of(rpc_));
            }
            return;
        case State::mounting:
            close_context();
            open_context();
            if (rpc_ == nullptr) return fail("out of memory");
            return connect_to_nfs();
        case State::connecting: {
            state_ = State::asking;
            FSINFO3args arguments{.fsroot = root_.argument()};
            if (rpc_nfs3_fsinfo_async(rpc_, on_limits, &arguments, this) != 0) {
                fail(error_of(rpc_));
            }
            return;
        }
        case State::asking: {
            state_ = State::ready;
            pause_us_ = first_pause_us;
            char line[160];
            if (!mounted_) {
                surroundings_.announce(
                    format_into(line, "nfs: mounted {}", std::string_view(export_path_)));
            } else if (announced_waiting_) {
                surroundings_.announce(format_into(line, "nfs: connected to {}:{} again",
                                                   std::string_view(server_), location_.nfs_port));
            }
            mounted_ = true;
            announced_waiting_ = false;
            return surroundings_.connected();
        }
        case State::down:
        case State::ready:
            return;
    }
}

void Connection::announce_waiting() {
    if (now_us_ < announce_at_us_) return;
    announce_at_us_ = now_us_ + announce_period_us;
    announced_waiting_ = true;
    char line[256];
    surroundings_.announce(
        format_into(line, "nfs: waiting for {}:{}", std::string_view(server_), location_.nfs_port));
    if (reason_[0] == '\0') return;
    surroundings_.announce(format_into(line, "nfs: {}", std::string_view(reason_)));
}

void Connection::fail(std::string_view reason) {
    // `reason` may lie in the context's memory or in reason_ itself.
    if (reason.data() != reason_) format_into(reason_, "{}", reason);
    const bool was_ready = state_ == State::ready;
    close_context();
    state_ = State::down;
    outcome_ = Outcome::none;
    retry_at_us_ = now_us_ + pause_us_;
    pause_us_ = std::min(2 * pause_us_, longest_pause_us);
    announce_waiting();
    if (was_ready) surroundings_.lost();
}

void Connection::drop(std::string_view reason) {
    if (state_ != State::down) fail(reason);
}

/// One round with the socket; false when there was nothing to do.
bool Connection::service() {
    const int socket = rpc_get_fd(rpc_);
    if (socket < 0) return false;
    const int events = surroundings_.ready_events(socket, rpc_which_events(rpc_));
    if (events == 0) return false;
    if (rpc_service(rpc_, events) != 0 && outcome_ != Outcome::succeeded) {
        fail(outcome_ == Outcome::failed ? std::string_view(reason_)
                                         : std::string_view(error_of(rpc_)));
        return true;
    }
    if (outcome_ == Outcome::succeeded) {
        outcome_ = Outcome::none;
        advance();
    } else if (outcome_ == Outcome::failed) {
        fail(reason_);
    }
    return true;
}

bool Connection::run(std::uint64_t now_us) {
    now_us_ = now_us;
    bool active = false;
    // Bounded, so that a flood of replies does not keep new requests waiting.
    for (int round = 0; round < 16; ++round) {
        if (state_ == State::down) {
            if (now_us < retry_at_us_) break;
            begin();
        }
        if (state_ == State::down || !service()) break;
        active = true;
    }
    if (state_ != State::down && state_ != State::ready && now_us >= attempt_until_us_) {
        fail("no answer");
    }
    return active;
}

std::optional<std::uint64_t> Connection::deadline_us() const {
    if (state_ == State::down) return retry_at_us_;
    if (state_ == State::ready) return std::nullopt;
    return attempt_until_us_;
}

}  // namespace sos::fs::nfs
