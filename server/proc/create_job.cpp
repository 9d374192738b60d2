// SPDX-License-Identifier: BSD-2-Clause
#include "proc/create_job.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <new>

#include "abi/sos_file.hpp"

namespace sos::proc {

namespace {

/// Pages made at boot; a bit for each that is free.
class JobPool {
  public:
    static constexpr unsigned capacity = 8;

    Result<void> init() {
        pages_ = TRY(res::map_pages(capacity));
        free_.store((1u << capacity) - 1, std::memory_order_release);
        return {};
    }

    /// Null when all are in use.
    std::byte* take() {
        std::uint32_t bits = free_.load(std::memory_order_acquire);
        while (bits != 0) {
            if (free_.compare_exchange_weak(bits, bits & (bits - 1), std::memory_order_acquire)) {
                return pages_.data() + std::size_t(std::countr_zero(bits)) * res::page_size;
            }
        }
        return nullptr;
    }

    void give(const void* page) {
        const auto offset = static_cast<const std::byte*>(page) - pages_.data();
        free_.fetch_or(1u << (static_cast<std::size_t>(offset) / res::page_size),
                       std::memory_order_release);
    }

  private:
    res::ServerPages pages_;
    std::atomic<std::uint32_t> free_{0};
};

constinit JobPool pool;

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
