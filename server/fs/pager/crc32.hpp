// SPDX-License-Identifier: BSD-2-Clause
// CRC-32 (IEEE 802.3, reflected), eight bytes a step with eight tables.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace sos::fs {

namespace detail {

using CrcTables = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr CrcTables make_crc_tables() {
    constexpr std::uint32_t polynomial = 0xedb8'8320;
    CrcTables tables{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t value = byte;
        for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ (value & 1 ? polynomial : 0);
        tables[0][byte] = value;
    }
    for (std::size_t i = 1; i < tables.size(); ++i) {
        for (std::size_t byte = 0; byte < 256; ++byte) {
            const std::uint32_t before = tables[i - 1][byte];
            tables[i][byte] = before >> 8 ^ tables[0][before & 0xff];
        }
    }
    return tables;
}

inline constexpr CrcTables crc_tables = make_crc_tables();

}  // namespace detail

inline std::uint32_t crc32(std::span<const std::byte> bytes) {
    const auto& tables = detail::crc_tables;
    std::uint32_t crc = ~0u;
    while (bytes.size() >= 8) {
        std::uint64_t word;
        std::memcpy(&word, bytes.data(), sizeof word);
        word ^= crc;
        crc = 0;
        for (std::size_t i = 0; i < 8; ++i) crc ^= tables[7 - i][word >> (8 * i) & 0xff];
        bytes = bytes.subspan(8);
    }
    for (const std::byte byte : bytes) {
        crc = crc >> 8 ^ tables[0][(crc ^ std::to_integer<std::uint32_t>(byte)) & 0xff];
    }
    return ~crc;
}

}  // namespace sos::fs
