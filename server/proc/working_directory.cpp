// SPDX-License-Identifier: BSD-2-Clause
#include "proc/working_directory.hpp"

#include <utility>

#include "abi/sos_syscall.hpp"

namespace sos::proc {

Result<void> WorkingDirectory::set(std::string_view path) {
    ASSERT(path.size() < abi::max_path);
    res::ServerPages far;
    if (path.size() >= near_size) far = TRY(res::map_pages(abi::max_path / res::page_size));
    char* const to = far.valid() ? reinterpret_cast<char*>(far.data()) : near_;
    path.copy(to, path.size());
    to[path.size()] = '\0';
    far_ = std::move(far);
    length_ = path.size();
    return {};
}

void WorkingDirectory::clear() {
    far_.reset();
    length_ = 0;
    near_[0] = '\0';
}

}  // namespace sos::proc
