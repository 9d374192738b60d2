// SPDX-License-Identifier: BSD-2-Clause
#include "fs/nfs/open_files.hpp"

#include <new>

namespace sos::fs::nfs {

void OpenFiles::use(std::span<OpenFile> entries) {
    entries_ = entries;
}

OpenFile* OpenFiles::take() {
    OpenFile* file = nullptr;
    if (first_free_ != 0) {
        file = &entries_[first_free_ - 1];
        first_free_ = file->next_free;
    } else if (fresh_ < entries_.size()) {
        file = new (&entries_[fresh_++]) OpenFile;
    } else {
        return nullptr;
    }
    file->in_use = true;
    ++count_;
    return file;
}

void OpenFiles::give(OpenFile& file, ChunkPool& pool) {
    ASSERT(file.in_use);
    file.listing.clear(pool);
    // 0 is the generation of no file.
    const std::uint32_t generation = file.generation == ~0u ? 1 : file.generation + 1;
    file = OpenFile{.generation = generation};
    file.next_free = first_free_;
    first_free_ = static_cast<std::uint32_t>(&file - entries_.data()) + 1;
    --count_;
}

OpenFile* OpenFiles::find(FileHandle handle) {
    if (handle.index >= fresh_) return nullptr;
    OpenFile& file = entries_[handle.index];
    return file.in_use && file.generation == handle.generation ? &file : nullptr;
}

FileHandle OpenFiles::handle_of(const OpenFile& file) const {
    return {static_cast<std::uint32_t>(&file - entries_.data()), file.generation};
}

}  // namespace sos::fs::nfs
