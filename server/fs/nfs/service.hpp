// SPDX-License-Identifier: BSD-2-Clause
// Service: answers requests from an NFS server. It knows nothing of threads and IPC: requests come
// in by submit(), answers go out by one callback, and run() does whatever can be done now. Nothing
// in here ever waits.
//
// While there is no connection, requests wait and are sent when there is one again (a hard mount).
// A step that was interrupted is repeated; where the repetition of a step that in truth succeeded
// is refused (a file that is gone already, a name that is there already), that counts as success.
//
// At most max_in_flight RPCs are under way; further ones queue, first come, first served.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/intrusive_list.hpp"
#include "fs/nfs/call.hpp"
#include "fs/nfs/connection.hpp"
#include "fs/nfs/open_files.hpp"
#include "fs/request.hpp"

namespace sos::fs::nfs {

/// What the Service needs from its surroundings.
class Host {
  public:
    /// The request of this call has its answer; the call's index is free.
    virtual void answered(std::uint32_t index) = 0;
    /// The export is mounted, for the first time.
    virtual void mounted() = 0;
    virtual int ready_events(int socket, int wanted) = 0;
    virtual void announce(std::string_view line) = 0;

  protected:
    ~Host() = default;
};

class Service final : private Surroundings {
  public:
    static constexpr std::uint32_t max_calls = max_processes + 8;
    static constexpr std::uint32_t max_in_flight = 64;
    /// If one answer takes so long, the connection is given up and made again.
    static constexpr std::uint64_t answer_limit_us = 60'000'000;
    static constexpr std::uint64_t patience_us = 1'000'000;

    explicit Service(Host& host);
    Service(const Service&) = delete;
    Service& operator=(const Service&) = delete;
    ~Service();

    /// `hidden_name`: an object of the export's root that nobody can see. The views must stay
    /// valid.
    void start(const platform::NfsLocation& location, std::string_view hidden_name,
               std::span<OpenFile> open_files, std::span<std::byte> directory_memory);

    /// `index` (below max_calls) is the caller's choice, not in use by another request.
    void submit(std::uint32_t index, Request& request);

    /// Answers every request with `cancelled` for which `ended` says so.
    void cancel(bool (*ended)(Owner owner));

    /// True if anything was done.
    bool run(std::uint64_t now_us);

    /// Tells the time between runs: requests submitted from now on are sent at `now_us`.
    void set_time(std::uint64_t now_us) { now_us_ = now_us; }
    std::optional<std::uint64_t> deadline_us() const;

    /// libnfs cannot go on (its memory is gone): new context, new connection.
    void abandon_context();

    /// The server's name of an open file, for page I/O; null when it is none.
    const ServerHandle* server_handle(FileHandle file) {
        const OpenFile* const found = open_files_.find(file);
        return found == nullptr ? nullptr : &found->handle;
    }
    std::uint32_t open_files() const { return open_files_.count(); }
    std::uint32_t active_calls() const { return active_calls_; }

  private:
    friend struct Rpc;

    // Surroundings of the connection
    int ready_events(int socket, int wanted) override;
    void announce(std::string_view line) override;
    void connected() override;
    void lost() override;

    // Life of a call (service.cpp)
    void dispatch(Call& call);
    void issue(Call& call, Step step);
    void send_waiting();
    void take_back_interrupted();
    void watch_server();
    bool accept(Call& call, nfsstat3 status);
    Call* call_of(void* token);
    void* token_of(const Call& call) const;
    void answer(Call& call);
    void finish(Call& call, std::uint64_t value = 0);
    void fail(Call& call, Error error);

    // Walks along paths (walk.cpp)
    void begin_walk(Call& call, std::string_view path, Goal goal);
    void walk_on(Call& call);
    void consider(Call& call);
    void expand_link(Call& call, std::string_view target);
    void arrived(Call& call);
    void arrived_at_parent(Call& call);
    void object_missing(Call& call);
    void send_lookup(Call& call);
    void on_lookup(Call& call, const LOOKUP3res& result);
    void send_walk_attributes(Call& call);
    void on_walk_attributes(Call& call, const GETATTR3res& result);
    void send_walk_link(Call& call);
    void on_walk_link(Call& call, const READLINK3res& result);

    // Opening and creating (open.cpp)
    void open_found(Call& call);
    void open_new(Call& call);
    void open_done(Call& call);
    void send_create(Call& call);
    void on_create(Call& call, const CREATE3res& result);
    void send_open_truncate(Call& call);
    void on_open_truncate(Call& call, const SETATTR3res& result);

    // Data of open files (transfer.cpp)
    void read(Call& call);
    void send_read(Call& call);
    void on_read(Call& call, const READ3res& result);
    void write(Call& call);
    void send_append_position(Call& call);
    void on_append_position(Call& call, const GETATTR3res& result);
    void send_write(Call& call);
    void on_write(Call& call, const WRITE3res& result);
    void sync(Call& call);
    void close(Call& call);
    void truncate(Call& call);
    void send_truncate(Call& call);
    void on_set_attributes(Call& call, const SETATTR3res& result);
    void status(Call& call);
    void send_status(Call& call);
    void on_status(Call& call, const GETATTR3res& result);

    // Listings (listing.cpp)
    void read_directory(Call& call);
    void list_on(Call& call);
    void send_list(Call& call);
    void on_list(Call& call, const READDIRPLUS3res& result);
    void send_plain_list(Call& call);
    void on_plain_list(Call& call, const READDIR3res& result);
    template <typename Entry, typename TypeOf>
    bool take_entries(Call& call, OpenFile& file, const Entry* entry, bool end,
                      const char* verifier, TypeOf type_of);

    // Names (names.cpp)
    void check_access(Call& call);
    void send_change_mode(Call& call);
    void send_read_link(Call& call);
    void on_read_link(Call& call, const READLINK3res& result);
    void send_remove(Call& call);
    void on_remove(Call& call, const REMOVE3res& result);
    void send_make_directory(Call& call);
    void on_make_directory(Call& call, const MKDIR3res& result);
    void send_remove_directory(Call& call);
    void on_remove_directory(Call& call, const RMDIR3res& result);
    void send_rename(Call& call);
    void on_rename(Call& call, const RENAME3res& result);

    bool hidden(const ServerHandle& directory, std::string_view name) const;
    OpenFile* file_of(const Call& call) { return open_files_.find(call.request->file); }

    Host& host_;
    Connection connection_{*this};
    OpenFiles open_files_{};
    ChunkPool chunks_{};
    std::string_view hidden_name_{};
    std::array<Call, max_calls> calls_{};
    base::IntrusiveList<Call, &Call::waiting_link> waiting_{};
    std::uint32_t active_calls_ = 0;
    std::uint32_t in_flight_ = 0;
    bool some_interrupted_ = false;
    bool told_mounted_ = false;
    bool told_silent_ = false;
    std::uint64_t now_us_ = 0;
    std::uint64_t progress_us_ = 0;  // last answer, or first question after silence
    std::uint64_t check_us_ = 0;     // no call can be overdue before
    std::uint64_t answers_ = 0;      // since the server was said to be silent
};

}  // namespace sos::fs::nfs
