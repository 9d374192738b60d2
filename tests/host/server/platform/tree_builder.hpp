// SPDX-License-Identifier: BSD-2-Clause
// Builds flattened device trees, good and damaged ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

class TreeBuilder {
  public:
    using Bytes = std::vector<std::byte>;

    TreeBuilder& begin(std::string_view name) {
        word(1);
        text(name);
        return *this;
    }
    TreeBuilder& end() {
        word(2);
        return *this;
    }
    TreeBuilder& cells(std::string_view name, std::initializer_list<std::uint32_t> values) {
        header(name, values.size() * 4);
        for (const std::uint32_t value : values) word(value);
        return *this;
    }
    /// `value` with a NUL; NULs inside separate the strings of a list.
    TreeBuilder& string(std::string_view name, std::string_view value) {
        header(name, value.size() + 1);
        text(value);
        return *this;
    }
    TreeBuilder& data(std::string_view name, std::string_view value) {
        header(name, value.size());
        for (char c : value) structure_.push_back(static_cast<std::byte>(c));
        pad();
        return *this;
    }
    TreeBuilder& token(std::uint32_t value) {
        word(value);
        return *this;
    }

    Bytes build() {
        Bytes all;
        const auto structure = static_cast<std::uint32_t>(40 + 16);
        const auto strings = structure + static_cast<std::uint32_t>(structure_.size());
        const auto total = strings + static_cast<std::uint32_t>(strings_.size());
        for (const std::uint32_t value : {0xd00dfeedu, total, structure, strings, 40u, 17u, 16u, 0u,
                                          static_cast<std::uint32_t>(strings_.size()),
                                          static_cast<std::uint32_t>(structure_.size())})
            put(all, value);
        all.resize(structure);
        all.insert(all.end(), structure_.begin(), structure_.end());
        for (char c : strings_) all.push_back(static_cast<std::byte>(c));
        return all;
    }

    static void put(Bytes& bytes, std::uint32_t value) {
        for (int shift = 24; shift >= 0; shift -= 8)
            bytes.push_back(static_cast<std::byte>(value >> shift));
    }
    static void set(Bytes& bytes, std::size_t offset, std::uint32_t value) {
        for (int i = 0; i < 4; ++i)
            bytes[offset + static_cast<std::size_t>(i)] =
                static_cast<std::byte>(value >> (24 - 8 * i));
    }

  private:
    void word(std::uint32_t value) { put(structure_, value); }
    void text(std::string_view value) {
        for (char c : value) structure_.push_back(static_cast<std::byte>(c));
        structure_.push_back(std::byte{0});
        pad();
    }
    void pad() {
        while (structure_.size() % 4 != 0) structure_.push_back(std::byte{0});
    }
    void header(std::string_view name, std::size_t length) {
        word(3);
        word(static_cast<std::uint32_t>(length));
        auto [place, added] = offsets_.try_emplace(std::string(name), strings_.size());
        if (added) strings_ += std::string(name) + '\0';
        word(static_cast<std::uint32_t>(place->second));
    }

    Bytes structure_;
    std::string strings_;
    std::map<std::string, std::size_t> offsets_;
};
