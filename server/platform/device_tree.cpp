// SPDX-License-Identifier: BSD-2-Clause
#include "server/platform/device_tree.hpp"

#include <algorithm>

#include "base/bits.hpp"
#include "base/fdt.hpp"

namespace sos::platform {
namespace {

template <typename T>
using Result = base::Result<T, DeviceTreeError>;
using Bytes = std::span<const std::byte>;
using base::big_endian_32;

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
    for (unsigned i = 0; i < cells; ++i)
        value = (value << 32) | big_endian_32(bytes.subspan(offset + 4 * i));
    return value;
}

/// The `index`-th interrupt of a GIC specifier list.
std::optional<Interrupt> gic_interrupt(Bytes list, std::size_t index) {
    constexpr std::size_t entry_bytes = 12;
    constexpr unsigned first_spi = 32, first_ppi = 16, spi_limit = 988, ppi_limit = 16;
    if (!base::range_within(index * entry_bytes, entry_bytes, list.size())) return std::nullopt;
    const Bytes entry = list.subspan(index * entry_bytes, entry_bytes);
    const std::uint32_t type = big_endian_32(entry);
    const std::uint32_t number = big_endian_32(entry.subspan(4));
    const std::uint32_t flags = big_endian_32(entry.subspan(8));
    if (type > 1 || number >= (type == 0 ? spi_limit : ppi_limit)) return std::nullopt;
    const auto trigger = (flags & 3) != 0 ? InterruptTrigger::edge : InterruptTrigger::level;
    return Interrupt{number + (type == 0 ? first_spi : first_ppi), trigger};
}

DeviceTreeError from_fdt(base::FdtError error) {
    switch (error) {
        case base::FdtError::truncated:
            return DeviceTreeError::too_short;
        case base::FdtError::bad_magic:
            return DeviceTreeError::bad_magic;
        case base::FdtError::bad_version:
            return DeviceTreeError::bad_version;
        case base::FdtError::bad_block:
            return DeviceTreeError::bad_layout;
        case base::FdtError::bad_structure:
            return DeviceTreeError::bad_structure;
    }
    return DeviceTreeError::bad_structure;
}

class Reader {
  public:
    explicit Reader(const base::Fdt& tree) : cursor_(tree.walk()) {}

    Result<Machine> read() {
        while (true) {
            const auto item = cursor_.next();
            if (!item) return std::unexpected(from_fdt(item.error()));
            switch (item->event) {
                case base::Fdt::Event::begin_node:
                    TRY(begin_node(item->name));
                    break;
                case base::Fdt::Event::end_node:
                    TRY(visit());
                    --depth_;
                    break;
                case base::Fdt::Event::property:
                    // They come before the children of their node.
                    if (path_[depth_ - 1].visited)
                        return std::unexpected(DeviceTreeError::bad_structure);
                    TRY(keep(item->name, item->value));
                    break;
                case base::Fdt::Event::end:
                    sort_virtio();
                    return machine_;
            }
        }
    }

  private:
    Result<void> begin_node(std::string_view name) {
        if (depth_ == Machine::max_depth) return std::unexpected(DeviceTreeError::too_deep);
        // All properties of the parent are known now.
        if (depth_ != 0) TRY(visit());
        path_[depth_] = Node{};
        path_[depth_].name = name;
        ++depth_;
        return {};
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
        cells = big_endian_32(value);
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

    base::Fdt::Cursor cursor_;
    std::array<Node, Machine::max_depth> path_{};
    std::size_t depth_ = 0;
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

base::Result<Machine, DeviceTreeError> read_machine(std::span<const std::byte> blob) {
    const auto tree = base::Fdt::open(blob);
    if (!tree) return std::unexpected(from_fdt(tree.error()));
    return Reader(*tree).read();
}

}  // namespace sos::platform
