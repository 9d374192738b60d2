// SPDX-License-Identifier: BSD-2-Clause
// WriteWindows: memory of programs in which there may be bytes that belong into files. Whatever
// could see such a file's bytes, size or times has them *collected* first (collect.cpp): the window
// is closed, and what it has is written as by an ordinary write, which may have to wait like one.
//
// A file has at most one, so that all writes of it are in one order: another window is armed when
// what this one had is in the cache. When all records are in use, writes are plain.
#pragma once

#include <array>
#include <cstdint>

#include "base/intrusive_list.hpp"
#include "fs/file_window.hpp"
#include "fs/nfs/call.hpp"

namespace sos::fs::nfs {

struct Node;

struct WritingWindow {
    enum class Stage : std::uint8_t { none, armed, collecting, collected };

    Stage stage = Stage::none;
    bool at_once = false;  // the collecting has not had to wait yet
    Node* node = nullptr;
    WindowState state{};
    std::uint64_t begin = 0;  // where in the file its first byte is
    std::uint64_t armed_us = 0;
    std::array<IoBuffer, max_window_pages> pages{};
    std::size_t page_count = 0;
    std::array<IoBuffer, max_window_pages> filled{};  // of the pages, while it is collected
    Request request{};
    Call call{};
    base::ListLink<WritingWindow> link{};  // of its stage
};

class WriteWindows {
  public:
    static constexpr std::size_t capacity = 64;

    WriteWindows();

    /// Armed, from now on; null when all are in use.
    WritingWindow* arm(Node& node, const WriteWindow& window, std::uint64_t begin,
                       std::uint64_t now_us);
    /// The program can put nothing into it any more: how many bytes there are.
    std::size_t close(WritingWindow& window);
    /// Nothing is needed of it any more. `later`: it is to be told of by next_collected().
    void collected(WritingWindow& window, bool later);
    WritingWindow* next_collected() { return collected_.front(); }
    void give(WritingWindow& window);

    /// The one that was armed first, of those that are armed.
    WritingWindow* oldest() const { return armed_.front(); }
    bool some_collected() const { return !collected_.empty(); }
    std::span<WritingWindow> all() { return windows_; }

  private:
    using List = base::IntrusiveList<WritingWindow, &WritingWindow::link>;

    std::array<WritingWindow, capacity> windows_{};
    List free_{};
    List armed_{};
    List collected_{};
};

}  // namespace sos::fs::nfs
