// SPDX-License-Identifier: BSD-2-Clause
#include "fs/nfs/name_cache.hpp"

#include <algorithm>
#include <cstring>

namespace sos::fs::nfs {

std::size_t NameCache::place_of(const ServerHandle& directory, std::string_view name) {
    // Handles differ in the middle or at the end, by server; the name differs most.
    std::uint64_t hash = 0;
    for (const char c : name) hash = hash * 31 + static_cast<unsigned char>(c);
    std::uint64_t word = 0;
    for (std::size_t i = 0; i + sizeof word <= directory.size; i += sizeof word) {
        std::memcpy(&word, directory.bytes + i, sizeof word);
        hash = (hash ^ word) * 0x9e37'79b9'7f4a'7c15;
    }
    return (hash >> 32 ^ hash) % capacity;
}

const NameCache::Entry* NameCache::find(const ServerHandle& directory, std::string_view name,
                                        std::uint64_t now_us) const {
    const Entry& entry = entries_[place_of(directory, name)];
    if (!entry.in_use || now_us - entry.asked_us >= life_us) return nullptr;
    if (std::string_view(entry.name, entry.name_size) != name) return nullptr;
    return entry.directory == directory ? &entry : nullptr;
}

void NameCache::keep(const ServerHandle& directory, std::string_view name,
                     const ServerHandle& object, const fattr3& attributes, std::uint64_t serial,
                     std::uint64_t asked_us) {
    if (serial <= changed_serial_ || name.size() > longest_name) return;
    Entry& entry = entries_[place_of(directory, name)];
    entry.asked_us = asked_us;
    entry.in_use = true;
    entry.name_size = static_cast<std::uint8_t>(name.size());
    std::ranges::copy(name, entry.name);
    entry.directory = directory;
    entry.object = object;
    entry.attributes = attributes;
}

void NameCache::forget_all(std::uint64_t serial) {
    changed_serial_ = serial;
    for (Entry& entry : entries_) entry.in_use = false;
}

void NameCache::forget(const ServerHandle& object, std::uint64_t serial) {
    changed_serial_ = serial;
    for (Entry& entry : entries_) {
        if (entry.in_use && entry.object == object) entry.in_use = false;
    }
}

}  // namespace sos::fs::nfs
