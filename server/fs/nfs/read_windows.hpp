// SPDX-License-Identifier: BSD-2-Clause
// ReadWindows: which windows of programs (fs/file_window.hpp) have copies of a file's bytes. Before
// these bytes change, as seen on this machine, all windows on the file are recalled.
//
// An open file has at most one window. There are so many in all; the one that was armed first gives
// way, which costs its reader a call.
#pragma once

#include <array>
#include <cstdint>

#include "base/intrusive_list.hpp"
#include "fs/file_window.hpp"

namespace sos::fs::nfs {

struct Node;
struct OpenFile;

struct ArmedWindow {
    Node* node = nullptr;
    const OpenFile* file = nullptr;
    WindowState state{};
    base::ListLink<ArmedWindow> node_link{};
    base::ListLink<ArmedWindow> age_link{};
};

using NodeWindows = base::IntrusiveList<ArmedWindow, &ArmedWindow::node_link>;

class ReadWindows {
  public:
    static constexpr std::size_t capacity = 256;

    ReadWindows();

    /// Arms it. The open file must have none.
    void arm(Node& node, const OpenFile& file, const WindowState& state);
    /// The file's bytes are about to change.
    void recall(Node& node);
    /// The open file has none from here on.
    void forget(Node& node, const OpenFile& file);

  private:
    void end(ArmedWindow& window);

    std::array<ArmedWindow, capacity> windows_{};
    base::IntrusiveList<ArmedWindow, &ArmedWindow::age_link> free_{};
    base::IntrusiveList<ArmedWindow, &ArmedWindow::age_link> armed_{};  // oldest first
};

}  // namespace sos::fs::nfs
