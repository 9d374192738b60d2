// SPDX-License-Identifier: BSD-2-Clause
#include "fs/path.hpp"

#include <algorithm>

namespace sos::fs {

namespace {

/// The result so far, "/a/b" or "" for the root, in the caller's buffer.
class Builder {
  public:
    explicit Builder(std::span<char> into) : into_(into) {}

    Result<void> push(std::string_view name) {
        // One byte for the slash, one for the NUL.
        if (name.size() > max_name || name.size() + 2 > into_.size() - size_) {
            return std::unexpected(Error::name_too_long);
        }
        into_[size_++] = '/';
        std::copy(name.begin(), name.end(), into_.begin() + static_cast<std::ptrdiff_t>(size_));
        size_ += name.size();
        return {};
    }

    void pop() {
        while (size_ > 0 && into_[--size_] != '/') {
        }
    }

    std::string_view finish() {
        if (size_ == 0) into_[size_++] = '/';
        into_[size_] = '\0';
        return {into_.data(), size_};
    }

  private:
    std::span<char> into_;
    std::size_t size_ = 0;
};

Result<void> append(Builder& builder, std::string_view path) {
    while (!path.empty()) {
        const std::size_t slash = std::min(path.find('/'), path.size());
        const std::string_view name = path.substr(0, slash);
        path.remove_prefix(std::min(slash + 1, path.size()));
        if (name.empty() || name == ".") continue;
        if (name == "..") {
            builder.pop();
        } else {
            TRY(builder.push(name));
        }
    }
    return {};
}

}  // namespace

Result<std::string_view> normalise_path(std::string_view directory, std::string_view path,
                                        std::span<char> into) {
    if (path.empty()) return std::unexpected(Error::not_found);
    if (into.size() < 2) return std::unexpected(Error::name_too_long);
    Builder builder(into);
    if (path.front() != '/') TRY(append(builder, directory));
    TRY(append(builder, path));
    return builder.finish();
}

bool names_directory(std::string_view path) {
    const std::size_t slash = path.rfind('/');
    const std::string_view last =
        slash == path.npos ? path : std::string_view(path.begin() + slash + 1, path.end());
    return last.empty() || last == "." || last == "..";
}

LastComponent last_component(std::string_view path) {
    path = path.substr(0, path.find_last_not_of('/') + 1);
    const std::string_view last = path.substr(path.rfind('/') + 1);
    if (last == ".") return LastComponent::dot;
    return last == ".." ? LastComponent::dot_dot : LastComponent::name;
}

}  // namespace sos::fs
