// SPDX-License-Identifier: BSD-2-Clause
#include "fs/nfs/node.hpp"

#include <new>

namespace sos::fs::nfs {

Node*& Nodes::bucket_of(const ServerHandle& handle) {
    std::uint64_t hash = 0xcbf2'9ce4'8422'2325;  // FNV-1a
    for (std::uint32_t i = 0; i < handle.size; ++i) {
        hash = (hash ^ static_cast<unsigned char>(handle.bytes[i])) * 0x100'0000'01b3;
    }
    return table_[(hash >> 20) % buckets];
}

Node* Nodes::find(const ServerHandle& handle) {
    Node* node = bucket_of(handle);
    while (node != nullptr && !(node->handle == handle)) node = node->hash_next;
    return node;
}

void Nodes::recycle(Node& node, PageCache& cache) {
    while (!node.pages.empty()) cache.drop(*node.pages.front());
    Node** place = &bucket_of(node.handle);
    while (*place != &node) place = &(*place)->hash_next;
    *place = node.hash_next;
    node.~Node();
}

Node* Nodes::take(const ServerHandle& handle, PageCache& cache) {
    if (Node* const found = find(handle)) return found;
    Node* node = nullptr;
    if (fresh_ < entries_.size()) {
        node = &entries_[fresh_++];
    } else {
        node = idle_.pop_front();
        if (node == nullptr) return nullptr;
        recycle(*node, cache);
    }
    new (node) Node;
    node->handle = handle;
    node->salt = next_salt_++;
    Node*& bucket = bucket_of(handle);
    node->hash_next = bucket;
    bucket = node;
    return node;
}

void Nodes::settle(Node& node) {
    const bool idle = !node.busy();
    if (idle == node.idle_link.linked) return;
    if (idle) {
        idle_.push_back(node);
    } else {
        idle_.remove(node);
    }
}

}  // namespace sos::fs::nfs
