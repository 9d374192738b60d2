// SPDX-License-Identifier: BSD-2-Clause
// Io: the record of one RPC that moves file contents between the cache and the server. It belongs
// to the file, not to the request that caused it: it goes on when that request's process is killed,
// is sent again after a lost connection, and always comes to an end.
#pragma once

#include <array>
#include <cstdint>

#include "base/intrusive_list.hpp"
#include "fs/nfs/page_cache.hpp"
#include "fs/nfs/protocol.hpp"

namespace sos::fs::nfs {

struct Removed;

struct Io {
    enum class Kind : std::uint8_t { none, read, write, commit, resize, remove };
    static constexpr std::uint32_t max_pages = preferred_transfer / cache_page_size;

    Kind kind = Kind::none;
    bool in_flight = false;
    bool interrupted = false;  // came back with an error, not from the server's file system
    bool stable = false;       // a WRITE that needs no COMMIT
    bool alone = false;        // a WRITE sent while none of this file was under way
    Node* node = nullptr;
    std::uint64_t offset = 0;  // or the new size
    std::uint32_t bytes = 0;
    std::uint32_t done = 0;  // a transfer that the server cut short goes on from here
    std::uint32_t page_count = 0;
    std::array<CachePage*, max_pages> pages{};
    Removed* removed = nullptr;  // what is to be removed
    void* caller = nullptr;      // token of the Call that waits for a resize
    std::uint64_t not_before_us = 0;
    std::uint64_t sent_us = 0;
    std::uint64_t sent_serial = 0;
    std::uint64_t write_serial = 0;
    base::ListLink<Io> waiting_link{};
};

/// The records, a number of them for each kind, so that no kind keeps another from going on.
class IoTable {
  public:
    static constexpr std::uint32_t max_reads = 32;
    static constexpr std::uint32_t max_ahead = 24;  // of these, for what nobody has asked for yet
    static constexpr std::uint32_t max_writes = 16;
    static constexpr std::uint32_t max_others = 16;

    /// Null when as many of this kind are in use as there may be.
    Io* take(Io::Kind kind, Node& node);
    void give(Io& io);

    bool available(Io::Kind kind) const { return used_[class_of(kind)] < limits[class_of(kind)]; }
    std::uint32_t reads() const { return used_[0]; }
    std::uint32_t used() const { return used_[0] + used_[1] + used_[2]; }
    bool none() const { return used() == 0; }
    std::span<Io> all() { return entries_; }

  private:
    static constexpr std::array<std::uint32_t, 3> limits{max_reads, max_writes, max_others};
    static constexpr std::size_t class_of(Io::Kind kind) {
        return kind == Io::Kind::read ? 0 : kind == Io::Kind::write ? 1 : 2;
    }

    std::array<Io, max_reads + max_writes + max_others> entries_{};
    std::array<std::uint32_t, 3> used_{};
};

}  // namespace sos::fs::nfs
