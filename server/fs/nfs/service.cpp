// SPDX-License-Identifier: BSD-2-Clause
#include "fs/nfs/service.hpp"

#include <utility>

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
    Rpc::service = nullptr;
}

void Service::start(const platform::NfsLocation& location, std::string_view hidden_name,
                    const Memory& memory) {
    hidden_name_ = hidden_name;
    open_files_.use(memory.open_files);
    nodes_.use(memory.nodes);
    chunks_.add(memory.directories);
    chunks_.set_source(memory.more_directories);
    cache_.use(memory.pages, memory.cache, memory.cache_memory);
    connection_.start(location);
}

int Service::ready_events(int socket, int wanted) {
    return host_.ready_events(socket, wanted);
}

void Service::announce(std::string_view line) {
    host_.announce(line);
}

bool Service::hidden(const ServerHandle& directory, std::string_view name) const {
    if (removed_.contains(directory, name)) return true;
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

template <>
Call* Service::record_of<Call>(void* token) {
    return call_of(token);
}

/// An Io is never given up while its RPC is under way.
template <>
Io* Service::record_of<Io>(void* token) {
    return static_cast<Io*>(token);
}

bool Service::submit(std::uint32_t index, Request& request) {
    const std::uint64_t rpcs = serial_;
    const std::size_t unsafe = unsafe_pages_;
    const bool idle = ios_.none() && dirty_nodes_.empty();
    const bool windows = write_windows_.oldest() != nullptr;
    Call& call = calls_[index];
    ASSERT(!call.active);
    call.begin();
    call.active = true;
    call.request = &request;
    call.owner = request.owner;
    call.since_us = now_us_;
    ++active_calls_;
    dispatch(call);
    flush_on();
    // What an RPC or a page to be written back needs shows in one of these.
    const bool idle_now = ios_.none() && dirty_nodes_.empty();
    return call.active || serial_ != rpcs || unsafe_pages_ != unsafe || idle_now != idle ||
           !waiting_ios_.empty() || !waiting_for_resources_.empty() ||
           write_windows_.some_collected() || (write_windows_.oldest() != nullptr) != windows;
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
        case Operation::sync_all:
            return sync_all(call);
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
    stop_waiting(call);
    if (call.expanded != nullptr) chunks_.give(std::exchange(call.expanded, nullptr));
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
    if (call.window != nullptr) return window_failed(*call.window, error);
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
        call.waiting = Waiting::to_be_sent;
        waiting_.push_back(call);
    }
}

void Service::stop_waiting(Call& call) {
    switch (call.waiting) {
        case Waiting::nowhere:
        case Waiting::for_io:
            break;
        case Waiting::to_be_sent:
            waiting_.remove(call);
            break;
        case Waiting::for_resources:
            waiting_for_resources_.remove(call);
            break;
        case Waiting::for_node:
            call.node->waiters.remove(call);
            nodes_.settle(*call.node);
            break;
    }
    call.waiting = Waiting::nowhere;
}

void Service::wait_for(Node& node, Call& call, Step step) {
    call.step = step;
    call.node = &node;
    call.waiting = Waiting::for_node;
    node.waiters.push_back(call);
    nodes_.settle(node);
}

void Service::wait_for_resources(Call& call, Step step) {
    call.step = step;
    call.waiting = Waiting::for_resources;
    waiting_for_resources_.push_back(call);
}

void Service::resume(Call& call) {
    stop_waiting(call);
    (this->*call.step)(call);
}

/// Something has happened to the file: those who wait look whether it was what they wait for.
void Service::wake(Node& node) {
    Call* const last = node.waiters.back();
    if (last == nullptr) return;
    while (Call* const call = node.waiters.front()) {
        resume(*call);
        if (call == last) return;
    }
}

/// Pages or records may have become free. Who still finds none goes to the front again.
void Service::wake_for_resources() {
    while (Call* const call = waiting_for_resources_.front()) {
        resume(*call);
        if (call->waiting != Waiting::for_resources) continue;
        waiting_for_resources_.remove(*call);
        waiting_for_resources_.push_front(*call);
        return;
    }
}

void Service::send_waiting_calls() {
    Call* call = waiting_.front();
    while (call != nullptr && connection_.rpc() != nullptr && in_flight_ < max_in_flight) {
        Call* const next = waiting_.next(*call);
        if (call->not_before_us <= now_us_) {
            resume(*call);
            // The step may have ended its call, and others: begin again.
            call = waiting_.front();
            continue;
        }
        call = next;
    }
}

/// Sends what can be sent; false when there was nothing.
bool Service::send_waiting() {
    const std::uint64_t before = serial_;
    if (connection_.rpc() != nullptr) {
        Io* io = waiting_ios_.front();
        while (io != nullptr) {
            Io* const next = waiting_ios_.next(*io);
            if (io->not_before_us <= now_us_) {
                waiting_ios_.remove(*io);
                send(*io);
            }
            io = next;
        }
        send_waiting_calls();
    }
    collect_old();
    flush_old();
    flush_on();
    wake_for_resources();
    wake_collected();
    flush_on();
    return serial_ != before;
}

/// Is there a result to look at? Else the call is dealt with.
bool Service::accept(Call& call, nfsstat3 status) {
    if (status == NFS3_OK) return true;
    if (status == NFS3ERR_JUKEBOX) {
        call.not_before_us = now_us_ + patience_us;
        call.waiting = Waiting::to_be_sent;
        waiting_.push_back(call);
    } else {
        fail(call, to_error(status));
    }
    return false;
}

void Service::connected() {
    if (told_mounted_) return;
    told_mounted_ = true;
    host_.mounted();
}

bool Service::run(std::uint64_t now_us) {
    now_us_ = now_us;
    bool active = connection_.run(now_us);
    take_back_interrupted();
    if (send_waiting()) {
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
    for (const Io& io : ios_.all()) {
        if (io.in_flight && io.sent_us < oldest) oldest = io.sent_us;
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
    if (!dirty_nodes_.empty() && !dirty_nodes_.front()->flush) {
        consider_time(dirty_nodes_.front()->dirty_since_us + write_behind_us);
    }
    if (const WritingWindow* const window = write_windows_.oldest()) {
        consider_time(window->armed_us + window_life_us);
    }
    if (connection_.rpc() != nullptr) {
        for (Io* io = waiting_ios_.front(); io != nullptr; io = waiting_ios_.next(*io)) {
            if (io->not_before_us != 0) consider_time(io->not_before_us);
        }
        for (Call* call = waiting_.front(); call != nullptr; call = waiting_.next(*call)) {
            if (call->not_before_us != 0) consider_time(call->not_before_us);
        }
    }
    return earliest;
}

}  // namespace sos::fs::nfs
