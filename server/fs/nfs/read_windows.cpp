// SPDX-License-Identifier: BSD-2-Clause
#include "fs/nfs/read_windows.hpp"

#include "fs/nfs/node.hpp"

namespace sos::fs::nfs {

ReadWindows::ReadWindows() {
    for (ArmedWindow& window : windows_) free_.push_back(window);
}

void ReadWindows::end(ArmedWindow& window) {
    window.state.recall();
    window.node->read_windows.remove(window);
    armed_.remove(window);
    free_.push_back(window);
}

void ReadWindows::arm(Node& node, const OpenFile& file, const WindowState& state) {
    if (free_.empty()) end(*armed_.front());
    ArmedWindow& window = *free_.pop_front();
    window.node = &node;
    window.file = &file;
    window.state = state;
    node.read_windows.push_back(window);
    armed_.push_back(window);
    state.arm();
}

void ReadWindows::recall(Node& node) {
    while (ArmedWindow* const window = node.read_windows.front()) end(*window);
}

void ReadWindows::forget(Node& node, const OpenFile& file) {
    ArmedWindow* window = node.read_windows.front();
    while (window != nullptr && window->file != &file) window = NodeWindows::next(*window);
    if (window != nullptr) end(*window);
}

}  // namespace sos::fs::nfs
