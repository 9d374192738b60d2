// SPDX-License-Identifier: BSD-2-Clause
// The newc CPIO archive behind the loader: kernel.elf first, kernel.dtb second if there is one,
// then the root task under any name. Nothing in it is trusted; contents are views into the archive.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "failure.hpp"

namespace loader {

struct ArchiveFile {
    std::string_view name;
    std::span<const std::byte> content;
};

/// Reads one file after the other.
class ArchiveReader {
  public:
    explicit ArchiveReader(std::span<const std::byte> archive) : rest_(archive) {}

    /// The next file. The one named "TRAILER!!!" is the last.
    Result<ArchiveFile> next();

  private:
    std::span<const std::byte> rest_;
};

struct BootFiles {
    std::span<const std::byte> kernel;
    std::span<const std::byte> device_tree;  // empty if not packed
    std::span<const std::byte> root_task;
};

/// The files to boot, by their order in the archive.
Result<BootFiles> find_boot_files(std::span<const std::byte> archive);

}  // namespace loader
