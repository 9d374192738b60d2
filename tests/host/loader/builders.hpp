// SPDX-License-Identifier: BSD-2-Clause
// Builders of well-formed inputs (ELF files, archives, device trees), which tests then spoil.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace loader_test {

using Bytes = std::vector<std::byte>;

template <typename T>
void append(Bytes& bytes, T value) {
    const auto* raw = reinterpret_cast<const std::byte*>(&value);
    bytes.insert(bytes.end(), raw, raw + sizeof(T));
}

inline void append_text(Bytes& bytes, std::string_view text) {
    const auto* raw = reinterpret_cast<const std::byte*>(text.data());
    bytes.insert(bytes.end(), raw, raw + text.size());
}

template <typename T>
void overwrite(Bytes& bytes, std::size_t offset, T value) {
    std::memcpy(bytes.data() + offset, &value, sizeof(T));
}

inline void pad(Bytes& bytes, std::size_t alignment) {
    while (bytes.size() % alignment != 0) bytes.push_back(std::byte{0});
}

struct TestSegment {
    std::uint64_t vaddr;
    std::uint64_t paddr;
    std::uint64_t memory_size;
    Bytes content{};
    std::uint32_t type = 1;
    std::uint32_t flags = 7;
};

inline constexpr std::size_t program_headers_at = 64;
inline constexpr std::size_t program_header_size = 56;

inline Bytes make_elf(std::uint64_t entry, const std::vector<TestSegment>& segments) {
    Bytes elf;
    append_text(elf, std::string_view("\177ELF\2\1\1\0\0\0\0\0\0\0\0\0", 16));
    append<std::uint16_t>(elf, 2);
    append<std::uint16_t>(elf, 183);
    append<std::uint32_t>(elf, 1);
    append<std::uint64_t>(elf, entry);
    append<std::uint64_t>(elf, program_headers_at);
    append<std::uint64_t>(elf, 0);
    append<std::uint32_t>(elf, 0);
    append<std::uint16_t>(elf, 64);
    append<std::uint16_t>(elf, program_header_size);
    append<std::uint16_t>(elf, static_cast<std::uint16_t>(segments.size()));
    for (int i = 0; i < 3; ++i) append<std::uint16_t>(elf, 0);
    std::uint64_t offset = program_headers_at + program_header_size * segments.size();
    for (const TestSegment& segment : segments) {
        append<std::uint32_t>(elf, segment.type);
        append<std::uint32_t>(elf, segment.flags);
        append<std::uint64_t>(elf, offset);
        append<std::uint64_t>(elf, segment.vaddr);
        append<std::uint64_t>(elf, segment.paddr);
        append<std::uint64_t>(elf, segment.content.size());
        append<std::uint64_t>(elf, segment.memory_size);
        append<std::uint64_t>(elf, 4096);
        offset += segment.content.size();
    }
    for (const TestSegment& segment : segments)
        elf.insert(elf.end(), segment.content.begin(), segment.content.end());
    return elf;
}

inline Bytes make_cpio_entry(std::string_view name, const Bytes& content) {
    const std::uint32_t fields[13] = {0,
                                      0x81a4,
                                      0,
                                      0,
                                      1,
                                      0,
                                      static_cast<std::uint32_t>(content.size()),
                                      0,
                                      0,
                                      0,
                                      0,
                                      static_cast<std::uint32_t>(name.size() + 1),
                                      0};
    Bytes entry;
    append_text(entry, "070701");
    for (const std::uint32_t field : fields) {
        char text[9];
        std::snprintf(text, sizeof(text), "%08X", field);
        append_text(entry, text);
    }
    append_text(entry, name);
    entry.push_back(std::byte{0});
    pad(entry, 4);
    entry.insert(entry.end(), content.begin(), content.end());
    pad(entry, 4);
    return entry;
}

inline Bytes make_archive(const std::vector<std::pair<std::string, Bytes>>& files) {
    Bytes archive;
    for (const auto& [name, content] : files) {
        const Bytes entry = make_cpio_entry(name, content);
        archive.insert(archive.end(), entry.begin(), entry.end());
    }
    const Bytes trailer = make_cpio_entry("TRAILER!!!", {});
    archive.insert(archive.end(), trailer.begin(), trailer.end());
    return archive;
}

inline void append_big_endian(Bytes& bytes, std::uint64_t value, unsigned size) {
    for (unsigned i = size; i > 0; --i)
        bytes.push_back(static_cast<std::byte>(value >> (8 * (i - 1))));
}

/// Flattened device trees, token by token.
class TreeBuilder {
  public:
    TreeBuilder& begin(std::string_view name) {
        append_big_endian(structure_, 1, 4);
        append_text(structure_, name);
        structure_.push_back(std::byte{0});
        pad(structure_, 4);
        return *this;
    }
    TreeBuilder& end() {
        append_big_endian(structure_, 2, 4);
        return *this;
    }
    TreeBuilder& property(std::string_view name, const Bytes& value) {
        append_big_endian(structure_, 3, 4);
        append_big_endian(structure_, value.size(), 4);
        append_big_endian(structure_, strings_.size(), 4);
        append_text(strings_, name);
        strings_.push_back(std::byte{0});
        structure_.insert(structure_.end(), value.begin(), value.end());
        pad(structure_, 4);
        return *this;
    }
    TreeBuilder& cells(std::string_view name, const std::vector<std::uint64_t>& values,
                       unsigned size) {
        Bytes value;
        for (const std::uint64_t v : values) append_big_endian(value, v, size);
        return property(name, value);
    }
    TreeBuilder& text(std::string_view name, std::string_view value) {
        Bytes bytes;
        append_text(bytes, value);
        bytes.push_back(std::byte{0});
        return property(name, bytes);
    }
    TreeBuilder& raw_token(std::uint32_t token) {
        append_big_endian(structure_, token, 4);
        return *this;
    }
    TreeBuilder& reserve(std::uint64_t start, std::uint64_t size) {
        append_big_endian(reservations_, start, 8);
        append_big_endian(reservations_, size, 8);
        return *this;
    }
    /// `slack` bytes behind the blocks belong to the tree, too.
    Bytes finish(std::size_t slack = 0) const {
        Bytes structure = structure_;
        append_big_endian(structure, 9, 4);
        const std::size_t reservations_at = 40;
        const std::size_t structure_at = reservations_at + reservations_.size() + 16;
        const std::size_t strings_at = structure_at + structure.size();
        Bytes tree;
        for (const std::size_t field :
             {std::size_t{0xd00dfeed}, strings_at + strings_.size() + slack, structure_at,
              strings_at, reservations_at, std::size_t{17}, std::size_t{16}, std::size_t{0},
              strings_.size(), structure.size()})
            append_big_endian(tree, field, 4);
        tree.insert(tree.end(), reservations_.begin(), reservations_.end());
        tree.insert(tree.end(), 16, std::byte{0});
        tree.insert(tree.end(), structure.begin(), structure.end());
        tree.insert(tree.end(), strings_.begin(), strings_.end());
        tree.insert(tree.end(), slack, std::byte{0});
        return tree;
    }

  private:
    Bytes structure_;
    Bytes strings_;
    Bytes reservations_;
};

/// A tree with memory at `start`, `size` bytes.
inline Bytes make_tree(std::uint64_t start = 0x4000'0000, std::uint64_t size = 0x4000'0000,
                       std::size_t slack = 0) {
    return TreeBuilder()
        .begin("")
        .cells("#address-cells", {2}, 4)
        .cells("#size-cells", {2}, 4)
        .begin("memory@40000000")
        .cells("reg", {start, size}, 8)
        .text("device_type", "memory")
        .end()
        .end()
        .finish(slack);
}

inline constexpr std::uint64_t kernel_virtual = 0xffff'ffff'c000'0000;
inline constexpr std::uint64_t kernel_physical = 0x4000'0000;

inline Bytes make_kernel() {
    return make_elf(kernel_virtual,
                    {{kernel_virtual, kernel_physical, 0x3000, Bytes(0x1800, std::byte{1})},
                     {kernel_virtual + 0x20'0000, kernel_physical + 0x20'0000, 0x5001,
                      Bytes(0x10, std::byte{2})}});
}

inline Bytes make_root_task() {
    return make_elf(0x40'0100, {{0x40'0000, 0x40'0000, 0x2345, Bytes(0x200, std::byte{3})},
                                {0x40'4000, 0x40'4000, 0x1001, {}, 1, 6}});
}

}  // namespace loader_test
