// SPDX-License-Identifier: BSD-2-Clause
#include "syscall/random.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstring>

namespace sos::syscall {

namespace {

constexpr unsigned double_rounds = 10;
constexpr std::size_t block_bytes = 64;

using State = std::array<std::uint32_t, 16>;

/// With constant indices, which become registers.
[[gnu::always_inline]] inline void quarter_round(State& s, unsigned a, unsigned b, unsigned c,
                                                 unsigned d) {
    s[a] += s[b];
    s[d] = std::rotl(s[d] ^ s[a], 16);
    s[c] += s[d];
    s[b] = std::rotl(s[b] ^ s[c], 12);
    s[a] += s[b];
    s[d] = std::rotl(s[d] ^ s[a], 8);
    s[c] += s[d];
    s[b] = std::rotl(s[b] ^ s[c], 7);
}

constinit ChaChaKey key{};
constinit std::atomic<std::uint64_t> requests{0};

}  // namespace

std::array<std::byte, 64> chacha20_block(const ChaChaKey& block_key, std::uint32_t counter,
                                         const std::array<std::uint32_t, 3>& nonce) {
    State start{0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};  // "expand 32-byte k"
    std::copy(block_key.begin(), block_key.end(), start.begin() + 4);
    start[12] = counter;
    std::copy(nonce.begin(), nonce.end(), start.begin() + 13);
    State s = start;
    for (unsigned i = 0; i < double_rounds; ++i) {
        quarter_round(s, 0, 4, 8, 12);
        quarter_round(s, 1, 5, 9, 13);
        quarter_round(s, 2, 6, 10, 14);
        quarter_round(s, 3, 7, 11, 15);
        quarter_round(s, 0, 5, 10, 15);
        quarter_round(s, 1, 6, 11, 12);
        quarter_round(s, 2, 7, 8, 13);
        quarter_round(s, 3, 4, 9, 14);
    }
    for (unsigned i = 0; i < s.size(); ++i) s[i] += start[i];
    return std::bit_cast<std::array<std::byte, block_bytes>>(s);
}

void seed_random(std::span<const std::byte> seed) {
    // As a sponge: each piece is added to the key, which is then replaced by its own key stream.
    while (!seed.empty()) {
        const std::size_t piece = std::min(seed.size(), sizeof key);
        ChaChaKey words{};
        std::memcpy(words.data(), seed.data(), piece);
        for (std::size_t i = 0; i < key.size(); ++i) key[i] ^= words[i];
        const auto block = chacha20_block(key, 0, {~0u, 0, 0});
        std::memcpy(key.data(), block.data(), sizeof key);
        seed = seed.subspan(piece);
    }
}

void fill_random(std::span<std::byte> into) {
    const std::uint64_t request = requests.fetch_add(1, std::memory_order_relaxed);
    const std::array<std::uint32_t, 3> nonce{0, static_cast<std::uint32_t>(request),
                                             static_cast<std::uint32_t>(request >> 32)};
    for (std::uint32_t counter = 0; !into.empty(); ++counter) {
        const auto block = chacha20_block(key, counter, nonce);
        const std::size_t piece = std::min(into.size(), block.size());
        std::memcpy(into.data(), block.data(), piece);
        into = into.subspan(piece);
    }
}

}  // namespace sos::syscall
