// SPDX-License-Identifier: BSD-2-Clause
// Device memory: cuts the untypeds of devices down to the pages that drivers ask for. Nothing is
// ever joined again: drivers stay.
#include <array>

#include "abi/boot_info.hpp"
#include "abi/object_type.hpp"
#include "res/cspace.hpp"
#include "res/detail.hpp"
#include "sel4/cnode.hpp"

namespace sos::res::detail {

namespace {

constexpr unsigned page_bits = 12;

struct Piece {
    std::uint64_t paddr = 0;
    std::uint32_t cptr = 0;
    std::uint8_t size_bits = 0;
    bool frame = false;  // the page's first capability, not an untyped any more

    bool contains(base::PAddr at) const {
        return at.raw() >= paddr && at.raw() - paddr < base::bit(size_bits);
    }
};

// The boot gives less than a hundred; each page used needs at most one for each bit of the address.
constexpr std::size_t max_pieces = 512;
constinit std::array<Piece, max_pieces> pieces{};  // GUARDED_BY(cu_lock)
constinit std::size_t piece_count = 0;             // GUARDED_BY(cu_lock)

Piece* find(base::PAddr at) {
    for (std::size_t i = 0; i < piece_count; ++i) {
        if (pieces[i].contains(at)) return &pieces[i];
    }
    return nullptr;
}

/// Halves `piece`, and leaves in it the half with `at`.
Result<void> halve(Piece& piece, base::PAddr at) {
    if (piece_count == max_pieces) return std::unexpected(Error::limit_reached);
    const std::uint32_t slots = TRY(take_slots(2));
    const unsigned bits = piece.size_bits - 1u;
    const auto made = retype(sel4::CPtr{piece.cptr}, abi::ObjectType::untyped, bits, slots, 2);
    if (!made) {
        give_slots(slots, 2);
        return made;
    }
    const Piece low{piece.paddr, slots, static_cast<std::uint8_t>(bits), false};
    const Piece high{piece.paddr + base::bit(bits), slots + 1, low.size_bits, false};
    piece = low.contains(at) ? low : high;
    pieces[piece_count++] = low.contains(at) ? high : low;
    return {};
}

}  // namespace

void init_device_memory(const abi::BootInfo& boot_info) {
    for (std::uint64_t i = 0; i < boot_info.untyped.size() && piece_count < max_pieces; ++i) {
        const abi::UntypedDesc& desc = boot_info.untyped_list[i];
        if (desc.is_device == 0 || desc.size_bits < page_bits) continue;
        pieces[piece_count++] = {desc.paddr,
                                 static_cast<std::uint32_t>(boot_info.untyped.start + i),
                                 desc.size_bits, false};
    }
}

Result<sel4::CPtr> take_device_page(base::PAddr page) {
    Piece* piece = find(page);
    if (piece == nullptr) return std::unexpected(Error::bad_address);
    while (piece->size_bits > page_bits) TRY(halve(*piece, page));
    if (!piece->frame) {
        const std::uint32_t slot = TRY(take_slots(1));
        const auto made = retype(sel4::CPtr{piece->cptr}, abi::ObjectType::small_page, 0, slot, 1);
        if (!made) {
            give_slots(slot, 1);
            return std::unexpected(made.error());
        }
        piece->cptr = slot;
        piece->frame = true;
    }
    // The first capability stays unmapped: copies of it can be mapped any number of times.
    const std::uint32_t copy = TRY(take_slots(1));
    const auto copied =
        sel4::cnode_copy(path(sel4::CPtr{copy}), path(sel4::CPtr{piece->cptr}), abi::rights::all);
    if (!copied) {
        give_slots(copy, 1);
        return std::unexpected(from_kernel(copied.error()));
    }
    return sel4::CPtr{copy};
}

}  // namespace sos::res::detail
