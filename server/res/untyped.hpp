// SPDX-License-Identifier: BSD-2-Clause
// The untyped pool: who may make which kernel object out of which memory.
//
// Memory is kept in blocks of at most 2 MiB, cut once from the untypeds of the boot. A block is
// free, handed out whole, or cut into equal pieces of 128 KiB to 1 MiB; a piece of 128 KiB may be
// cut again into equal pieces of 4 KiB to 64 KiB, and a 4 KiB piece into equal pieces of 16 bytes
// to 2 KiB. So taking and giving back is constant work, needs no merging, and no retype on the way
// ever clears more than one block, or makes more than 256 objects. What was cut and has all its
// pieces back becomes whole again when memory is short.
//
// Invariant: the bytes of every Untyped alive, and nothing else, are counted in untyped_bytes.
// Bounds: 2048 blocks, 4096 cut pieces of 128 KiB or 4 KiB; beyond, Error::no_memory.
#pragma once

#include <cstdint>
#include <utility>

#include "base/strong.hpp"
#include "error.hpp"
#include "sel4/types.hpp"

namespace sos::res {

inline constexpr unsigned smallest_untyped_bits = 4;
inline constexpr unsigned largest_untyped_bits = 21;

/// Names a handed-out piece of untyped memory in 32 bits (in fact below 2^21).
using UntypedId = base::Strong<struct UntypedIdTag, std::uint32_t>;

/// Who has it: the server for itself (budget.hpp), or a program, in a way.
enum class Account : std::uint8_t { server, program };

/// Owner of untyped memory; what was made from it must be deleted before it goes back.
class [[nodiscard]] Untyped {
  public:
    constexpr Untyped() = default;
    Untyped(Untyped&& other) noexcept
        : id_(std::exchange(other.id_, none)), account_(other.account_) {}
    Untyped& operator=(Untyped&& other) noexcept {
        if (this != &other) {
            reset();
            id_ = std::exchange(other.id_, none);
            account_ = other.account_;
        }
        return *this;
    }
    ~Untyped() { reset(); }

    bool valid() const { return id_ != none; }
    sel4::CPtr cptr() const;
    unsigned size_bits() const;

    /// Gives the memory back.
    void reset();

    /// Gives up ownership, for tables that keep bare numbers; adopt() is the way back.
    [[nodiscard]] UntypedId release() { return std::exchange(id_, none); }
    static Untyped adopt(UntypedId id, Account account) { return Untyped(id, account); }

  private:
    static constexpr UntypedId none{~std::uint32_t{0}};
    Untyped(UntypedId id, Account account) : id_(id), account_(account) {}
    UntypedId id_ = none;
    Account account_ = Account::server;
};

/// 2^size_bits bytes of memory (4..21) without objects in it.
Result<Untyped> take_untyped(unsigned size_bits, Account account = Account::server);

}  // namespace sos::res
