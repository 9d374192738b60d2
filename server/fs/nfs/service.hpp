// SPDX-License-Identifier: BSD-2-Clause
// Service: answers requests from an NFS server. It knows nothing of threads and IPC: requests come
// in by submit(), answers go out by one callback, and run() does whatever can be done now. Nothing
// in here ever waits.
//
// While there is no connection, requests wait and are sent when there is one again (a hard mount).
// A step that was interrupted is repeated; where the repetition of a step that in truth succeeded
// is refused (a file that is gone already, a name that is there already), that counts as success.
//
// At most max_in_flight RPCs of calls are under way, and those of the IoTable; further ones queue,
// first come, first served.
//
// Contents of files go through a cache: READs fill it, ahead of sequential readers too, and WRITEs
// drain it, behind the writers; a COMMIT makes sure that the server keeps them. `sync` and `close`
// wait for that, and tell the errors that it met.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/intrusive_list.hpp"
#include "fs/nfs/call.hpp"
#include "fs/nfs/connection.hpp"
#include "fs/nfs/io.hpp"
#include "fs/nfs/name_cache.hpp"
#include "fs/nfs/node.hpp"
#include "fs/nfs/open_files.hpp"
#include "fs/nfs/read_windows.hpp"
#include "fs/nfs/removed.hpp"
#include "fs/nfs/write_windows.hpp"
#include "fs/request.hpp"

namespace sos::fs::nfs {

enum class Sameness : std::uint8_t { same, changed, not_known_yet };

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
    /// Closed files whose contents are still in the cache, or to be written back.
    static constexpr std::uint32_t max_closed_files = 1024;
    /// How long what was written may wait to be sent.
    static constexpr std::uint64_t write_behind_us = 2'000'000;
    /// How long what was written may stay in a window.
    static constexpr std::uint64_t window_life_us = 1'000'000;
    /// How often asking for a file's status waits for writers that never rest.
    static constexpr std::uint32_t max_status_retries = 8;
    /// Attributes of an open file that are older are asked for again at the end of the file.
    static constexpr std::uint64_t attributes_life_us = 1'000'000;
    /// If one answer takes so long, the connection is given up and made again.
    static constexpr std::uint64_t answer_limit_us = 60'000'000;
    static constexpr std::uint64_t patience_us = 1'000'000;
    /// How long a change of a name or mode may take to be known, if whoever makes it is killed.
    static constexpr std::uint64_t own_change_us = 2'000'000;

    /// Used for good, and zero-filled.
    struct Memory {
        std::span<OpenFile> open_files;
        std::span<Node> nodes;
        std::span<std::byte> directories;
        std::span<CachePage> pages;  // records of what is in `cache`
        std::span<std::byte> cache;
        CacheMemory* cache_memory = nullptr;  // null: the cache never gives way
        bool (*more_directories)(std::span<std::byte>& more) = nullptr;
    };

    explicit Service(Host& host);
    Service(const Service&) = delete;
    Service& operator=(const Service&) = delete;
    ~Service();

    /// `hidden_name`: an object of the export's root that nobody can see. The views must stay
    /// valid.
    void start(const platform::NfsLocation& location, std::string_view hidden_name,
               const Memory& memory);

    /// `index` (below max_calls) is the caller's choice, not in use by another request. False when
    /// that left nothing for run() to do, and deadline_us() is what it was: the request was
    /// answered from the cache.
    bool submit(std::uint32_t index, Request& request);

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
        return found == nullptr ? nullptr : &found->node->handle;
    }
    /// Is what an open file has now what it was opened with, as far as attributes tell?
    Sameness compare_versions(FileHandle file, const Fingerprint& opened, const Fingerprint& found);
    /// Bytes of an open file's version, from `offset` on. False when the cache has not all of them,
    /// or when the server was asked too long ago whether it is still that version.
    bool read_cached(FileHandle file, const Fingerprint& version, std::uint64_t offset,
                     std::span<std::byte> into);
    /// The server's answer to a READ of that version, for the cache, if it has room.
    void keep_contents(FileHandle file, const Fingerprint& version, std::uint64_t offset,
                       std::span<const std::byte> bytes);

    /// Memory is short: the cache gives up some. False when it cannot; then what keeps it from that
    /// is sent to the server.
    bool give_way();
    /// Gives memory back that the cache has borrowed, at most so many pages. False when that cannot
    /// be, at the moment.
    bool return_borrowed(std::size_t most);
    std::size_t cache_pages() const { return cache_.pages(); }
    std::size_t borrowed_pages() const { return cache_.borrowed(); }

    std::uint32_t open_files() const { return open_files_.count(); }
    std::uint32_t active_calls() const { return active_calls_; }
    /// Pages of the cache that the server has not got, or may lose.
    std::size_t unsafe_pages() const { return unsafe_pages_; }
    std::uint64_t rpcs() const { return serial_; }

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
    void resume(Call& call);
    bool send_waiting();
    void send_waiting_calls();
    void take_back_interrupted();
    void take_back_interrupted_ios(bool refused);
    void watch_server();
    bool accept(Call& call, nfsstat3 status);
    Call* call_of(void* token);
    template <typename Record>
    Record* record_of(void* token);
    void* token_of(const Call& call) const;
    void* token_of(Io& io) const { return &io; }
    void not_sent(Call& call) { fail(call, Error::no_memory); }
    void not_sent(Io& io) { try_later(io); }
    void stop_waiting(Call& call);
    void wait_for(Node& node, Call& call, Step step);
    void wait_for_resources(Call& call, Step step);
    void wake(Node& node);
    void wake_for_resources();
    void answer(Call& call);
    void finish(Call& call, std::uint64_t value = 0);
    void fail(Call& call, Error error);

    // Walks along paths (walk.cpp)
    void begin_walk(Call& call, std::string_view path, Goal goal);
    void walk_on(Call& call);
    bool known_name(Call& call, std::string_view name, bool last);
    void consider(Call& call);
    void expand_link(Call& call, std::string_view target);
    void arrived(Call& call);
    void status_found(Call& call);
    void status_of_found(Call& call);
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
    bool program_settled(Call& call);
    void open_done(Call& call);
    void send_create(Call& call);
    void on_create(Call& call, const CREATE3res& result);
    void send_created_attributes(Call& call);
    void on_created_attributes(Call& call, const GETATTR3res& result);
    void truncate_and_open(Call& call);

    // Requests about open files (transfer.cpp)
    OpenFile* begin_transfer(Call& call);
    OpenFile* regular_file_of(Call& call);
    void read(Call& call);
    void read_on(Call& call);
    void send_read_attributes(Call& call);
    void on_read_attributes(Call& call, const GETATTR3res& result);
    void write(Call& call);
    void write_on(Call& call);
    CachePage* page_to_write(Call& call, Node& node, std::uint64_t number, ByteRange range);
    void written(Call& call, OpenFile& file, Node& node);
    void written_through(Call& call);
    void send_append_attributes(Call& call);
    void on_append_attributes(Call& call, const GETATTR3res& result);
    void sync(Call& call);
    void sync_on(Call& call);
    void close(Call& call);
    void close_on(Call& call);
    void sync_all(Call& call);
    void truncate(Call& call);
    void truncate_on(Call& call);
    void truncated(Call& call);
    void status(Call& call);
    void status_on(Call& call);
    void send_status(Call& call);
    void on_status(Call& call, const GETATTR3res& result);
    bool tells_error(Call& call, OpenFile& file, const Node& node);

    // What attributes tell (attributes.cpp)
    void learn(Node& node, const fattr3& attributes, std::uint64_t sent_serial);
    void learn(Node& node, const post_op_attr& attributes, std::uint64_t sent_serial);
    void learn_own_change(Node& node, const wcc_data& change, bool alone);
    void set_size(Node& node, std::uint64_t size);
    void forget_contents(Node& node);
    void cut_pages(Node& node, std::uint64_t size);
    void attributes_fresh(Node& node) { node.checked_us = now_us_; }

    // Programs (program_pages.cpp)
    bool has_version(const Node& node, const Fingerprint& version) const;
    Node* node_of_version(FileHandle file, const Fingerprint& version);
    void keep_in_page(Node& node, std::uint64_t number, ByteRange range, const std::byte* from);

    // RPCs that move contents (io.cpp)
    void start(Io& io);
    void send(Io& io);
    void try_later(Io& io);
    void end(Io& io);
    bool io_accepted(Io& io, nfsstat3 status);
    void io_failed(Io& io, Error error);

    // Filling the cache (read_ahead.cpp)
    void read_ahead(OpenFile& file, Node& node, std::uint64_t offset, std::size_t size);
    void give_views(const Call& call, OpenFile& file, Node& node);
    void fill_window(const Call& call, OpenFile& file, Node& node);
    bool read_pages(Node& node, std::uint64_t first, std::uint64_t end);
    std::uint32_t read_run(Node& node, std::uint64_t first, std::uint64_t end);
    void send_read(Io& io);
    void on_read(Io& io, const READ3res& result);
    void use_if_new(Io& io, const post_op_attr& attributes);
    void pages_read(Io& io, std::size_t bytes);
    void fill_with_zeros(CachePage& page, std::uint32_t from);
    void read_failed(Io& io, Error error);

    // Draining it (write_back.cpp)
    void mark_dirty(Node& node, CachePage& page, ByteRange range);
    void want_clean(Node& node);
    void may_be_clean(Node& node);
    void flush_old();
    void flush_for_room();
    void flush_on();
    bool flush(Node& node);
    bool has_full_run(const Node& node) const;
    void write_run(Node& node, CachePage& page);
    void begin_commit(Node& node);
    void send_write(Io& io);
    void on_write(Io& io, const WRITE3res& result);
    void pages_written(Io& io, bool stable);
    void use_verifier(Node& node, const char* verifier);
    void write_failed(Io& io, Error error);
    void send_commit(Io& io);
    void on_commit(Io& io, const COMMIT3res& result);
    void commit_failed(Io& io, Error error);
    void make_stable(Node& node, CachePage& page);
    void begin_resize(Call& call, Node& node, std::uint64_t size, Step then);
    void send_resize(Io& io);
    void on_resize(Io& io, const SETATTR3res& result);
    void resize_when_possible(Node& node);
    void resize_failed(Io& io, Error error);
    void to_flush(Node& node);

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

    // Windows that programs write into (collect.cpp)
    void arm_write_window(Call& call, const OpenFile& file, Node& node);
    bool collected(Node& node);
    void collect(WritingWindow& window);
    void window_collected(WritingWindow& window);
    void window_failed(WritingWindow& window, Error error);
    void wake_collected();
    void collect_old();

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

    // What these do to files that are open (own_changes.cpp)
    static void note_before(Call& call, const post_op_attr& before);
    void begin_own_change(const ServerHandle& object);
    static void end_own_change(Node& node, const Fingerprint& before, const Fingerprint& after);
    void on_set_attributes(Call& call, const SETATTR3res& result);
    void look_after_rename(Call& call);
    void send_look_after_rename(Call& call);
    void on_look_after_rename(Call& call, const GETATTR3res& result);
    void rename_step_done(Call& call);

    // Files that are removed while they are open (removed.cpp)
    void remove_name(Call& call);
    void send_remove_lookup(Call& call);
    void on_remove_lookup(Call& call, const LOOKUP3res& result);
    void send_set_aside(Call& call);
    void on_set_aside(Call& call, const RENAME3res& result);
    void name_is_free(Call& call);
    void rename_names(Call& call);
    void send_rename_lookup(Call& call);
    void on_rename_lookup(Call& call, const LOOKUP3res& result);
    void remove_if_unused(Node& node);
    void send_remove_unused(Io& io);
    void on_remove_unused(Io& io, const REMOVE3res& result);
    void remove_done(Io& io);

    bool hidden(const ServerHandle& directory, std::string_view name) const;
    OpenFile* file_of(const Call& call) { return open_files_.find(call.request->file); }

    Host& host_;
    Connection connection_{*this};
    OpenFiles open_files_{};
    ChunkPool chunks_{};
    std::string_view hidden_name_{};
    std::array<Call, max_calls> calls_{};
    NameCache names_{};
    Nodes nodes_{};
    PageCache cache_{};
    IoTable ios_{};
    RemovedFiles removed_{};
    ReadWindows read_windows_{};
    WriteWindows write_windows_{};
    base::IntrusiveList<Call, &Call::waiting_link> waiting_{};
    base::IntrusiveList<Call, &Call::waiting_link> waiting_for_resources_{};
    base::IntrusiveList<Io, &Io::waiting_link> waiting_ios_{};
    base::IntrusiveList<Node, &Node::dirty_link> dirty_nodes_{};  // oldest first
    base::IntrusiveList<Node, &Node::flushing_link> flushing_{};
    std::size_t unsafe_pages_ = 0;  // dirty or unstable ones, of all nodes
    std::uint32_t active_calls_ = 0;
    std::uint32_t in_flight_ = 0;
    bool some_interrupted_ = false;
    bool told_mounted_ = false;
    bool told_silent_ = false;
    std::uint64_t now_us_ = 0;
    std::uint64_t serial_ = 0;       // RPCs sent
    std::uint64_t progress_us_ = 0;  // last answer, or first question after silence
    std::uint64_t check_us_ = 0;     // no call can be overdue before
    std::uint64_t answers_ = 0;      // since the server was said to be silent
};

template <>
Call* Service::record_of<Call>(void* token);
template <>
Io* Service::record_of<Io>(void* token);

}  // namespace sos::fs::nfs
