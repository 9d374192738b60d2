// SPDX-License-Identifier: BSD-2-Clause
// CreateJob: all that a new process needs to know, in memory of its own. It travels from the
// handler that creates to the PM server and on to the handler of the new process; whoever has the
// JobPtr owns it. So nothing depends on the creator's fate.
//
// The usual job fits in one page, of which there are a few, made at boot; one that is larger, or
// comes when all of those are in use, gets pages for itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "abi/sos_syscall.hpp"
#include "error.hpp"
#include "res/server_pages.hpp"

namespace sos::proc {

enum class JobKind : std::uint8_t {
    process,   // run a program
    shutdown,  // call Hooks::shutdown, which does not return
};

struct CreateJob {
    JobKind kind = JobKind::process;
    std::uint32_t argc = 0;
    std::uint32_t block_size = 0;
    std::uint32_t path_size = 0;  // these two without their NUL
    std::uint32_t directory_size = 0;
    res::ServerPages pages;  // where this object itself is; none: a page of the pool

    // Behind this object: path, working directory (both absolute and normalised, with a NUL), and
    // the argument block, as abi::max_argument_block describes it.
    std::string_view path() { return {text(), path_size}; }
    std::string_view directory() { return {text() + path_size + 1, directory_size}; }
    std::span<char> block() { return {text() + path_size + directory_size + 2, block_size}; }

    /// argv[0], or the path when there is none: the name to show.
    std::string_view name();

  private:
    char* text() { return reinterpret_cast<char*>(this + 1); }
};

class [[nodiscard]] JobPtr {
  public:
    constexpr JobPtr() = default;
    JobPtr(JobPtr&& other) noexcept : job_(std::exchange(other.job_, nullptr)) {}
    JobPtr& operator=(JobPtr&& other) noexcept {
        if (this != &other) {
            reset();
            job_ = std::exchange(other.job_, nullptr);
        }
        return *this;
    }
    ~JobPtr() { reset(); }

    CreateJob* operator->() const { return job_; }
    CreateJob& operator*() const { return *job_; }
    bool valid() const { return job_ != nullptr; }

    /// Across a message: release() into a word, adopt() out of it.
    [[nodiscard]] std::uint64_t release() {
        return reinterpret_cast<std::uint64_t>(std::exchange(job_, nullptr));
    }
    static JobPtr adopt(std::uint64_t word) { return JobPtr(reinterpret_cast<CreateJob*>(word)); }

  private:
    explicit JobPtr(CreateJob* job) : job_(job) {}
    void reset();
    CreateJob* job_ = nullptr;
};

/// At boot: the pool.
Result<void> init_jobs();

/// A job with room for an argument block of this size (at most abi::max_argument_block).
Result<JobPtr> make_job(std::string_view path, std::string_view directory, std::size_t block_size);

/// Words of a command line, separated by spaces, become an argument block in `into`, each with its
/// NUL. What does not fit: argument_list_too_long. No word at all: not_found.
struct SplitCommand {
    std::size_t argc = 0;
    std::size_t size = 0;
};
Result<SplitCommand> split_command(std::string_view line, std::span<char> into);

/// The word that a command line begins with; empty when there is none.
std::string_view first_word(std::string_view line);

/// Adds one string to an argument block of `size` bytes in `into`; its new size.
Result<std::size_t> append_argument(std::string_view text, std::span<char> into, std::size_t size);

}  // namespace sos::proc
