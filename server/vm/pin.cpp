// SPDX-License-Identifier: BSD-2-Clause
// Pages that the server itself reads and writes: had as if the program had touched them, and held.
#include "vm/address_space.hpp"

#include "sync/lock.hpp"

namespace sos::vm {

namespace {

constexpr VAddr page_of(VAddr at) {
    return VAddr{base::align_down(at.raw(), page_size)};
}

}  // namespace

Result<PinnedFrame> AddressSpace::pin(VAddr at, Access access) {
    const Region* region = regions_.find(at);
    if (region == nullptr || !region->rights.allow(access)) {
        return std::unexpected(Error::bad_address);
    }
    return PinnedFrame(TRY(have(
        {.page = page_of(at), .region = *region, .access = access, .purpose = Purpose::access})));
}

Result<std::uint64_t> AddressSpace::pin_for_transfer(VAddr at, Access access, std::size_t index) {
    const Region* region = regions_.find(at);
    if (region == nullptr || !region->rights.allow(access)) {
        return std::unexpected(Error::bad_address);
    }
    if (index >= max_transfer_pages()) return std::unexpected(Error::would_block);
    TRY(take_transfer_pin(index == 0));
    const Result<FrameRef> frame = have({.page = page_of(at),
                                         .region = *region,
                                         .access = access,
                                         .purpose = Purpose::access,
                                         .may_wait = index == 0});
    if (frame) return transfer_pin_token(*frame);
    LockGuard guard(ft_lock);
    give_transfer_pin();
    return std::unexpected(frame.error());
}

Result<std::uint64_t> AddressSpace::pin_for_window(VAddr at, Access access) {
    const Region* region = regions_.find(at);
    if (region == nullptr || !region->rights.allow(access)) {
        return std::unexpected(Error::bad_address);
    }
    {
        LockGuard guard(ft_lock);
        if (!vm::take_window_pin()) return std::unexpected(Error::would_block);
    }
    const Result<FrameRef> frame = have({.page = page_of(at),
                                         .region = *region,
                                         .access = access,
                                         .purpose = Purpose::access,
                                         .may_wait = false});
    if (frame) return window_pin_token(*frame);
    LockGuard guard(ft_lock);
    give_window_pin();
    return std::unexpected(frame.error());
}

std::optional<Region> AddressSpace::region_around(VAddr at, Access access) const {
    const Region* region = regions_.find(at);
    if (region == nullptr || !region->rights.allow(access)) return {};
    return *region;
}

/// One of the pins that all transfers together may have.
Result<void> AddressSpace::take_transfer_pin(bool may_wait) {
    Waiter waiter{.thread = thread_};
    for (;;) {
        {
            LockGuard guard(ft_lock);
            if (vm::take_transfer_pin()) return {};
            if (!may_wait || thread_ == nullptr) return std::unexpected(Error::would_block);
            add_waiter(waiter);
        }
        if (!sleep(waiter)) return std::unexpected(Error::cancelled);
        if (waiter.failure) {
            LockGuard guard(ft_lock);
            fail_for_room(*std::exchange(waiter.failure, std::nullopt));  // meant for others
        }
    }
}

Result<PinnedFrame> AddressSpace::pin_for_loading(VAddr at) {
    const Region* region = regions_.find(at);
    if (region == nullptr) return std::unexpected(Error::bad_address);
    return PinnedFrame(TRY(have({.page = page_of(at),
                                 .region = *region,
                                 .access = Access::write,
                                 .purpose = Purpose::load})));
}

}  // namespace sos::vm
