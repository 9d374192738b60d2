// SPDX-License-Identifier: BSD-2-Clause
#include "fs/pager/lane.hpp"

#include <algorithm>

#include "log/log.hpp"

namespace sos::fs::pager {

Lane* Lane::lane = nullptr;

Lane::Lane(Host& host) : host_(host) {
    lane = this;
}

Lane::~Lane() {
    connection_.drop("end");
    while (waiting_reads_.pop_front() != nullptr) {
    }
    while (waiting_writes_.pop_front() != nullptr) {
    }
    lane = nullptr;
}

void Lane::start(const platform::NfsLocation& location, std::string_view page_file) {
    if (page_file.size() <= max_name) page_file.copy(page_file_name_, page_file.size());
    connection_.start(location);
}

int Lane::ready_events(int socket, int wanted) {
    return host_.ready_events(socket, wanted);
}

/// The service for files has a connection to the same server, and says what there is to say.
void Lane::announce(std::string_view line) {
    log::trace<log::Area::fs>("pager: {}", line);
}

void Lane::connected() {}

void Lane::lost() {
    in_flight_ = 0;
    if (file_state_ == FileState::being_made) file_state_ = FileState::missing;
    take_back_interrupted();
}

void Lane::abandon_context() {
    for (Job& job : jobs_) {
        if (job.state != State::in_flight) continue;
        job.state = State::interrupted;
        some_interrupted_ = true;
    }
    connection_.abandon_context();
}

// Tokens: the index in the low 16 bits, the generation above.

void* Lane::token_of(const Job& job) const {
    const auto index = static_cast<std::uint64_t>(&job - jobs_.data());
    return reinterpret_cast<void*>(index | std::uint64_t{job.generation} << 16);
}

void Lane::accept(PageIo& io) {
    // There are as many jobs as records.
    Job* const job = std::ranges::find(jobs_, State::idle, &Job::state);
    ASSERT(job != jobs_.end());
    *job = Job{.generation = job->generation + 1, .io = &io};
    ++busy_jobs_;
    io.failed = false;
    if (io.kind == PageIoKind::read_file && read_from_cache(io)) return finish(*job);
    wait(*job);
}

void Lane::wait(Job& job) {
    job.state = State::waiting;
    const bool write = job.io->kind == PageIoKind::write_slots;
    (write ? waiting_writes_ : waiting_reads_).push_back(job);
}

void Lane::finish(Job& job) {
    PageIo& io = *job.io;
    ASSERT(!job.link.linked);
    job.state = State::idle;
    --busy_jobs_;
    job.io = nullptr;
    io.done(io);
}

void Lane::fail(Job& job, Error error) {
    job.io->failed = true;
    job.io->error = error;
    finish(job);
}

/// Sends what can be sent: processes wait for reads, so they come first.
bool Lane::send_waiting() {
    bool active = false;
    while (connection_.rpc() != nullptr && in_flight_ < max_in_flight &&
           (send_one(waiting_reads_) || send_one(waiting_writes_))) {
        active = true;
    }
    return active;
}

bool Lane::send_one(JobList& jobs) {
    for (Job* job = jobs.front(); job != nullptr; job = jobs.next(*job)) {
        const bool paging = job->io->kind != PageIoKind::read_file;
        if (job->not_before_us > now_us_) continue;
        if (paging && file_state_ == FileState::missing) make_page_file();
        if (paging && file_state_ != FileState::ready && file_state_ != FileState::refused) {
            continue;
        }
        jobs.remove(*job);
        if (paging && file_state_ == FileState::refused) {
            fail(*job, refusal_);
        } else {
            send(*job);
        }
        return true;
    }
    return false;
}

void Lane::send(Job& job) {
    job.file_number = file_number_;
    if (job.io->kind == PageIoKind::write_slots) return send_write(job);
    const bool executable = job.io->kind == PageIoKind::read_file;
    const nfs::ServerHandle* const file =
        executable ? host_.server_handle(job.io->file) : &page_file_;
    if (file == nullptr) return fail(job, Error::bad_descriptor);
    job.check_version ? send_version_check(job, *file) : send_read(job, *file);
}

void Lane::sent(Job& job, int refused) {
    if (refused != 0) return fail(job, Error::no_memory);
    job.state = State::in_flight;
    job.sent_us = now_us_;
    ++in_flight_;
}

/// What every answer has in common; false when there is no result to look at.
bool Lane::take_answer(void* token, int status, const void* data, Job*& job) {
    if (in_flight_ > 0) --in_flight_;
    const auto word = reinterpret_cast<std::uintptr_t>(token);
    job = &jobs_[word & 0xffff];
    const bool known =
        job->state == State::in_flight && job->generation == static_cast<std::uint32_t>(word >> 16);
    if (!known) return false;
    if (status != RPC_STATUS_SUCCESS || data == nullptr) {
        // Lost with the connection, or refused: it is seen when libnfs has returned.
        job->state = State::interrupted;
        some_interrupted_ = true;
        return false;
    }
    return true;
}

template <typename Result, void (Lane::*Handler)(Lane::Job&, const Result&)>
void Lane::receive(rpc_context*, int status, void* data, void* token) {
    Job* job = nullptr;
    if (!lane->take_answer(token, status, data, job)) return;
    (lane->*Handler)(*job, *static_cast<const Result*>(data));
}

void Lane::take_back_interrupted() {
    if (!some_interrupted_) return;
    some_interrupted_ = false;
    const bool refused = connection_.rpc() != nullptr;
    for (Job& job : jobs_) {
        if (job.state != State::interrupted) continue;
        refused ? fail(job, Error::protocol_error) : wait(job);
    }
}

/// Is there a result to look at? Else the job is dealt with.
bool Lane::accept_status(Job& job, nfsstat3 status) {
    if (status == NFS3_OK) return true;
    const bool executable = job.io->kind == PageIoKind::read_file;
    const bool gone = status == NFS3ERR_STALE || status == NFS3ERR_BADHANDLE;
    if (status == NFS3ERR_JUKEBOX) {
        job.not_before_us = now_us_ + patience_us;
        wait(job);
    } else if (gone && executable) {
        fail(job, Error::executable_changed);
    } else if (gone) {
        page_file_gone(job);
        job.done = 0;
        wait(job);
    } else {
        fail(job, nfs::to_error(status));
    }
    return false;
}

bool Lane::take_submitted() {
    while (PageIo* const io = host_.next_page_io()) accept(*io);
    return busy_jobs_ > 0;
}

bool Lane::run(std::uint64_t now_us) {
    now_us_ = now_us;
    take_submitted();
    if (file_state_ == FileState::refused && now_us >= refused_until_us_) {
        file_state_ = FileState::missing;
    }
    bool active = connection_.run(now_us);
    take_back_interrupted();
    // Made before it is needed: the first page-out does not wait for it.
    if (file_state_ == FileState::missing && connection_.rpc() != nullptr) make_page_file();
    if (send_waiting()) {
        active = connection_.run(now_us) || active;
        take_back_interrupted();
    }
    watch_server();
    return active;
}

/// Gives up a connection on which an answer is overdue.
void Lane::watch_server() {
    if (busy_jobs_ == 0) return;
    const bool overdue = std::ranges::any_of(jobs_, [&](const Job& job) {
        return job.state == State::in_flight && now_us_ - job.sent_us >= answer_limit_us;
    });
    if (overdue) connection_.drop("no answer");
}

std::optional<std::uint64_t> Lane::deadline_us() const {
    std::optional<std::uint64_t> earliest = connection_.deadline_us();
    const auto consider_time = [&](std::uint64_t time) {
        if (!earliest || time < *earliest) earliest = time;
    };
    if (connection_.rpc() != nullptr && file_state_ == FileState::refused) {
        consider_time(refused_until_us_);
    }
    if (busy_jobs_ == 0) return earliest;
    for (const Job& job : jobs_) {
        if (job.state == State::in_flight) consider_time(job.sent_us + answer_limit_us);
        if (connection_.rpc() != nullptr && job.state == State::waiting &&
            job.not_before_us > now_us_) {
            consider_time(job.not_before_us);
        }
    }
    return earliest;
}

template void Lane::receive<READ3res, &Lane::on_read>(rpc_context*, int, void*, void*);
template void Lane::receive<WRITE3res, &Lane::on_write>(rpc_context*, int, void*, void*);
template void Lane::receive<GETATTR3res, &Lane::on_version>(rpc_context*, int, void*, void*);

}  // namespace sos::fs::pager
