// SPDX-License-Identifier: BSD-2-Clause
#include "proc/create_job.hpp"

#include <algorithm>
#include <new>

#include "abi/sos_file.hpp"
#include "proc/page_pool.hpp"

namespace sos::proc {

namespace {

constinit PagePool<8, 1> pool;

}  // namespace

std::string_view CreateJob::name() {
    return argc == 0 ? path() : std::string_view(block().data());
}

void JobPtr::reset() {
    if (job_ == nullptr) return;
    CreateJob* const job = std::exchange(job_, nullptr);
    if (!job->pages.valid()) return pool.give(job);
    // The pages are taken out first: they must not go while their owner lies in them.
    const res::ServerPages pages = std::move(job->pages);
}

Result<void> init_jobs() {
    return pool.init();
}

Result<JobPtr> make_job(std::string_view path, std::string_view directory, std::size_t block_size) {
    if (block_size > abi::max_argument_block) {
        return std::unexpected(Error::argument_list_too_long);
    }
    const std::size_t bytes =
        sizeof(CreateJob) + path.size() + 1 + directory.size() + 1 + block_size;
    std::byte* place = bytes <= res::page_size ? pool.take() : nullptr;
    res::ServerPages pages;
    if (place == nullptr) {
        pages = TRY(res::map_pages((bytes + res::page_size - 1) / res::page_size));
        place = pages.data();
    }
    auto* const job =
        new (place) CreateJob{.block_size = static_cast<std::uint32_t>(block_size),
                              .path_size = static_cast<std::uint32_t>(path.size()),
                              .directory_size = static_cast<std::uint32_t>(directory.size()),
                              .pages = std::move(pages)};
    auto* text = reinterpret_cast<char*>(job + 1);
    for (const std::string_view part : {path, directory}) {
        text = std::copy(part.begin(), part.end(), text);
        *text++ = '\0';
    }
    return JobPtr::adopt(reinterpret_cast<std::uint64_t>(job));
}

}  // namespace sos::proc
