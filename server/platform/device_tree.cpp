// SPDX-License-Identifier: BSD-2-Clause
#include "server/platform/device_tree.hpp"

#include <algorithm>

#include "base/bits.hpp"

namespace sos::platform {
namespace {

template <typename T>
using Result = base::Result<T, DeviceTreeError>;
using Bytes = std::span<const std::byte>;

constexpr std::uint32_t magic = 0xd00dfeed;
constexpr std::size_t header_bytes = 40;

enum class Token : std::uint32_t { begin_node = 1, end_node = 2, property = 3, nop = 4, end = 9 };

constexpr std::uint32_t word_at(Bytes bytes, std::size_t offset) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i)
        value = (value << 8) | std::to_integer<std::uint32_t>(bytes[offset + i]);
    return value;
}

std::string_view text_of(Bytes bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// The text before the first NUL; all of it when there is none.
std::string_view string_of(Bytes bytes) {
    const std::string_view text = text_of(bytes);
    return text.substr(0, text.find('\0'));
}

/// Is `wanted` one of the NUL-separated strings of `list`?
bool lists(Bytes list, std::string_view wanted) {
    std::string_view rest = text_of(list);
    while (!rest.empty()) {
        const std::size_t end = rest.find('\0');
        if (rest.substr(0, end) == wanted) return true;
        if (end == std::string_view::npos) return false;
        rest.remove_prefix(end + 1);
    }
    return false;
}

/// A node on the way down to the current one.
struct Node {
    std::string_view name;
    unsigned address_cells = 2;  // for children; defaults of the specification 2.3.5
    unsigned size_cells = 1;
    Bytes compatible{}, reg{}, interrupts{}, device_type{}, status{};
    Bytes boot_arguments{}, random_seed{}, stdout_path{};
    bool visited = false;
};

/// `cells` big-endian words as one number; more than 64 bits are an error.
Result<std::uint64_t> read_cells(Bytes bytes, std::size_t offset, unsigned cells) {
    if (cells > 2) return std::unexpected(DeviceTreeError::bad_structure);
    std::uint64_t value = 0;
    for (unsigned i = 0; i < cells; ++i) value = (value << 32) | word_at(bytes, offset + 4 * i);
    return value;
}

/// The `index`-th interrupt of a GIC specifier list.
std::optional<Interrupt> gic_interrupt(Bytes list, std::size_t index) {
    constexpr std::size_t entry_bytes = 12;
    constexpr unsigned first_spi = 32, first_ppi = 16, spi_limit = 988, ppi_limit = 16;
    if (!base::range_within(index * entry_bytes, entry_bytes, list.size())) return std::nullopt;
    const std::uint32_t type = word_at(list, index * entry_bytes);
    const std::uint32_t number = word_at(list, index * entry_bytes + 4);
    const std::uint32_t flags = word_at(list, index * entry_bytes + 8);
    if (type > 1 || number >= (type == 0 ? spi_limit : ppi_limit)) return std::nullopt;
    const auto trigger = (flags & 3) != 0 ? InterruptTrigger::edge : InterruptTrigger::level;
    return Interrupt{number + (type == 0 ? first_spi : first_ppi), trigger};
}

class Reader {
  public:
    Reader(Bytes structure, Bytes strings) : structure_(structure), strings_(strings) {}

    Result<Machine> read() {
        while (true) {
            const auto token = static_cast<Token>(TRY(next_word()));
            switch (token) {
                case Token::begin_node:
                    TRY(begin_node());
                    continue;
                case Token::end_node:
                    TRY(end_node());
                    continue;
                case Token::property:
                    TRY(property());
                    continue;
                case Token::nop:
                    continue;
                case Token::end:
                    if (depth_ != 0 || !root_seen_) break;
                    sort_virtio();
                    return machine_;
            }
            return std::unexpected(DeviceTreeError::bad_structure);
        }
    }

  private:
    Result<std::uint32_t> next_word() {
        if (!base::range_within(position_, 4, structure_.size()))
            return std::unexpected(DeviceTreeError::bad_structure);
        const std::uint32_t word = word_at(structure_, position_);
        position_ += 4;
        return word;
    }

    Result<void> begin_node() {
        if (depth_ == 0 && root_seen_) return std::unexpected(DeviceTreeError::bad_structure);
        if (depth_ == Machine::max_depth) return std::unexpected(DeviceTreeError::too_deep);
        const std::string_view rest = text_of(structure_.subspan(position_));
        const std::size_t length = rest.find('\0');
        if (length == std::string_view::npos)
            return std::unexpected(DeviceTreeError::bad_structure);
        // The properties of a node come before its children, so the parent is complete now.
        if (depth_ != 0) TRY(visit());
        path_[depth_] = Node{};
        path_[depth_].name = rest.substr(0, length);
        ++depth_;
        root_seen_ = true;
        return skip(length + 1);
    }

    Result<void> end_node() {
        if (depth_ == 0) return std::unexpected(DeviceTreeError::bad_structure);
        TRY(visit());
        --depth_;
        return {};
    }

    /// Steps over `length` bytes and the padding to the next token.
    Result<void> skip(std::size_t length) {
        if (!base::range_within(position_, length, structure_.size()))
            return std::unexpected(DeviceTreeError::bad_structure);
        position_ = base::align_up(position_ + length, 4);
        return {};
    }

    Result<void> property() {
        const std::uint32_t length = TRY(next_word());
        const std::uint32_t name_offset = TRY(next_word());
        const std::size_t at = position_;
        TRY(skip(length));
        if (depth_ == 0 || path_[depth_ - 1].visited || name_offset >= strings_.size())
            return std::unexpected(DeviceTreeError::bad_structure);
        const std::string_view rest = text_of(strings_.subspan(name_offset));
        const std::size_t name_length = rest.find('\0');
        if (name_length == std::string_view::npos)
            return std::unexpected(DeviceTreeError::bad_structure);
        return keep(rest.substr(0, name_length), structure_.subspan(at, length));
    }

    Result<void> keep(std::string_view name, Bytes value) {
        Node& node = path_[depth_ - 1];
        if (name == "#address-cells") return keep_cells(node.address_cells, value);
        if (name == "#size-cells") return keep_cells(node.size_cells, value);
        struct Kept {
            std::string_view name;
            Bytes Node::*field;
        };
        static constexpr Kept kept[] = {
            {"compatible", &Node::compatible}, {"reg", &Node::reg},
            {"interrupts", &Node::interrupts}, {"device_type", &Node::device_type},
            {"status", &Node::status},         {"bootargs", &Node::boot_arguments},
            {"rng-seed", &Node::random_seed},  {"stdout-path", &Node::stdout_path}};
        for (const Kept& entry : kept)
            if (name == entry.name) node.*entry.field = value;
        return {};
    }

    static Result<void> keep_cells(unsigned& cells, Bytes value) {
        if (value.size() != 4) return std::unexpected(DeviceTreeError::bad_structure);
        cells = word_at(value, 0);
        return {};
    }

    /// Looks once at the current node, all of whose properties are known.
    Result<void> visit() {
        Node& node = path_[depth_ - 1];
        if (node.visited) return {};
        node.visited = true;
        if (depth_ == 2 && node.name == "chosen") {
            machine_.boot_arguments = string_of(node.boot_arguments);
            machine_.random_seed = node.random_seed;
            machine_.stdout_path = string_of(node.stdout_path);
            return {};
        }
        if (depth_ < 2 || !enabled(node)) return {};
        if (string_of(node.device_type) == "memory") return add_memory(node);
        if (lists(node.compatible, "arm,armv8-timer")) {
            constexpr std::size_t non_secure_physical = 1;
            machine_.physical_timer = gic_interrupt(node.interrupts, non_secure_physical);
            return {};
        }
        if (lists(node.compatible, "arm,pl011")) return add_first(machine_.uart, node);
        if (lists(node.compatible, "arm,pl031")) return add_first(machine_.clock, node);
        if (lists(node.compatible, "virtio,mmio")) {
            const Device device = TRY(device_of(node));
            if (!machine_.virtio.add(device)) return std::unexpected(DeviceTreeError::too_many);
        }
        return {};
    }

    static bool enabled(const Node& node) {
        if (node.status.empty()) return true;
        const std::string_view status = string_of(node.status);
        return status == "okay" || status == "ok";
    }

    /// The `index`-th address and size of a node's "reg"; nothing when there is none.
    Result<std::optional<MemoryRange>> reg_entry(const Node& node, std::size_t index) const {
        const Node& parent = path_[depth_ - 2];
        const std::size_t cells = std::size_t{parent.address_cells} + parent.size_cells;
        if (parent.address_cells == 0 || parent.address_cells > 2 || parent.size_cells > 2 ||
            node.reg.size() % (4 * cells) != 0)
            return std::unexpected(DeviceTreeError::bad_structure);
        if (index * 4 * cells >= node.reg.size()) return std::optional<MemoryRange>{};
        const std::size_t offset = index * 4 * cells;
        MemoryRange range;
        range.base = TRY(read_cells(node.reg, offset, parent.address_cells));
        range.size =
            TRY(read_cells(node.reg, offset + 4 * parent.address_cells, parent.size_cells));
        if (range.base + range.size < range.base)
            return std::unexpected(DeviceTreeError::bad_structure);
        return std::optional(range);
    }

    Result<void> add_memory(const Node& node) {
        for (std::size_t index = 0;; ++index) {
            const auto range = TRY(reg_entry(node, index));
            if (!range) return {};
            if (range->size != 0 && !machine_.memory.add(*range))
                return std::unexpected(DeviceTreeError::too_many);
        }
    }

    Result<Device> device_of(const Node& node) const {
        const auto window = TRY(reg_entry(node, 0));
        if (!window) return std::unexpected(DeviceTreeError::bad_structure);
        return Device{*window, gic_interrupt(node.interrupts, 0)};
    }

    Result<void> add_first(std::optional<Device>& place, const Node& node) const {
        if (!place) place = TRY(device_of(node));
        return {};
    }

    /// Trees list them in any order (QEMU: highest address first).
    void sort_virtio() {
        std::array<Device, decltype(machine_.virtio)::capacity> sorted{};
        const auto all = machine_.virtio.all();
        std::copy(all.begin(), all.end(), sorted.begin());
        const auto end = sorted.begin() + static_cast<std::ptrdiff_t>(all.size());
        std::sort(sorted.begin(), end,
                  [](const Device& a, const Device& b) { return a.window.base < b.window.base; });
        machine_.virtio = {};
        for (auto device = sorted.begin(); device != end; ++device)
            static_cast<void>(machine_.virtio.add(*device));
    }

    Bytes structure_;
    Bytes strings_;
    std::size_t position_ = 0;
    std::array<Node, Machine::max_depth> path_{};
    std::size_t depth_ = 0;
    bool root_seen_ = false;
    Machine machine_{};
};

}  // namespace

const char* to_string(DeviceTreeError error) {
    switch (error) {
        case DeviceTreeError::too_short:
            return "the device tree is cut short";
        case DeviceTreeError::bad_magic:
            return "not a device tree";
        case DeviceTreeError::bad_version:
            return "unknown version of the device tree format";
        case DeviceTreeError::bad_layout:
            return "blocks of the device tree lie outside it";
        case DeviceTreeError::bad_structure:
            return "the device tree is damaged";
        case DeviceTreeError::too_deep:
            return "the device tree is nested too deep";
        case DeviceTreeError::too_many:
            return "the device tree has more devices or memory than SOS takes";
    }
    return "unknown error";
}

std::size_t device_tree_size(std::span<const std::byte> beginning) {
    if (beginning.size() < 8 || word_at(beginning, 0) != magic) return 0;
    return word_at(beginning, 4);
}

base::Result<Machine, DeviceTreeError> read_machine(std::span<const std::byte> blob) {
    if (blob.size() < header_bytes) return std::unexpected(DeviceTreeError::too_short);
    if (word_at(blob, 0) != magic) return std::unexpected(DeviceTreeError::bad_magic);
    const std::size_t total = word_at(blob, 4);
    if (total < header_bytes || total > blob.size())
        return std::unexpected(DeviceTreeError::too_short);
    constexpr std::uint32_t understood = 17, size_of_structure_since = 17;
    if (word_at(blob, 20) < size_of_structure_since || word_at(blob, 24) > understood)
        return std::unexpected(DeviceTreeError::bad_version);
    const std::size_t structure = word_at(blob, 8), strings = word_at(blob, 12);
    const std::size_t strings_size = word_at(blob, 32), structure_size = word_at(blob, 36);
    if (!base::aligned(structure, 4) || !base::range_within(structure, structure_size, total) ||
        !base::range_within(strings, strings_size, total))
        return std::unexpected(DeviceTreeError::bad_layout);
    return Reader(blob.subspan(structure, structure_size), blob.subspan(strings, strings_size))
        .read();
}

}  // namespace sos::platform
