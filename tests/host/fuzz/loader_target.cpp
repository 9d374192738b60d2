// SPDX-License-Identifier: BSD-2-Clause
#include <vector>

#include "archive.hpp"
#include "base/fdt.hpp"
#include "builders.hpp"
#include "elf.hpp"
#include "plan.hpp"
#include "targets.hpp"

namespace fuzz {
namespace {

constexpr loader::Range own{0x4800'0000, 0x4840'0000};

/// Reads every byte, so that a sanitizer sees a span that is too long.
void touch(Bytes bytes) {
    volatile std::byte last{};
    for (const std::byte byte : bytes) last = byte;
    static_cast<void>(last);
}

void parse_elf(Bytes bytes, loader::Part part) {
    const auto image = loader::ElfImage::parse(bytes, part);
    if (!image) return;
    for (std::size_t i = 0; i < image->segment_count(); ++i) touch(image->segment(i).content);
    touch(image->program_headers());
}

void walk_tree(Bytes bytes) {
    const auto tree = base::Fdt::open(bytes);
    if (!tree) return;
    const auto ignore = [](std::uint64_t, std::uint64_t) {};
    static_cast<void>(base::for_each_memory_region(*tree, ignore));
    static_cast<void>(base::for_each_reserved_region(*tree, ignore));
}

void parse_all(Bytes bytes) {
    parse_elf(bytes, loader::Part::kernel);
    walk_tree(bytes);
    loader::ArchiveReader reader(bytes);
    while (const auto file = reader.next()) {
        touch(file->content);
        parse_elf(file->content, loader::Part::root_task);
    }
    const auto files = loader::find_boot_files(bytes);
    if (!files) return;
    static const loader_test::Bytes usual_tree = loader_test::make_tree();
    const Bytes tree = files->device_tree.empty() ? Bytes(usual_tree) : files->device_tree;
    static_cast<void>(loader::make_plan(*files, tree, own));
}

/// Good files, to be damaged.
const std::vector<loader_test::Bytes>& good_files() {
    using loader_test::make_tree;
    static const loader_test::Bytes elf =
        loader_test::make_elf(0x40'0000, {loader_test::TestSegment{}});
    static const std::vector<loader_test::Bytes> files = {
        elf, make_tree(),
        loader_test::make_archive(
            {{"kernel.elf", elf}, {"kernel.dtb", make_tree()}, {"root", elf}})};
    return files;
}

}  // namespace

/// The first byte says which good file the rest changes, three bytes each time: place and value;
/// or that the rest is the file.
void loader_files(Bytes bytes) {
    if (bytes.empty()) return;
    const auto number = [&](std::size_t at) { return std::to_integer<std::size_t>(bytes[at]); };
    const std::size_t which = number(0) % (good_files().size() + 1);
    if (which == good_files().size()) return parse_all(bytes.subspan(1));
    loader_test::Bytes file = good_files()[which];
    for (std::size_t i = 1; i + 3 <= bytes.size(); i += 3)
        file[(number(i) << 8 | number(i + 1)) % file.size()] = bytes[i + 2];
    // What is left over cuts the file.
    if (bytes.size() % 3 == 0) file.resize(file.size() * number(bytes.size() - 1) / 256);
    file.shrink_to_fit();
    parse_all(file);
}

}  // namespace fuzz
