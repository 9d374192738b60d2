// SPDX-License-Identifier: BSD-2-Clause
// The rights word of Copy, Mint and Page_Map.
#pragma once

#include <cstdint>

namespace abi {

struct CapRights {
    std::uint64_t word = 0;

    constexpr bool write() const { return (word & 1) != 0; }
    constexpr bool read() const { return (word & 2) != 0; }
    constexpr bool grant() const { return (word & 4) != 0; }
    constexpr bool grant_reply() const { return (word & 8) != 0; }
    friend constexpr bool operator==(CapRights, CapRights) = default;
};

namespace rights {
inline constexpr CapRights none{0};
inline constexpr CapRights write{1};
inline constexpr CapRights read{2};
inline constexpr CapRights read_write{3};
inline constexpr CapRights grant{4};
inline constexpr CapRights grant_reply{8};
inline constexpr CapRights write_grant_reply{9};
inline constexpr CapRights all{0xf};
}  // namespace rights

}  // namespace abi
