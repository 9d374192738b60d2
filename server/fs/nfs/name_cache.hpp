// SPDX-License-Identifier: BSD-2-Clause
// NameCache: what LOOKUPs have told within the last second, for opens of programs to be run, so
// that starting a program again and again does not ask the server each time. All other opens ask.
//
// What SOS itself changes counts at once: whoever gets the answer to such a change calls one of the
// forget functions, which also keep out what an older question may still tell. Changes by other
// clients are seen when an entry's life is over (as with Linux's acregmin, which is 3 s).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "fs/nfs/protocol.hpp"

namespace sos::fs::nfs {

class NameCache {
  public:
    static constexpr std::uint64_t life_us = 1'000'000;
    static constexpr std::size_t capacity = 64;
    /// Longer names are not kept.
    static constexpr std::size_t longest_name = 63;

    struct Entry {
        std::uint64_t asked_us = 0;  // when the server was asked; an entry is used if in_use
        bool in_use = false;
        std::uint8_t name_size = 0;
        char name[longest_name]{};
        ServerHandle directory{};
        ServerHandle object{};
        fattr3 attributes{};
    };

    /// Null when nothing is known that was asked for less than life_us ago.
    const Entry* find(const ServerHandle& directory, std::string_view name,
                      std::uint64_t now_us) const;

    /// An answer to a LOOKUP that was sent as RPC number `serial` at `asked_us`.
    void keep(const ServerHandle& directory, std::string_view name, const ServerHandle& object,
              const fattr3& attributes, std::uint64_t serial, std::uint64_t asked_us);

    /// Names have been changed, or an RPC that may have changed some was answered when nobody
    /// listened; the RPCs sent up to number `serial` may tell how it was before.
    void forget_all(std::uint64_t serial);
    /// The same for the attributes of one object.
    void forget(const ServerHandle& object, std::uint64_t serial);

  private:
    static std::size_t place_of(const ServerHandle& directory, std::string_view name);

    std::array<Entry, capacity> entries_{};
    std::uint64_t changed_serial_ = 0;
};

}  // namespace sos::fs::nfs
