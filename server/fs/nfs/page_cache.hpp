// SPDX-License-Identifier: BSD-2-Clause
// PageCache: a fixed number of 4 KiB pages of files' contents, found by file and page number, and
// shared by all opens of a file. It knows nothing of RPCs: who reads and writes files through it
// says in each page's fields what is going on with it.
//
// A page that holds nothing but what the server has, and with which nothing is going on, is *idle*.
// Idle pages wait in order of their last use; when a new page is wanted and none is free, the one
// that was not used for the longest time is taken. Other pages are never taken away.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/intrusive_list.hpp"
#include "fs/nfs/byte_range.hpp"

namespace sos::fs::nfs {

struct Node;

inline constexpr std::uint32_t cache_page_size = 4096;

struct CachePage {
    Node* node = nullptr;  // null: the page is free
    std::uint64_t number = 0;
    std::byte* data = nullptr;
    std::uint32_t version = 0;  // see fs/page_view.hpp

    ByteRange valid{};     // what `data` has of the file's contents
    ByteRange dirty{};     // within `valid`: the server does not have it
    ByteRange unstable{};  // within `valid`: the server was sent it, but may lose it until a COMMIT

    bool reading = false;     // a READ will fill what is not valid
    bool writing = false;     // a WRITE of `unstable` is under way
    bool committing = false;  // a COMMIT is under way that covers `unstable`
    bool discard = false;     // changed at the server: not to be used when its READ is answered

    CachePage* hash_next = nullptr;
    base::ListLink<CachePage> use_link{};    // free, or idle in order of use
    base::ListLink<CachePage> node_link{};   // all pages of the node
    base::ListLink<CachePage> dirty_link{};  // the node's pages with `dirty`, oldest first

    bool idle() const { return !reading && dirty.empty() && unstable.empty(); }
    /// Ends the views of it: before its bytes change, or are no longer right.
    void end_views() { __atomic_store_n(&version, version + 1, __ATOMIC_RELEASE); }
};

using NodePages = base::IntrusiveList<CachePage, &CachePage::node_link>;
using DirtyPages = base::IntrusiveList<CachePage, &CachePage::dirty_link>;

class PageCache {
  public:
    /// Both are used for good; one record for each page of `memory`.
    void use(std::span<CachePage> records, std::span<std::byte> memory);

    /// Null when the page is not there.
    CachePage* find(const Node& node, std::uint64_t number) const;

    /// A page that is not there yet, with nothing valid in it; null when all pages are busy.
    CachePage* take(Node& node, std::uint64_t number);

    /// Forgets a page with which nothing is going on (neither reading nor writing).
    void drop(CachePage& page);

    /// The page was used.
    void touch(CachePage& page);

    /// To be called when a page's state has changed: sees to its place among the idle ones.
    void settle(CachePage& page);

    std::size_t pages() const { return pages_; }

  private:
    static constexpr std::size_t buckets = 16384;
    using UseList = base::IntrusiveList<CachePage, &CachePage::use_link>;

    CachePage*& bucket_of(const Node& node, std::uint64_t number);
    void unlink(CachePage& page);

    std::array<CachePage*, buckets> table_{};
    UseList free_{};
    UseList idle_{};
    std::size_t pages_ = 0;
};

}  // namespace sos::fs::nfs
