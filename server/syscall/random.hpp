// SPDX-License-Identifier: BSD-2-Clause
// Random bytes: the ChaCha20 key stream (RFC 8439) under a key from the machine's seed. Each
// request has a nonce of its own, counted up atomically, so no lock is needed and no output comes
// twice.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace sos::syscall {

using ChaChaKey = std::array<std::uint32_t, 8>;

/// One block of the key stream (RFC 8439, 2.3).
std::array<std::byte, 64> chacha20_block(const ChaChaKey& key, std::uint32_t counter,
                                         const std::array<std::uint32_t, 3>& nonce);

/// Mixes all of `seed` into the key: any length, also none. Before the first fill_random.
void seed_random(std::span<const std::byte> seed);

void fill_random(std::span<std::byte> into);

}  // namespace sos::syscall
