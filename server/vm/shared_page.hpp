// SPDX-License-Identifier: BSD-2-Clause
// Shared pages (sos_share_vm): a page that several processes see at the same address.
//
// The address is the name: whoever shares a page at an address shares it with all others who do. A
// shared page has an entry of its own here, with the states that a leaf of a page table has, so
// that clock and pager treat it like any other page; its frame leads to it by a BackIndex that is
// marked `shared`, and it is counted in an account of its own. Each process that takes part (a
// member) has in its page table only the number of its share, which knows its copy of the frame's
// capability while the page is mapped there.
//
// A member may write when all others have given the page as writable. When that changes, or the
// page goes, it is unmapped everywhere; who touches it again finds out. The page goes with its last
// member.
//
// Bounds: max_shared_pages pages and max_shares shares in all processes together, then
// Error::no_memory; 664 KiB of the server's memory. All functions require ft_lock unless they say
// otherwise.
#pragma once

#include <cstdint>
#include <utility>

#include "error.hpp"
#include "vm/page_table.hpp"

namespace sos::vm {

inline constexpr std::uint32_t max_shared_pages = 8192;  // 32 MiB
inline constexpr std::uint32_t max_shares = 16384;

/// Number of a shared page, and of one process's share in one; 0 is none.
using SharedPageId = base::Strong<struct SharedPageTag, std::uint32_t>;
using ShareId = base::Strong<struct ShareTag, std::uint32_t>;

/// Once, before there are processes; needs no lock.
Result<void> init_sharing();

/// The account that shared pages are counted in.
SpaceId shared_pages_space();
std::uint32_t shared_pages_in_use();

/// Room for some pages and as many shares, set aside so that sharing cannot fail half-way. Takes
/// ft_lock itself.
class [[nodiscard]] SharingRoom {
  public:
    static Result<SharingRoom> take(std::uint32_t pages);
    SharingRoom(SharingRoom&& other) noexcept
        : pages_(std::exchange(other.pages_, 0)), shares_(std::exchange(other.shares_, 0)) {}
    SharingRoom& operator=(SharingRoom&&) = delete;
    ~SharingRoom();

    // What follows uses it up; under ft_lock.

    /// Makes a shared page, of which nobody has a share yet, from what is behind a page of one
    /// process: `entry` becomes the shared page's, and its frame, which must not be mapped. It is
    /// not in an ELF file (any more).
    SharedPageId make_page(VAddr at, Entry entry, SpaceId from);
    /// A new share.
    ShareId join(SharedPageId page, bool writable);

  private:
    explicit SharingRoom(std::uint32_t count) : pages_(count), shares_(count) {}
    std::uint32_t pages_;
    std::uint32_t shares_;
};

/// The page shared at this address; SharedPageId{} when there is none.
SharedPageId find_shared_page(VAddr at);
/// Where its entry is.
PageTable::Place shared_place(SharedPageId page);

/// Gives a share back, and the page with the last one.
void leave(ShareId share);

SharedPageId page_of_share(ShareId share);
/// What the process lets others do.
void set_writable(ShareId share, bool writable);
/// Do all others let this one write?
bool may_write(ShareId share);

/// The capability that the process maps the page with; null_cap when it is not mapped.
sel4::CPtr share_cap(ShareId share);
/// Makes it, for this frame, if there is none.
Result<sel4::CPtr> make_share_cap(ShareId share, FrameRef frame);
void unmap_share(ShareId share);
/// Takes the page with this back index out of all address spaces.
void unmap_members(BackIndex back);

/// The share that a leaf entry names.
inline ShareId share_of(Entry leaf) {
    ASSERT(leaf.shared());
    return ShareId{static_cast<std::uint32_t>(leaf.cap())};
}

/// The entry that owns a frame.
Entry& entry_at(BackIndex back);

}  // namespace sos::vm
