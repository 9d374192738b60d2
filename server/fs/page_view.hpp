// SPDX-License-Identifier: BSD-2-Clause
// Views: pages of the file server's cache that a reader may take bytes from without asking, so that
// a program that reads a file in small pieces costs a call to the file server now and then only.
//
// A view is good for as long as its page's version is what it was: the file server changes it
// whenever the page gets other bytes, is another file's, or ends behind the end of the file. The
// file server's thread runs whenever it wants to, the reader never while that is at work; so a
// reader that finds the version unchanged after it has copied has copied the right bytes. If not,
// it asks, and the answer is written over what it has copied.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <span>

#include "base/scope_exit.hpp"
#include "fs/io_buffer.hpp"

namespace sos::fs {

/// Threads that are copying by views at the moment. The file server gives up memory of the cache
/// only when there are none; it runs whenever it wants to, so nobody begins meanwhile.
inline constinit std::uint32_t view_readers = 0;

struct PageView {
    const std::byte* data = nullptr;  // a whole page of the file
    const std::uint32_t* version = nullptr;
    std::uint32_t expected = 0;

    bool good() const { return __atomic_load_n(version, __ATOMIC_ACQUIRE) == expected; }
};

/// Pages of one open file, one behind the other.
struct PageViews {
    static constexpr std::uint32_t page_size = 4096;
    static constexpr std::uint32_t most = 16;

    std::uint64_t first = 0;  // the page number of the first
    std::uint32_t count = 0;
    std::array<PageView, most> pages;

    /// Fills the buffers from `offset` on. False, and nothing of worth in them, when not all of it
    /// is in good views.
    bool read(std::uint64_t offset, std::span<const IoBuffer> into) const {
        const std::uint64_t begin = first * page_size;
        const std::uint64_t size = std::uint64_t{count} * page_size;
        if (offset < begin || offset - begin >= size) return false;
        std::uint64_t at = offset - begin;
        if (total_size(into) > size - at) return false;
        const std::uint64_t from = at / page_size;
        __atomic_fetch_add(&view_readers, 1, __ATOMIC_ACQUIRE);
        const base::ScopeExit copied(
            [] { __atomic_fetch_sub(&view_readers, 1, __ATOMIC_RELEASE); });
        for (const IoBuffer& buffer : into) {
            for (std::size_t done = 0; done < buffer.size;) {
                const std::size_t inside = at % page_size;
                const std::size_t piece = std::min(buffer.size - done, page_size - inside);
                const PageView& page = pages[at / page_size];
                if (!page.good()) return false;
                std::memcpy(buffer.data + done, page.data + inside, piece);
                done += piece;
                at += piece;
            }
        }
        // The copies come before the second look.
        __atomic_thread_fence(__ATOMIC_ACQ_REL);
        const std::uint64_t until = (at + page_size - 1) / page_size;
        return std::all_of(pages.begin() + static_cast<std::ptrdiff_t>(from),
                           pages.begin() + static_cast<std::ptrdiff_t>(until),
                           [](const PageView& page) { return page.good(); });
    }
};

}  // namespace sos::fs
