// SPDX-License-Identifier: BSD-2-Clause
// Fdt: a reader for flattened device trees (version 16 and up) that trusts none of their bytes.
// open() checks the header and that every block lies inside the bytes given; Cursor then walks
// the structure block token by token and stops with an error at the first malformed one.
// Strings and property values are views into the tree.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string_view>

namespace base {

enum class FdtError { truncated, bad_magic, bad_version, bad_block, bad_structure };

/// Big-endian word at the start of `bytes`, which holds at least four.
constexpr std::uint32_t big_endian_32(std::span<const std::byte> bytes) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i)
        value = (value << 8) | std::to_integer<std::uint32_t>(bytes[i]);
    return value;
}

class Fdt {
  public:
    enum class Event { begin_node, end_node, property, end };

    struct Item {
        Event event;
        std::string_view name{};             // of the node or property
        std::span<const std::byte> value{};  // of a property
    };

    class Cursor {
      public:
        explicit Cursor(const Fdt& tree) : tree_(&tree) {}

        /// The next item; after the last one Event::end, again and again.
        std::expected<Item, FdtError> next();

      private:
        std::expected<Item, FdtError> property();

        const Fdt* tree_;
        std::size_t position_ = 0;
        unsigned depth_ = 0;
        bool root_seen_ = false;
    };

    /// The tree that starts at bytes[0]; `bytes` may go on behind it.
    static std::expected<Fdt, FdtError> open(std::span<const std::byte> bytes);

    std::size_t total_size() const { return total_size_; }
    /// Bytes from the start that are in use: firmware often leaves room behind.
    std::size_t used_size() const { return used_size_; }
    Cursor walk() const { return Cursor(*this); }
    /// The memory reservation block (/memreserve/): pairs of 64-bit words, start and size.
    std::span<const std::byte> reservations() const { return reservations_; }

  private:
    static constexpr std::uint32_t magic = 0xd00d'feed;
    static constexpr std::size_t header_size = 40;
    enum Token : std::uint32_t { begin_node = 1, end_node = 2, prop = 3, nop = 4, end = 9 };

    static std::expected<std::string_view, FdtError> text_at(std::span<const std::byte> block,
                                                             std::size_t offset) {
        for (std::size_t i = offset; i < block.size(); ++i)
            if (block[i] == std::byte{0})
                return std::string_view(reinterpret_cast<const char*>(block.data()) + offset,
                                        i - offset);
        return std::unexpected(FdtError::bad_structure);
    }

    std::span<const std::byte> structure_{};
    std::span<const std::byte> strings_{};
    std::span<const std::byte> reservations_{};
    std::size_t total_size_ = 0;
    std::size_t used_size_ = 0;
};

inline std::expected<Fdt, FdtError> Fdt::open(std::span<const std::byte> bytes) {
    if (bytes.size() < header_size) return std::unexpected(FdtError::truncated);
    const auto field = [&](std::size_t index) { return big_endian_32(bytes.subspan(index * 4)); };
    if (field(0) != magic) return std::unexpected(FdtError::bad_magic);
    // last_comp_version: what a reader must at least know. Version 16 has no structure size.
    if (field(5) < 17 || field(6) > 17) return std::unexpected(FdtError::bad_version);
    Fdt tree;
    tree.total_size_ = field(1);
    if (tree.total_size_ < header_size || tree.total_size_ > bytes.size())
        return std::unexpected(FdtError::truncated);
    const auto block =
        [&](std::size_t start,
            std::size_t size) -> std::expected<std::span<const std::byte>, FdtError> {
        if (start < header_size || start > tree.total_size_ || size > tree.total_size_ - start)
            return std::unexpected(FdtError::bad_block);
        if (tree.used_size_ < start + size) tree.used_size_ = start + size;
        return bytes.subspan(start, size);
    };
    auto structure = block(field(2), field(9));
    if (!structure) return std::unexpected(structure.error());
    if (field(2) % 4 != 0 || field(9) % 4 != 0) return std::unexpected(FdtError::bad_block);
    auto strings = block(field(3), field(8));
    if (!strings) return std::unexpected(strings.error());
    // The memory reservation block ends with a pair of zeros.
    const std::size_t reservations = field(4);
    for (std::size_t at = reservations;; at += 16) {
        auto pair = block(at, 16);
        if (!pair) return std::unexpected(pair.error());
        bool zero = true;
        for (std::byte b : *pair) zero = zero && b == std::byte{0};
        if (!zero) continue;
        tree.reservations_ = bytes.subspan(reservations, at - reservations);
        break;
    }
    tree.structure_ = *structure;
    tree.strings_ = *strings;
    return tree;
}

inline std::expected<Fdt::Item, FdtError> Fdt::Cursor::property() {
    const auto block = tree_->structure_;
    if (depth_ == 0 || block.size() - position_ < 8)
        return std::unexpected(FdtError::bad_structure);
    const std::size_t size = big_endian_32(block.subspan(position_));
    const std::size_t name_offset = big_endian_32(block.subspan(position_ + 4));
    position_ += 8;
    if (size > block.size() - position_) return std::unexpected(FdtError::bad_structure);
    auto name = text_at(tree_->strings_, name_offset);
    if (!name) return std::unexpected(name.error());
    const Item item{Event::property, *name, block.subspan(position_, size)};
    position_ += (size + 3) & ~std::size_t{3};
    return item;
}

inline std::expected<Fdt::Item, FdtError> Fdt::Cursor::next() {
    const auto block = tree_->structure_;
    while (position_ + 4 <= block.size()) {
        const std::uint32_t token = big_endian_32(block.subspan(position_));
        if (token == Token::end) {
            if (depth_ != 0 || !root_seen_) break;
            return Item{Event::end};
        }
        position_ += 4;
        if (token == Token::nop) continue;
        if (token == Token::prop) return property();
        if (token == Token::end_node) {
            if (depth_ == 0) break;
            --depth_;
            return Item{Event::end_node};
        }
        if (token != Token::begin_node || (depth_ == 0 && root_seen_)) break;
        auto name = text_at(block, position_);
        if (!name) return std::unexpected(name.error());
        position_ += (name->size() + 1 + 3) & ~std::size_t{3};
        ++depth_;
        root_seen_ = true;
        return Item{Event::begin_node, *name};
    }
    return std::unexpected(FdtError::bad_structure);
}

namespace fdt_detail {

/// The cells of a `reg` property, as the root node counts them.
struct Cells {
    std::uint32_t address = 2;
    std::uint32_t size = 1;

    void note(const Fdt::Item& property) {
        if (property.value.size() != 4) return;
        if (property.name == "#address-cells") address = big_endian_32(property.value);
        if (property.name == "#size-cells") size = big_endian_32(property.value);
    }

    /// Calls `region(start, size)` for each pair that is not empty; how many. A pair that wraps
    /// around is malformed.
    template <typename Function>
    std::expected<std::size_t, FdtError> for_each(std::span<const std::byte> reg,
                                                  Function&& region) const {
        if (address < 1 || address > 2 || size < 1 || size > 2)
            return std::unexpected(FdtError::bad_structure);
        const auto take = [&](std::uint32_t cells) {
            std::uint64_t value = 0;
            for (; cells > 0; --cells, reg = reg.subspan(4))
                value = (value << 32) | big_endian_32(reg);
            return value;
        };
        std::size_t count = 0;
        while (reg.size() >= 4 * std::size_t{address + size}) {
            const std::uint64_t first = take(address);
            const std::uint64_t bytes = take(size);
            if (first + bytes < first) return std::unexpected(FdtError::bad_structure);
            if (bytes == 0) continue;
            region(first, bytes);
            ++count;
        }
        return count;
    }
};

/// Calls `region` for the `reg` of each node at `level` (the root is 1) that `wanted(parent, type)`
/// picks by the name of its parent and its device_type.
template <typename Wanted, typename Function>
std::expected<std::size_t, FdtError> for_each_region(const Fdt& tree, unsigned level,
                                                     Wanted&& wanted, Function&& region) {
    Cells cells;
    std::size_t count = 0;
    unsigned depth = 0;
    std::string_view parent, type;
    std::span<const std::byte> reg{};
    for (Fdt::Cursor cursor = tree.walk();;) {
        auto item = cursor.next();
        if (!item) return std::unexpected(item.error());
        if (item->event == Fdt::Event::end) return count;
        if (item->event == Fdt::Event::begin_node) {
            ++depth;
            if (depth == level - 1) parent = item->name;
            if (depth == level) {
                type = {};
                reg = {};
            }
        }
        if (item->event == Fdt::Event::property && depth == 1) cells.note(*item);
        if (item->event == Fdt::Event::property && depth == level) {
            if (item->name == "reg") reg = item->value;
            if (item->name == "device_type")
                type = {reinterpret_cast<const char*>(item->value.data()), item->value.size()};
        }
        if (item->event != Fdt::Event::end_node || depth-- != level || !wanted(parent, type))
            continue;
        const auto found = cells.for_each(reg, region);
        if (!found) return found;
        count += *found;
    }
}

}  // namespace fdt_detail

/// Calls `region(start, size)` for each region of the top-level memory nodes.
/// The value is the number of regions; one that wraps around is malformed.
template <typename Function>
std::expected<std::size_t, FdtError> for_each_memory_region(const Fdt& tree, Function&& region) {
    const auto is_memory = [](std::string_view, std::string_view type) {
        return type == std::string_view("memory\0", 7);
    };
    return fdt_detail::for_each_region(tree, 2, is_memory, region);
}

/// The same for what is not free of it: the memory reservation block, and the nodes below
/// /reserved-memory that name a place.
template <typename Function>
std::expected<std::size_t, FdtError> for_each_reserved_region(const Fdt& tree, Function&& region) {
    const auto is_reserved = [](std::string_view parent, std::string_view) {
        return parent == "reserved-memory";
    };
    const auto block = fdt_detail::Cells{2, 2}.for_each(tree.reservations(), region);
    if (!block) return block;
    const auto nodes = fdt_detail::for_each_region(tree, 3, is_reserved, region);
    if (!nodes) return nodes;
    return *block + *nodes;
}

}  // namespace base
