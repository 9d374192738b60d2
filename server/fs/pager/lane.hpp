// SPDX-License-Identifier: BSD-2-Clause
// Lane: carries out page I/O (page_io.hpp), on a connection of the pager's own, so that it waits
// for no file's transfer. It lives in the file server's thread, beside nfs::Service.
//
// It makes the page file afresh when there is a connection, under a name that nobody else can use.
// If the file is gone on the server later, it makes another: what was in it is lost, which the
// checksums of page_io's user tell, and the rest of the system pages on. While the file cannot be
// made, writes fail; records that wait for the server wait as long as it takes.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/intrusive_list.hpp"
#include "fs/nfs/connection.hpp"
#include "fs/nfs/service.hpp"
#include "fs/pager/page_io.hpp"
#include "fs/path.hpp"

namespace sos::fs::pager {

/// What the Lane needs from its surroundings.
class Host {
  public:
    virtual int ready_events(int socket, int wanted) = 0;
    virtual void announce(std::string_view line) = 0;
    /// The server's name of an open file; null when there is no such file.
    virtual const nfs::ServerHandle* server_handle(FileHandle file) = 0;
    /// Is what an open file has now what it was opened with?
    virtual nfs::Sameness compare_versions(FileHandle file, const nfs::Fingerprint& opened,
                                           const nfs::Fingerprint& found) = 0;
    /// Bytes of an open file's version, if they need no question to the server.
    virtual bool read_cached(FileHandle file, const nfs::Fingerprint& version, std::uint64_t offset,
                             std::span<std::byte> into) = 0;
    /// What the server has answered, for the next one who wants it.
    virtual void keep_contents(FileHandle file, const nfs::Fingerprint& version,
                               std::uint64_t offset, std::span<const std::byte> bytes) = 0;
    /// The next record that was submitted; null when there is none.
    virtual PageIo* next_page_io() = 0;

  protected:
    ~Host() = default;
};

class Lane final : private nfs::Surroundings {
  public:
    static constexpr std::uint32_t max_in_flight = 8;
    /// If one answer takes so long, the connection is given up and made again.
    static constexpr std::uint64_t answer_limit_us = 60'000'000;
    static constexpr std::uint64_t patience_us = 1'000'000;
    /// After so long a version is compared again that a change under way may have made.
    static constexpr std::uint64_t look_again_us = 20'000;
    /// How long writes fail after the page file could not be made.
    static constexpr std::uint64_t refusal_us = 2'000'000;

    explicit Lane(Host& host);
    Lane(const Lane&) = delete;
    Lane& operator=(const Lane&) = delete;
    ~Lane();

    /// Both must stay valid. Without a name there is no page file.
    void start(const platform::NfsLocation& location, std::string_view page_file);

    /// Takes the records that were submitted, and ends those that need no RPC; true if there are
    /// others, for run().
    bool take_submitted();
    /// Does what can be done now; true if anything was done.
    bool run(std::uint64_t now_us);
    /// When run() is to be called even if nothing happens.
    std::optional<std::uint64_t> deadline_us() const;
    /// libnfs cannot go on (its memory is gone): new context, new connection.
    void abandon_context();

  private:
    enum class State : std::uint8_t { idle, waiting, in_flight, interrupted };
    struct Job {
        State state = State::idle;
        bool check_version = false;  // the data is there; is it still the same file?
        std::uint32_t generation = 0;
        std::uint32_t file_number = 0;  // which page file it was sent to
        std::uint32_t done = 0;         // bytes
        std::uint32_t asked = 0;        // bytes of the RPC under way
        std::uint64_t sent_us = 0;
        std::uint64_t not_before_us = 0;
        PageIo* io = nullptr;
        base::ListLink<Job> link{};
    };
    enum class FileState : std::uint8_t { missing, being_made, ready, refused };
    using JobList = base::IntrusiveList<Job, &Job::link>;

    // Surroundings of the connection
    int ready_events(int socket, int wanted) override;
    void announce(std::string_view line) override;
    void connected() override;
    void lost() override;

    // Life of a job
    void accept(PageIo& io);
    void wait(Job& job);
    bool send_waiting();
    bool send_one(JobList& jobs);
    void send(Job& job);
    void sent(Job& job, int refused);
    void finish(Job& job);
    void fail(Job& job, Error error);
    bool take_answer(void* token, int status, const void* data, Job*& job);
    void take_back_interrupted();
    bool accept_status(Job& job, nfsstat3 status);
    void watch_server();
    void* token_of(const Job& job) const;

    // The three kinds of RPC
    void send_read(Job& job, const nfs::ServerHandle& file);
    void on_read(Job& job, const READ3res& result);
    void send_write(Job& job);
    void on_write(Job& job, const WRITE3res& result);
    void send_version_check(Job& job, const nfs::ServerHandle& file);
    void on_version(Job& job, const GETATTR3res& result);
    bool same_version(Job& job, const fattr3& attributes);
    bool read_from_cache(const PageIo& io);
    void put_bytes(Job& job, const char* data, std::size_t size);
    void read_done(Job& job);

    // The page file
    void make_page_file();
    void page_file_gone(const Job& job);
    void refuse_page_file(nfsstat3 status);
    void file_step(int refused);
    bool file_answer(int status, const void* data);

    static Lane* lane;  // there is one: for the callbacks
    template <typename Result, void (Lane::*Handler)(Job&, const Result&)>
    static void receive(rpc_context*, int status, void* data, void* token);
    static void on_remove(rpc_context*, int status, void* data, void* self);
    static void on_create(rpc_context*, int status, void* data, void* self);
    static void on_lookup(rpc_context*, int status, void* data, void* self);

    Host& host_;
    nfs::Connection connection_{*this};
    char page_file_name_[max_name + 1]{};
    nfs::ServerHandle page_file_{};
    FileState file_state_ = FileState::missing;
    std::uint32_t file_number_ = 0;
    bool told_refused_ = false;
    Error refusal_ = Error::io_error;
    std::uint64_t refused_until_us_ = 0;

    std::array<Job, max_page_ios> jobs_{};
    JobList waiting_reads_{};
    JobList waiting_writes_{};
    std::uint32_t in_flight_ = 0;
    std::uint32_t busy_jobs_ = 0;
    bool some_interrupted_ = false;
    std::uint64_t now_us_ = 0;
};

}  // namespace sos::fs::pager
