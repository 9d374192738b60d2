// SPDX-License-Identifier: BSD-2-Clause
#include "fs/nfs/service.hpp"

#include "fs/nfs/rpc.hpp"

namespace sos::fs::nfs {

namespace {
constexpr std::uint64_t silence_us = 5'000'000;  // until the user is told
}

Service::Service(Host& host) : host_(host) {
    Rpc::service = this;
}

Service::~Service() {
    connection_.drop("end");
    while (waiting_.pop_front() != nullptr) {
    }
    Rpc::service = nullptr;
}

void Service::start(const platform::NfsLocation& location, std::string_view hidden_name,
                    std::span<OpenFile> open_files, std::span<std::byte> directory_memory) {
    hidden_name_ = hidden_name;
    open_files_.use(open_files);
    chunks_.add(directory_memory);
    connection_.start(location);
}

int Service::ready_events(int socket, int wanted) {
    return host_.ready_events(socket, wanted);
}

void Service::announce(std::string_view line) {
    host_.announce(line);
}

bool Service::hidden(const ServerHandle& directory, std::string_view name) const {
    return !hidden_name_.empty() && name == hidden_name_ && directory == connection_.root();
}

// Tokens: the index in the low 16 bits, the generation above.

void* Service::token_of(const Call& call) const {
    const auto index = static_cast<std::uint64_t>(&call - calls_.data());
    return reinterpret_cast<void*>(index | std::uint64_t{call.generation} << 16);
}

Call* Service::call_of(void* token) {
    const auto word = reinterpret_cast<std::uintptr_t>(token);
    Call& call = calls_[word & 0xffff];
    return call.active && call.generation == static_cast<std::uint32_t>(word >> 16) ? &call
                                                                                    : nullptr;
}

void Service::submit(std::uint32_t index, Request& request) {
    Call& call = calls_[index];
    ASSERT(!call.active);
    call = Call{.generation = call.generation + 1};
    call.active = true;
    call.request = &request;
    call.owner = request.owner;
    ++active_calls_;
    dispatch(call);
}

void Service::dispatch(Call& call) {
    const Request& request = *call.request;
    switch (request.operation) {
        case Operation::open:
            return begin_walk(call, request.path, Goal::object_or_parent);
        case Operation::close:
            return close(call);
        case Operation::read:
            return read(call);
        case Operation::write:
        case Operation::append:
            return write(call);
        case Operation::status:
            return status(call);
        case Operation::truncate:
            return truncate(call);
        case Operation::sync:
            return sync(call);
        case Operation::read_directory:
            return read_directory(call);
        case Operation::status_path:
        case Operation::access:
        case Operation::change_mode:
        case Operation::read_link:
            return begin_walk(call, request.path, Goal::object);
        case Operation::unlink:
        case Operation::make_directory:
        case Operation::remove_directory:
        case Operation::rename:
            return begin_walk(call, request.path, Goal::parent);
    }
    fail(call, Error::bad_argument);
}

void Service::answer(Call& call) {
    ASSERT(call.active);
    if (call.waiting_link.linked) waiting_.remove(call);
    call.active = false;
    call.in_flight = false;
    call.request = nullptr;
    --active_calls_;
    host_.answered(static_cast<std::uint32_t>(&call - calls_.data()));
}

void Service::finish(Call& call, std::uint64_t value) {
    call.request->failed = false;
    call.request->value = value;
    answer(call);
}

void Service::fail(Call& call, Error error) {
    call.request->failed = true;
    call.request->error = error;
    answer(call);
}

void Service::cancel(bool (*ended)(Owner owner)) {
    for (Call& call : calls_) {
        if (!call.active || call.owner.generation == 0 || !ended(call.owner)) continue;
        fail(call, Error::cancelled);
    }
}

/// The step's RPC goes out now, or when there is a connection and room.
void Service::issue(Call& call, Step step) {
    call.step = step;
    call.resent = false;
    if (connection_.rpc() != nullptr && in_flight_ < max_in_flight && waiting_.empty()) {
        (this->*step)(call);
    } else {
        waiting_.push_back(call);
    }
}

void Service::send_waiting() {
    Call* call = waiting_.front();
    while (call != nullptr && connection_.rpc() != nullptr && in_flight_ < max_in_flight) {
        Call* const next = waiting_.next(*call);
        if (call->not_before_us <= now_us_) {
            waiting_.remove(*call);
            (this->*call->step)(*call);
            // The step may have ended its call, and others: begin again.
            call = waiting_.front();
            continue;
        }
        call = next;
    }
}

/// Is there a result to look at? Else the call is dealt with.
bool Service::accept(Call& call, nfsstat3 status) {
    if (status == NFS3_OK) return true;
    if (status == NFS3ERR_JUKEBOX) {
        call.not_before_us = now_us_ + patience_us;
        waiting_.push_back(call);
    } else {
        fail(call, to_error(status));
    }
    return false;
}

/// RPCs that came back without a result: those lost with their connection are sent again, those
/// that the server's RPC layer refused end with an error.
void Service::take_back_interrupted() {
    if (!some_interrupted_) return;
    some_interrupted_ = false;
    const bool refused = connection_.rpc() != nullptr;
    for (Call& call : calls_) {
        if (!call.active || !call.interrupted) continue;
        call.interrupted = false;
        call.in_flight = false;
        if (refused) {
            fail(call, Error::protocol_error);
        } else {
            call.resent = true;
            waiting_.push_back(call);
        }
    }
}

void Service::connected() {
    if (told_mounted_) return;
    told_mounted_ = true;
    host_.mounted();
}

void Service::lost() {
    in_flight_ = 0;
    take_back_interrupted();
}

void Service::abandon_context() {
    for (Call& call : calls_) {
        // Also those that were just being sent.
        if (!call.active || call.waiting_link.linked) continue;
        call.interrupted = true;
        some_interrupted_ = true;
    }
    connection_.abandon_context();
}

bool Service::run(std::uint64_t now_us) {
    now_us_ = now_us;
    bool active = connection_.run(now_us);
    take_back_interrupted();
    if (!waiting_.empty()) {
        send_waiting();
        active = connection_.run(now_us) || active;
        take_back_interrupted();
    }
    watch_server();
    return active;
}

/// Tells when the server is silent, and gives up a connection on which an answer is overdue: the
/// answer may have been lost, even if others arrive.
void Service::watch_server() {
    if (!told_silent_ && in_flight_ > 0 && now_us_ - progress_us_ >= silence_us) {
        told_silent_ = true;
        answers_ = 0;
        announce("nfs: the server does not answer, still waiting");
    } else if (told_silent_ && answers_ > 0) {
        told_silent_ = false;
        announce("nfs: the server answers again");
    }
    if (in_flight_ == 0 || now_us_ < check_us_) return;
    std::uint64_t oldest = now_us_;
    for (const Call& call : calls_) {
        if (call.active && call.in_flight && call.sent_us < oldest) oldest = call.sent_us;
    }
    check_us_ = oldest + answer_limit_us;
    if (now_us_ >= check_us_) connection_.drop("no answer");
}

std::optional<std::uint64_t> Service::deadline_us() const {
    std::optional<std::uint64_t> earliest = connection_.deadline_us();
    const auto consider_time = [&](std::uint64_t time) {
        if (!earliest || time < *earliest) earliest = time;
    };
    if (in_flight_ > 0) {
        consider_time(check_us_);
        if (!told_silent_) consider_time(progress_us_ + silence_us);
    }
    if (connection_.rpc() != nullptr) {
        for (Call* call = waiting_.front(); call != nullptr; call = waiting_.next(*call)) {
            if (call->not_before_us != 0) consider_time(call->not_before_us);
        }
    }
    return earliest;
}

}  // namespace sos::fs::nfs
