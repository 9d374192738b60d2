// SPDX-License-Identifier: BSD-2-Clause
// Node: what SOS knows of one object of the server, however often it is open: its attributes, its
// pages in the cache, what is to be written back. Nodes: the table of them.
//
// A node is *idle* when it is not open and nothing is going on with it. An idle node stays, so that
// the next open finds its pages, until its place is needed for another.
//
// Attributes tell whether somebody else has changed the file: those that an RPC brings are
// compared with those seen before, unless a change of our own was under way meanwhile.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "base/intrusive_list.hpp"
#include "fs/nfs/call.hpp"
#include "fs/nfs/page_cache.hpp"
#include "fs/nfs/protocol.hpp"
#include "fs/nfs/read_windows.hpp"

namespace sos::fs::nfs {

struct Io;
struct Removed;
struct WritingWindow;

struct Node {
    ServerHandle handle{};
    std::uint32_t salt = 0;   // spreads pages in the cache
    std::uint32_t opens = 0;  // entries of the table of open files
    bool directory = false;
    bool known = false;  // `seen` and `size` are those of the server, or ours

    Fingerprint seen{};
    std::uint64_t size = 0;            // as the programs of SOS see it
    std::uint64_t checked_us = 0;      // when the attributes were fresh
    std::uint64_t changed_serial = 0;  // RPCs sent up to this one may tell old attributes

    // From the one to the other only names or mode were changed, by us (own_changes.cpp).
    Fingerprint same_from{};
    Fingerprint same_to{};
    std::uint64_t changing_until_us = 0;  // such a change may be under way

    NodePages pages{};
    DirtyPages dirty{};
    NodeWindows read_windows{};
    WritingWindow* write_window = nullptr;  // in which there may be bytes of it
    std::uint32_t dirty_pages = 0;
    std::uint32_t unstable_pages = 0;
    std::uint32_t in_flight = 0;         // READs and WRITEs
    std::uint32_t writes_in_flight = 0;  // WRITEs and SETATTRs
    std::uint64_t write_serial = 0;      // counts WRITEs
    bool commit_under_way = false;
    Removed* removed = nullptr;  // its name is gone; to be removed at the last close
    Io* resize = nullptr;  // a change of size: waits for `in_flight` to be 0, and all others wait

    // What is to be done with what is dirty.
    bool flush = false;    // send all of it
    bool commit = false;   // and COMMIT
    bool barrier = false;  // somebody waits for it: new writes wait, so that it comes to an end
    bool write_through = false;  // the last WRITE failed: writes wait for the server's answer
    std::uint64_t dirty_since_us = 0;

    char verifier[NFS3_WRITEVERFSIZE]{};  // of the unstable pages
    Error error = Error::io_error;        // the last that write-behind met
    std::uint32_t errors = 0;             // how many: who has seen less than that is to be told

    base::IntrusiveList<Call, &Call::waiting_link> waiters{};
    base::ListLink<Node> idle_link{};
    base::ListLink<Node> dirty_link{};     // has dirty or unstable pages, oldest first
    base::ListLink<Node> flushing_link{};  // something can be sent
    Node* hash_next = nullptr;

    /// Does the server have, and will it keep, all that was written?
    bool clean() const { return settled() && unstable_pages == 0 && !commit_under_way; }
    /// Does the server have all that was written?
    bool settled() const { return dirty_pages == 0 && writes_in_flight == 0; }
    bool busy() const {
        return opens > 0 || in_flight > 0 || removed != nullptr || resize != nullptr || !clean() ||
               !waiters.empty() || write_window != nullptr;
    }
};

class Nodes {
  public:
    /// `entries` is used for good, and zero-filled.
    void use(std::span<Node> entries) { entries_ = entries; }

    Node* find(const ServerHandle& handle);
    /// The node of this object, made if there is none. Null when all entries are busy.
    Node* take(const ServerHandle& handle, PageCache& cache);

    /// To be called when a node may have become idle, or is no longer.
    void settle(Node& node);

  private:
    static constexpr std::size_t buckets = 4096;

    Node*& bucket_of(const ServerHandle& handle);
    void recycle(Node& node, PageCache& cache);

    std::span<Node> entries_{};
    std::size_t fresh_ = 0;  // entries from here on were never used
    std::uint32_t next_salt_ = 1;
    std::array<Node*, buckets> table_{};
    base::IntrusiveList<Node, &Node::idle_link> idle_{};
};

}  // namespace sos::fs::nfs
