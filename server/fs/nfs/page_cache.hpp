// SPDX-License-Identifier: BSD-2-Clause
// PageCache: a fixed number of 4 KiB pages of files' contents, found by file and page number, and
// shared by all opens of a file. It knows nothing of RPCs: who reads and writes files through it
// says in each page's fields what is going on with it.
//
// A page that holds nothing but what the server has, and with which nothing is going on, is *idle*.
// Idle pages wait in order of their last use; when a new page is wanted and none is free, the one
// that was not used for the longest time is taken. Other pages are never taken away.
//
// The memory is in parts of 2 MiB. When the server needs it for something else the cache gives the
// last part up: its coldest idle pages go, and what is in use moves to other parts. It gets parts
// back when a page is wanted and there is memory again.
//
// Beside them it borrows pages, one by one, of memory that nobody else needs at the moment. These
// come in addition: bounds on what is busy follow from the cache's own memory, so that what is
// borrowed can be given back at any time.
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
    std::byte* data = nullptr;  // null: bare
    std::uint32_t version = 0;  // see fs/page_view.hpp

    ByteRange valid{};     // what `data` has of the file's contents
    ByteRange dirty{};     // within `valid`: the server does not have it
    ByteRange unstable{};  // within `valid`: the server was sent it, but may lose it until a COMMIT

    bool reading = false;     // a READ will fill what is not valid
    bool writing = false;     // a WRITE of `unstable` is under way
    bool committing = false;  // a COMMIT is under way that covers `unstable`
    bool discard = false;     // changed at the server: not to be used when its READ is answered

    CachePage* hash_next = nullptr;
    base::ListLink<CachePage> use_link{};    // free, bare, or idle in order of use
    base::ListLink<CachePage> node_link{};   // all pages of the node
    base::ListLink<CachePage> dirty_link{};  // the node's pages with `dirty`, oldest first

    bool idle() const { return !reading && dirty.empty() && unstable.empty(); }
    /// Ends the views of it: before its bytes change, or are no longer right.
    void end_views() { __atomic_store_n(&version, version + 1, __ATOMIC_RELEASE); }
};

using NodePages = base::IntrusiveList<CachePage, &CachePage::node_link>;
using DirtyPages = base::IntrusiveList<CachePage, &CachePage::dirty_link>;

/// Where the cache's memory comes from.
class CacheMemory {
  public:
    /// Nothing of this part is used any more.
    virtual void give_up(std::size_t part) = 0;
    /// False when there is none.
    virtual bool get_back(std::size_t part) = 0;
    /// A page with anything in it; null when there is none to borrow.
    virtual std::byte* borrow() = 0;
    virtual void return_borrowed(std::byte* page) = 0;

  protected:
    ~CacheMemory() = default;
};

class PageCache {
  public:
    static constexpr std::size_t part_pages = 512;
    /// What is dirty and what is being read takes no more than half of each.
    static constexpr std::size_t least_parts = 2;

    /// Both are used for good; one record for each page of `memory`, and one more for each page
    /// that may be borrowed. Without a source all of it stays, and nothing is borrowed.
    void use(std::span<CachePage> records, std::span<std::byte> memory,
             CacheMemory* source = nullptr);

    /// Gives up a part. False when too few pages are free or idle, or least_parts are left.
    bool give_way();

    /// Gives borrowed pages back, at most so many; how many these were. What was used least goes
    /// first; what is busy moves to memory of the cache's own, as far as that has room.
    std::size_t return_borrowed(std::size_t most);

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

    /// That there are at the moment: of the cache's own, and borrowed.
    std::size_t pages() const { return pages_; }
    std::size_t borrowed() const { return borrowed_; }

  private:
    static constexpr std::size_t part_size = part_pages * cache_page_size;

    static constexpr std::size_t buckets = 16384;
    using UseList = base::IntrusiveList<CachePage, &CachePage::use_link>;

    CachePage*& bucket_of(const Node& node, std::uint64_t number);
    void unlink(CachePage& page);
    void free_page(CachePage& page);
    CachePage& take_free();
    bool get_part_back();
    bool borrow();
    bool is_borrowed(const CachePage& page) const;
    void return_memory(CachePage& page);
    CachePage* some_unused();
    bool in_part(const CachePage& page, std::size_t part) const;

    std::array<CachePage*, buckets> table_{};
    UseList free_{};
    UseList idle_{};
    UseList bare_{};  // records without memory
    std::size_t free_count_ = 0;
    std::size_t pages_ = 0;
    std::size_t borrowed_ = 0;
    std::span<CachePage> records_{};
    std::span<std::byte> memory_{};
    CacheMemory* source_ = nullptr;
};

}  // namespace sos::fs::nfs
