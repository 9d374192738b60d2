// SPDX-License-Identifier: BSD-2-Clause
// The file server's end of page I/O on the host: records wait until a test lets them be carried
// out, in any order, on a page file and an executable in memory; they can be made to fail. And the
// thread that would wait for them.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <vector>

#include "fs/pager/page_io.hpp"
#include "vm/waiters.hpp"

namespace fake {

using Page = std::vector<std::byte>;

struct Paging {
    std::deque<sos::fs::PageIo*> submitted;
    std::map<std::uint64_t, Page> page_file;  // by slot
    std::vector<std::byte> executable;
    sos::fs::FileVersion version{};
    std::uint64_t beats_requested = 0;

    // Outcomes of what is carried out from now on.
    bool fail_reads = false;
    bool fail_writes = false;

    /// Carries out one record; which one is the caller's choice.
    void complete(std::size_t index = 0);
    void complete_all();
};

Paging& paging();

/// Frame table, page file and turns, with so many frames for pages (0: as many as there are).
/// Once for a test program.
bool start_vm(std::uint32_t page_frames = 0);

/// Waits by letting one transfer end, which is the first unless `choose` says otherwise; without
/// any it lets all programs run (a beat). `idle` is called when there is nothing to wait for.
class Thread final : public sos::vm::PagingThread {
  public:
    void sleep() override;
    void wake() override { ++wakes; }
    bool ended() const override { return killed; }

    std::function<std::size_t(std::size_t count)> choose = [](std::size_t) { return 0u; };
    std::function<void()> before_sleep = [] {};
    bool killed = false;
    std::uint64_t wakes = 0;
    std::uint64_t sleeps = 0;
};

}  // namespace fake
