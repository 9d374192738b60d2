// SPDX-License-Identifier: BSD-2-Clause
// Windows that programs write into: arming them, and collecting what is there before anybody could
// miss it.
#include <algorithm>

#include "fs/nfs/rpc.hpp"

namespace sos::fs::nfs {

using Stage = WritingWindow::Stage;

/// After a write. From here on the program may write behind it without asking, so nobody else may
/// have what would not show that.
void Service::arm_write_window(Call& call, const OpenFile& file, Node& node) {
    WriteWindow* const wanted = call.request->write_window;
    const std::uint64_t begin = call.offset + call.done;
    if (wanted == nullptr || file.synchronous || node.write_through) return;
    if (begin > INT64_MAX - max_io_bytes) return;
    if (write_windows_.arm(node, *wanted, begin, now_us_) == nullptr) return;
    wanted->armed = true;
    read_windows_.recall(node);
    const std::uint64_t last = (begin + abi::max_file_window) / cache_page_size;
    for (std::uint64_t number = begin / cache_page_size; number <= last; ++number) {
        if (CachePage* const page = cache_.find(node, number)) page->end_views();
    }
}

/// Is all that programs have written to this file in the cache? If not, it will be: who has to wait
/// for that is woken then.
bool Service::collected(Node& node) {
    WritingWindow* const window = node.write_window;
    if (window == nullptr) return true;
    if (window->stage == Stage::armed) collect(*window);
    return node.write_window == nullptr;
}

void Service::collect(WritingWindow& window) {
    std::size_t filled = write_windows_.close(window);
    if (filled == 0) return write_windows_.collected(window, false);
    Call& call = window.call;
    call.begin();
    call.active = true;
    call.window = &window;
    call.request = &window.request;
    call.offset = window.begin;
    call.total = filled;
    call.step = &Service::write_on;
    std::size_t count = 0;
    for (; filled > 0; ++count) {
        window.filled[count] = window.pages[count];
        window.filled[count].size = std::min(filled, window.pages[count].size);
        filled -= window.filled[count].size;
    }
    window.request = {.operation = Operation::write};
    window.request.buffers = {window.filled.data(), count};
    window.at_once = true;
    write_on(call);
    window.at_once = false;
}

/// All of it is in the cache, or lost.
void Service::window_collected(WritingWindow& window) {
    Node& node = *window.node;
    window.call.active = false;
    window.call.request = nullptr;
    write_windows_.collected(window, !window.at_once);
    // Its file may have been closed meanwhile, without waiting for this.
    if (node.opens == 0) want_clean(node);
    if (has_full_run(node)) to_flush(node);
    nodes_.settle(node);
}

/// Whoever has the file open is told, as of other errors of writes that were answered before.
void Service::window_failed(WritingWindow& window, Error error) {
    stop_waiting(window.call);
    window.node->error = error;
    ++window.node->errors;
    window_collected(window);
}

/// Those who waited for a window go on.
void Service::wake_collected() {
    while (WritingWindow* const window = write_windows_.next_collected()) {
        Node& node = *window->node;
        write_windows_.give(*window);
        wake(node);
        nodes_.settle(node);
    }
}

/// What lies still in a window is not to lie there for ever.
void Service::collect_old() {
    while (WritingWindow* const window = write_windows_.oldest()) {
        if (now_us_ < window->armed_us + window_life_us) return;
        collect(*window);
    }
}

}  // namespace sos::fs::nfs
