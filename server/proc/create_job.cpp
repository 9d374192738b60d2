// SPDX-License-Identifier: BSD-2-Clause
#include "proc/create_job.hpp"

#include <new>

#include "abi/sos_file.hpp"

namespace sos::proc {

std::string_view CreateJob::name() {
    return argc == 0 ? std::string_view(path) : std::string_view(block().data());
}

void JobPtr::reset() {
    if (job_ == nullptr) return;
    // The pages are taken out first: they must not go while their owner lies in them.
    const res::ServerPages pages = std::move(std::exchange(job_, nullptr)->pages);
}

Result<JobPtr> make_job(std::size_t block_size) {
    if (block_size > abi::max_argument_block) {
        return std::unexpected(Error::argument_list_too_long);
    }
    const std::size_t bytes = sizeof(CreateJob) + block_size;
    res::ServerPages pages = TRY(res::map_pages((bytes + res::page_size - 1) / res::page_size));
    auto* const job = new (pages.data()) CreateJob;
    job->pages = std::move(pages);
    job->block_size = static_cast<std::uint32_t>(block_size);
    return JobPtr::adopt(reinterpret_cast<std::uint64_t>(job));
}

}  // namespace sos::proc
