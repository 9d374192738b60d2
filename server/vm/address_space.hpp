// SPDX-License-Identifier: BSD-2-Clause
// AddressSpace: the memory of one process (seed 5.5). Regions say what is allowed where, the page
// table says what is there.
//
//   0x0000'7fff'ffff'e000  IPC buffer, one page
//                          guard (56 KiB)
//   0x0000'7fff'ffff'0000  top of the stack; 64 MiB, all of it grows on touch
//                          guard (1 MiB)
//                          mmap regions, from the top down
//                          ...
//                          heap, from the top of the ELF image up, end set by brk
//   the ELF image's place  ELF segments
//
// Only the process's handler thread calls this (use() anybody); what the pager shares (page table,
// frame entries) is touched under ft_lock, which each function takes itself. User addresses and
// lengths of any value are safe to pass.
//
// A page that is touched may have to be read, or wait for room: handle_fault and the pin functions
// return when it is there (or `cancelled` when the process is being killed). They hold nothing
// meanwhile, and the caller must not hold a pin, or else everybody might wait for everybody.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/strong.hpp"
#include "error.hpp"
#include "vm/executable.hpp"
#include "vm/page_table.hpp"
#include "vm/region.hpp"
#include "vm/turns.hpp"
#include "vm/waiters.hpp"

namespace sos::vm {

class SharingRoom;

inline constexpr VAddr ipc_buffer_address{0x7fff'ffff'e000};
inline constexpr VAddr stack_top{0x7fff'ffff'0000};
inline constexpr std::uint64_t stack_size = 64ull << 20;
inline constexpr VAddr stack_bottom = stack_top - stack_size;
inline constexpr VAddr mmap_top = stack_bottom - (1ull << 20);
inline constexpr VAddr lowest_address{0x1'0000};  // so that small offsets from null always fault

/// A program's page that stays where it is, for reading or writing through the server's mapping.
class [[nodiscard]] PinnedFrame {
  public:
    constexpr PinnedFrame() = default;
    PinnedFrame(PinnedFrame&& other) noexcept : frame_(std::exchange(other.frame_, no_frame)) {}
    PinnedFrame& operator=(PinnedFrame&& other) noexcept {
        if (this != &other) {
            reset();
            frame_ = std::exchange(other.frame_, no_frame);
        }
        return *this;
    }
    ~PinnedFrame() { reset(); }

    bool valid() const { return frame_ != no_frame; }
    FrameRef frame() const { return frame_; }
    /// The first byte of the page.
    std::byte* data() const { return frame_data(frame_); }
    /// Hands the pin over: whoever gets the token calls vm::release_pin(token) once.
    [[nodiscard]] std::uint64_t release_token() { return std::exchange(frame_, no_frame).raw(); }
    /// Unpins (takes ft_lock).
    void reset();

  private:
    friend class AddressSpace;
    explicit PinnedFrame(FrameRef frame) : frame_(frame) {}
    FrameRef frame_ = no_frame;
};

struct MemoryUse {
    std::uint32_t resident_pages = 0;
    std::uint32_t paged_out_pages = 0;
    std::uint32_t page_table_pages = 0;
};

enum class Placement {
    anywhere,          // the address is a hint
    fixed,             // exactly there; what is mapped there goes
    fixed_no_replace,  // exactly there, or Error::exists
};

class AddressSpace {
  public:
    /// `thread`: who waits when a page has to be waited for. Null: what would have to wait fails.
    explicit AddressSpace(PagingThread* thread = nullptr) : thread_(thread) {}
    AddressSpace(const AddressSpace&) = delete;
    AddressSpace& operator=(const AddressSpace&) = delete;
    ~AddressSpace() { destroy(); }

    /// Makes the stack and IPC buffer regions with the IPC buffer's page mapped; and first, if
    /// there is none left of an earlier program, what every program needs: the VSpace, the IPC
    /// buffer's page, and the tables for it, the stack, and an image at the usual place.
    Result<void> init();

    /// Takes the program out and leaves what init() can use again, as init() made it. Requires what
    /// destroy() requires.
    void clear();

    /// Frees everything, at any point of a half-built space and again; the process's thread must
    /// not run any more and its TCB be gone. Frames still pinned by I/O follow when that is over.
    void destroy();

    /// What the process's TCB is configured with.
    sel4::CPtr vspace() const { return page_table_.vspace(); }
    sel4::CPtr ipc_buffer_frame() const { return res::user_frame_cap(ipc_buffer_); }

    // For the loader.

    /// The ELF region [start, end) with these rights; page-aligned, below mmap_top, not
    /// overlapping.
    Result<void> add_elf_region(VAddr start, VAddr end, Rights rights);
    /// After the last ELF region: the heap starts (empty) at the highest one's end.
    Result<void> start_heap();
    /// Where the pages of ELF regions come from when they are touched.
    void set_executable(const Executable& executable) { executable_ = executable; }

    /// Makes the page that `at` is in usable for this access, as the process's region allows it.
    /// bad_address: no such region, or not with this access. Whatever the error, the process is to
    /// be killed.
    Result<void> handle_fault(VAddr at, Access access);

    /// The page that `at` is in, touched if it was not, and pinned, for a moment in which the
    /// caller waits for nothing. For Access::write the page counts as written from here on.
    /// bad_address as in handle_fault.
    Result<PinnedFrame> pin(VAddr at, Access access);
    /// As pin, for a transfer of which this is page number `index`; such pins are bounded, in all
    /// and for one transfer. would_block: the pages pinned before have to do.
    Result<std::uint64_t> pin_for_transfer(VAddr at, Access access, std::size_t index);
    /// As pin, for as long as the caller likes. Never waits: would_block when the page is not there
    /// at once, or too many are pinned so. To be given back with vm::release_pin.
    Result<std::uint64_t> pin_for_window(VAddr at, Access access);
    /// The region around `at`, if it allows this access.
    std::optional<Region> region_around(VAddr at, Access access) const;
    /// As pin for writing, but whatever the region's rights are: for the loader only.
    Result<PinnedFrame> pin_for_loading(VAddr at);

    /// Why the process cannot go on, once a page could not be had: it is to be killed.
    std::optional<Error> doom() const { return doom_; }
    /// The process has made a system call (it has run).
    void note_system_call() { vm::note_system_call(id_); }

    // System calls.

    /// The new end of the heap; 0, or what cannot be, gives the present one and changes nothing.
    VAddr brk(VAddr end);
    Result<VAddr> map(VAddr hint, std::uint64_t length, Rights rights, Placement placement);
    Result<void> unmap(VAddr start, std::uint64_t length);
    Result<void> protect(VAddr start, std::uint64_t length, Rights rights);
    /// Shares the pages of [start, start + length) with all others that do (shared_page.hpp): what
    /// is there becomes theirs, or what they have takes its place. `writable`: they may write.
    /// bad_argument: not whole pages; bad_address: not all of it is in regions, or the IPC buffer
    /// is; no_memory: more than can be shared. Then nothing is shared, unless the process is to be
    /// killed.
    Result<void> share(VAddr start, std::uint64_t length, bool writable);

    MemoryUse use() const;

  private:
    /// What a page is wanted for.
    enum class Purpose { run, access, load };
    struct Want {
        VAddr page{};
        const Region& region;
        Access access = Access::read;
        Purpose purpose = Purpose::run;
        bool may_wait = true;
    };
    /// What has become of an attempt to have it.
    enum class Attempt { there, try_again, wait };

    // fault.cpp
    static Entry untouched(const Region& region);
    Result<FrameRef> have(const Want& want);
    Result<Attempt> attempt(const Want& want, Waiter& waiter, Result<FrameRef>& frame);
    Result<Attempt> bring(const PageTable::Place& place, const Want& want, Waiter& waiter);
    Result<Attempt> fill(const PageTable::Place& place, const Want& want, Waiter& waiter);
    Result<Attempt> make_room(Waiter& waiter);
    bool sleep(Waiter& waiter);
    Error condemn(Error reason);
    bool can_wait(const Want& want) const;
    Result<void> take_transfer_pin(bool may_wait);
    bool fill_with_zeros(const PageTable::Place& place, const Region& region);
    bool read_from_page_file(const PageTable::Place& place, VAddr page);
    bool read_from_executable(const PageTable::Place& place, const Want& want,
                              const FileRange& range);
    Result<FrameRef> use(const PageTable::Place& leaf, const PageTable::Place& place,
                         const Want& want);
    void set_entry(const PageTable::Place& place, Entry entry);
    Result<void> build();
    void forget_regions();
    void forget_paging();
    Result<void> map_page(VAddr page, Entry leaf, FrameRef frame);
    Result<void> make_ipc_buffer();

    // share.cpp
    Result<VAddr> end_of_shareable(VAddr start, std::uint64_t length) const;
    Result<void> touch_tables(VAddr start, VAddr end);
    VAddr share_some(VAddr start, VAddr end, bool writable, SharingRoom& room);
    bool share_page(const PageTable::Place& leaf, VAddr page, bool writable, SharingRoom& room);

    Result<VAddr> place_mapping(VAddr hint, std::uint64_t size, Placement placement);
    Result<VAddr> end_of_range(VAddr start, std::uint64_t length) const;
    PageTable::Place next_page(VAddr& at, VAddr end) const;
    void free_page(const PageTable::Place& place);
    void pause() const;
    void free_pages(VAddr start, VAddr end);
    void apply_rights(VAddr start, VAddr end, Rights rights);
    bool beyond_memory(std::uint64_t length) const;

    PagingThread* thread_;
    SpaceId id_ = no_space;
    PageTable page_table_;
    RegionList regions_;
    Executable executable_{};
    VAddr heap_start_{};
    VAddr heap_end_{};  // as set by brk, any alignment
    FrameRef ipc_buffer_ = no_frame;

    // Paging
    std::optional<Error> doom_{};
    bool condemned_ = false;         // see waiters.hpp
    std::uint32_t fruitless_ = 0;    // frames that the clock visited in vain for one page
    VAddr after_last_read_{};        // where reading in sequence would go on
    std::uint32_t pages_ahead_ = 1;  // how many pages one read takes
};

}  // namespace sos::vm
