// SPDX-License-Identifier: BSD-2-Clause
#include "fs/nfs/write_windows.hpp"

#include <algorithm>

#include "fs/nfs/node.hpp"

namespace sos::fs::nfs {

using Stage = WritingWindow::Stage;

WriteWindows::WriteWindows() {
    for (WritingWindow& window : windows_) free_.push_back(window);
}

WritingWindow* WriteWindows::arm(Node& node, const WriteWindow& given, std::uint64_t begin,
                                 std::uint64_t now_us) {
    ASSERT(node.write_window == nullptr);
    const bool possible = !given.pages.empty() && given.pages.size() <= max_window_pages;
    if (!possible || free_.empty()) return nullptr;
    WritingWindow& window = *free_.pop_front();
    window.stage = Stage::armed;
    window.node = &node;
    window.state = given.state;
    window.begin = begin;
    window.armed_us = now_us;
    std::copy(given.pages.begin(), given.pages.end(), window.pages.begin());
    window.page_count = given.pages.size();
    node.write_window = &window;
    armed_.push_back(window);
    window.state.arm();
    return &window;
}

std::size_t WriteWindows::close(WritingWindow& window) {
    ASSERT(window.stage == Stage::armed);
    armed_.remove(window);
    window.stage = Stage::collecting;
    return window.state.close(total_size({window.pages.data(), window.page_count}));
}

void WriteWindows::collected(WritingWindow& window, bool later) {
    ASSERT(window.stage == Stage::collecting);
    release_pins({window.pages.data(), window.page_count});
    window.page_count = 0;
    window.stage = Stage::collected;
    collected_.push_back(window);
    if (!later) give(window);
}

void WriteWindows::give(WritingWindow& window) {
    ASSERT(window.stage == Stage::collected);
    collected_.remove(window);
    window.stage = Stage::none;
    window.node->write_window = nullptr;
    free_.push_back(window);
}

}  // namespace sos::fs::nfs
