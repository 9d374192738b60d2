// SPDX-License-Identifier: BSD-2-Clause
#include "fake_kernel.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>

#include "base/bits.hpp"

// The fake knows a part of the kernel only; the rest goes to `default`.
#pragma GCC diagnostic ignored "-Wswitch-enum"

namespace {
abi::IpcBuffer ipc_buffer;
}
extern "C" {
__thread abi::IpcBuffer* sel4_ipc_buffer = &ipc_buffer;
}

namespace sel4 {

Received call(CPtr destination, abi::MessageInfo info, const Words& words) {
    return fake::FakeKernel::current->call(destination.raw(), info, words);
}

}  // namespace sel4

namespace fake {

using abi::CapTag;
using abi::Error;
using abi::Invocation;

namespace {

constexpr std::uint64_t server_asid = 1;
constexpr std::uint64_t device_page = 0x0900'0000;
constexpr unsigned device_bits = 24;

/// What the fake itself relies on.
void require(bool condition) {
    if (!condition) std::abort();
}

constexpr unsigned level_shift(unsigned level) {
    return 12 + 9 * (4 - level);  // coverage of a table at `level` 1, 2, 3
}

CapTag tag_of(abi::ObjectType type) {
    switch (type) {
        case abi::ObjectType::untyped:
            return CapTag::untyped;
        case abi::ObjectType::tcb:
            return CapTag::tcb;
        case abi::ObjectType::endpoint:
            return CapTag::endpoint;
        case abi::ObjectType::notification:
            return CapTag::notification;
        case abi::ObjectType::cnode:
            return CapTag::cnode;
        case abi::ObjectType::sched_context:
            return CapTag::sched_context;
        case abi::ObjectType::reply:
            return CapTag::reply;
        case abi::ObjectType::vspace:
            return CapTag::vspace;
        case abi::ObjectType::page_table:
            return CapTag::page_table;
        case abi::ObjectType::small_page:
        case abi::ObjectType::large_page:
        case abi::ObjectType::huge_page:
            return CapTag::frame;
    }
    return CapTag::null;
}

}  // namespace

FakeKernel* FakeKernel::current = nullptr;

FakeKernel::FakeKernel(const std::vector<unsigned>& boot_pieces) {
    current = this;
    for (unsigned bits : boot_pieces) memory_size_ += std::size_t{1} << bits;
    memory_file_ = memfd_create("physical", 0);
    require(ftruncate(memory_file_, static_cast<off_t>(memory_size_)) == 0);
    memory_ = static_cast<std::byte*>(
        mmap(nullptr, memory_size_, PROT_READ | PROT_WRITE, MAP_SHARED, memory_file_, 0));

    boot_cnode_ = std::make_shared<Object>();
    boot_cnode_->tag = CapTag::cnode;
    boot_cnode_->slots.resize(1 << abi::root_cnode_bits);
    const auto put = [&](std::uint64_t slot, CapTag tag) {
        Cap cap;
        cap.tag = tag;
        cap.object = std::make_shared<Object>();
        cap.object->tag = tag;
        fill(root_slot(slot), cap, nullptr);
    };
    Cap cnode;
    cnode.tag = CapTag::cnode;
    cnode.object = boot_cnode_;
    cnode.guard_bits = 64 - abi::root_cnode_bits;
    fill(root_slot(abi::init_cap::cnode), cnode, nullptr);
    cspace_root_ = cnode;
    ++boot_cnode_->capabilities;  // the thread's copy
    put(abi::init_cap::tcb, CapTag::tcb);
    put(abi::init_cap::vspace, CapTag::vspace);
    put(abi::init_cap::irq_control, CapTag::irq_control);
    put(abi::init_cap::asid_control, CapTag::asid_control);
    put(abi::init_cap::asid_pool, CapTag::asid_pool);
    Object* server = root_slot(abi::init_cap::vspace).cap.object.get();
    server->asid = server_asid;
    asids_[server_asid] = server;

    std::uint64_t slot = 64;
    boot_info_.untyped.start = slot;
    const auto add_untyped = [&](std::uint64_t paddr, unsigned bits, bool device) {
        Cap cap;
        cap.tag = CapTag::untyped;
        cap.paddr = paddr;
        cap.size_bits = bits;
        cap.device = device;
        cap.watermark = std::uint64_t{1} << bits;  // full, so that its first reset clears it all
        boot_info_.untyped_list[slot - boot_info_.untyped.start] = {
            paddr, static_cast<std::uint8_t>(bits), device, {}};
        fill(root_slot(slot++), cap, nullptr);
    };
    add_untyped(device_page, device_bits, true);
    std::uint64_t paddr = memory_base;
    for (unsigned bits : boot_pieces) {
        add_untyped(paddr, bits, false);
        paddr += std::uint64_t{1} << bits;
    }
    boot_info_.untyped.end = slot;
    boot_info_.empty = {slot, 1 << abi::root_cnode_bits};
}

FakeKernel::~FakeKernel() {
    munmap(memory_, memory_size_);
    close(memory_file_);
    current = nullptr;
}

std::uint64_t FakeKernel::argument(unsigned index) const {
    return index < abi::message_registers ? words_.mr[index] : ipc_buffer.msg[index];
}

Slot* FakeKernel::extra(unsigned index) {
    return find(ipc_buffer.caps_or_badges[index]);
}

Slot* FakeKernel::resolve(Cap root, std::uint64_t index, std::uint64_t depth, bool exact) {
    Cap node = root;
    std::uint64_t left = depth;
    while (true) {
        if (node.tag != CapTag::cnode) return nullptr;
        const auto radix = static_cast<unsigned>(std::countr_zero(node.object->slots.size()));
        if (node.guard_bits + radix > left) return nullptr;
        left -= node.guard_bits;
        if (node.guard_bits > 0 && base::bits(index, static_cast<unsigned>(left),
                                              static_cast<unsigned>(node.guard_bits)) != 0) {
            return nullptr;  // all guards here are zeros
        }
        left -= radix;
        Slot& slot = node.object->slots[base::bits(index, static_cast<unsigned>(left), radix)];
        if (left == 0) return &slot;
        if (slot.cap.tag != CapTag::cnode) return exact ? nullptr : &slot;
        node = slot.cap;
    }
}

Slot* FakeKernel::find(std::uint64_t cptr, unsigned depth) {
    return resolve(cspace_root_, cptr, depth, false);
}

Object* FakeKernel::vspace_of(std::uint64_t asid) {
    const auto found = asids_.find(asid);
    return found == asids_.end() ? nullptr : found->second;
}

void FakeKernel::fill(Slot& slot, Cap cap, Slot* parent) {
    require(slot.empty());
    if (cap.object) ++cap.object->capabilities;
    slot.cap = std::move(cap);
    slot.parent = parent;
    if (parent != nullptr) parent->children.insert(&slot);
    ++capabilities_;
}

void FakeKernel::unmap_frame(Cap& frame) {
    if (frame.asid == 0) return;
    Object* space = vspace_of(frame.asid);
    if (space != nullptr) {
        const auto found = space->pages.find(frame.vaddr);
        if (found != space->pages.end() && found->second.paddr == frame.paddr) {
            space->pages.erase(found);
            if (frame.asid == server_asid) {
                mmap(reinterpret_cast<void*>(frame.vaddr), std::size_t{1} << frame.size_bits,
                     PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
            }
        }
    }
    frame.asid = 0;
}

void FakeKernel::finalise(Object& object, Cap& cap) {
    if (object.tag == CapTag::vspace && object.asid != 0) asids_.erase(object.asid);
    if (object.tag == CapTag::page_table && cap.asid != 0) {
        if (Object* space = vspace_of(cap.asid)) {
            space->tables.erase({object.level, cap.vaddr >> level_shift(object.level)});
        }
    }
    for (Slot& slot : object.slots) remove(slot);
}

void FakeKernel::remove(Slot& slot) {
    if (slot.empty()) return;
    if (slot.cap.tag == CapTag::frame) unmap_frame(slot.cap);
    if (slot.cap.object && --slot.cap.object->capabilities == 0) {
        const std::shared_ptr<Object> keep = slot.cap.object;
        finalise(*keep, slot.cap);
    }
    for (Slot* child : slot.children) {
        child->parent = slot.parent;
        if (slot.parent != nullptr) slot.parent->children.insert(child);
    }
    if (slot.parent != nullptr) slot.parent->children.erase(&slot);
    slot = {};
    --capabilities_;
}

void FakeKernel::revoke(Slot& slot) {
    while (!slot.children.empty()) {
        Slot* child = *slot.children.begin();
        revoke(*child);
        remove(*child);
    }
}

FakeKernel::Outcome FakeKernel::retype(Slot& untyped) {
    Cap& cap = untyped.cap;
    const auto type = static_cast<abi::ObjectType>(argument(0));
    const auto size_bits = static_cast<unsigned>(argument(1));
    if (info_.length() < 6 || info_.extra_caps() < 1) return Failure{Error::truncated_message, {}};
    if (argument(0) >= abi::object_type_count) return Failure{Error::invalid_argument, {}};
    const unsigned bits = abi::object_size_bits(type, size_bits);
    if (type == abi::ObjectType::cnode && size_bits == 0)
        return Failure{Error::invalid_argument, {}};
    if (type == abi::ObjectType::untyped && size_bits < 4)
        return Failure{Error::invalid_argument, {}};
    if (type == abi::ObjectType::sched_context && size_bits < 7) {
        return Failure{Error::invalid_argument, {}};
    }
    Slot* node = extra(0);
    if (argument(3) != 0) node = resolve(node->cap, argument(2), argument(3), true);
    if (node == nullptr || node->cap.tag != CapTag::cnode) return Failure{Error::failed_lookup, {}};
    std::vector<Slot>& slots = node->cap.object->slots;
    const std::uint64_t offset = argument(4);
    const std::uint64_t count = argument(5);
    if (offset >= slots.size() || count < 1 || count > abi::max_retype_objects ||
        count > slots.size() - offset) {
        return Failure{Error::range_error, {}};
    }
    for (std::uint64_t i = 0; i < count; ++i) {
        if (!slots[offset + i].empty()) return Failure{Error::delete_first, {}};
    }
    const bool fresh = untyped.children.empty();
    const std::uint64_t size = base::bit(cap.size_bits);
    const std::uint64_t start = fresh ? 0 : base::align_up(cap.watermark, base::bit(bits));
    const std::uint64_t free = size - (fresh ? 0 : cap.watermark);
    if ((free >> bits) < count) return Failure{Error::not_enough_memory, {free}};
    if (cap.device && type != abi::ObjectType::untyped && type != abi::ObjectType::small_page) {
        return Failure{Error::invalid_argument, {1}};
    }
    // As on Numbat: when all of it becomes untypeds, these have the clearing still to do.
    const bool hand_on =
        fresh && cap.watermark != 0 && type == abi::ObjectType::untyped && count << bits == size;
    if (fresh && !cap.device && !hand_on) {
        std::memset(physical(cap.paddr), 0, cap.watermark);
        bytes_cleared_ += cap.watermark;
    }
    for (std::uint64_t i = 0; i < count; ++i) {
        Cap made;
        made.tag = tag_of(type);
        made.paddr = cap.paddr + start + (i << bits);
        made.size_bits = bits;
        made.device = cap.device;
        if (hand_on) made.watermark = base::bit(bits);
        if (type != abi::ObjectType::untyped && made.tag != CapTag::frame) {
            made.object = std::make_shared<Object>();
            made.object->tag = made.tag;
            if (type == abi::ObjectType::cnode) made.object->slots.resize(base::bit(size_bits));
        }
        fill(slots[offset + i], made, &untyped);
    }
    cap.watermark = start + (count << bits);
    return {};
}

FakeKernel::Outcome FakeKernel::copy_like(Slot& to, Invocation label) {
    Slot* root = extra(0);
    if (!to.empty()) return Failure{Error::delete_first, {}};
    Slot* from = root == nullptr ? nullptr : resolve(root->cap, argument(2), argument(3), true);
    if (from == nullptr || from->empty()) return Failure{Error::failed_lookup, {1}};
    if (label == Invocation::cnode_move) {
        Cap cap = from->cap;
        Slot* parent = from->parent;
        std::set<Slot*> children = from->children;
        if (cap.object) ++cap.object->capabilities;  // remove() must not see the last one
        remove(*from);
        if (cap.object) --cap.object->capabilities;
        fill(to, cap, parent);
        for (Slot* child : children) {
            if (child->parent != nullptr) child->parent->children.erase(child);
            child->parent = &to;
            to.children.insert(child);
        }
        return {};
    }
    Cap cap = from->cap;
    if (cap.tag == CapTag::irq_control) return Failure{Error::illegal_operation, {}};
    if (cap.tag == CapTag::untyped && !from->children.empty())
        return Failure{Error::revoke_first, {}};
    if (cap.tag == CapTag::page_table && cap.asid == 0)
        return Failure{Error::illegal_operation, {}};
    if (cap.tag == CapTag::frame) cap.asid = cap.vaddr = 0;
    cap.rights.word &= argument(4);
    Slot* parent = from->parent;
    if (label == Invocation::cnode_mint) {
        if (cap.tag == CapTag::cnode) cap.guard_bits = argument(5) & 63;
        if (cap.tag == CapTag::endpoint || cap.tag == CapTag::notification) {
            if (cap.badge != 0) return Failure{Error::illegal_operation, {}};
            cap.badge = argument(5);
            parent = from;
        }
    }
    fill(to, cap, parent);
    return {};
}

FakeKernel::Outcome FakeKernel::cnode(Slot& invoked, Invocation label) {
    Slot* slot = resolve(invoked.cap, argument(0), argument(1), true);
    if (slot == nullptr) return Failure{Error::failed_lookup, {0}};
    switch (label) {
        case Invocation::cnode_delete:
            remove(*slot);
            return {};
        case Invocation::cnode_revoke:
            revoke(*slot);
            return {};
        default:
            return copy_like(*slot, label);
    }
}

void FakeKernel::map_server_page(const Cap& frame, std::uint64_t vaddr) {
    const std::size_t size = std::size_t{1} << frame.size_bits;
    void* at = reinterpret_cast<void*>(vaddr);
    void* got = frame.device ? mmap(at, size, PROT_READ | PROT_WRITE,
                                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0)
                             : mmap(at, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
                                    memory_file_, static_cast<off_t>(frame.paddr - memory_base));
    require(got == at);
}

FakeKernel::Outcome FakeKernel::page_map(Slot& slot) {
    Cap& frame = slot.cap;
    Slot* space_slot = extra(0);
    if (space_slot == nullptr || space_slot->cap.tag != CapTag::vspace ||
        space_slot->cap.object->asid == 0) {
        return Failure{Error::invalid_capability, {1}};
    }
    Object* space = space_slot->cap.object.get();
    const std::uint64_t vaddr = argument(0);
    if (!base::aligned(vaddr, base::bit(frame.size_bits)))
        return Failure{Error::alignment_error, {}};
    if (frame.asid != 0 && frame.asid != space->asid)
        return Failure{Error::invalid_capability, {1}};
    if (frame.asid != 0 && frame.vaddr != vaddr) return Failure{Error::invalid_argument, {0}};
    if (vaddr > abi::user_top) return Failure{Error::invalid_argument, {0}};
    const unsigned last = frame.size_bits == abi::small_page_bits ? 3 : 2;
    for (unsigned level = 1; level <= last; ++level) {
        if (!space->tables.contains({level, vaddr >> level_shift(level)})) {
            return Failure{Error::failed_lookup, {0, 2, level_shift(level)}};
        }
    }
    if (last == 2 && space->tables.contains({3, vaddr >> level_shift(3)})) {
        return Failure{Error::failed_lookup, {0, 2, 12}};
    }
    frame.asid = space->asid;
    frame.vaddr = vaddr;
    space->pages[vaddr] = {frame.paddr, argument(1) & frame.rights.word & 3, argument(2)};
    if (space->asid == server_asid) map_server_page(frame, vaddr);
    return {};
}

FakeKernel::Outcome FakeKernel::page_table_map(Slot& slot) {
    Cap& table = slot.cap;
    if (table.asid != 0) return Failure{Error::invalid_capability, {0}};
    Slot* space_slot = extra(0);
    if (space_slot == nullptr || space_slot->cap.tag != CapTag::vspace ||
        space_slot->cap.object->asid == 0) {
        return Failure{Error::invalid_capability, {1}};
    }
    Object* space = space_slot->cap.object.get();
    for (unsigned level = 1; level <= 3; ++level) {
        if (space->tables.contains({level, argument(0) >> level_shift(level)})) continue;
        space->tables.insert({level, argument(0) >> level_shift(level)});
        table.object->level = level;
        table.asid = space->asid;
        table.vaddr = argument(0);
        return {};
    }
    return Failure{Error::delete_first, {}};
}

FakeKernel::Outcome FakeKernel::make_pool() {
    Slot* untyped = extra(0);
    Slot* root = extra(1);
    if (untyped == nullptr || untyped->cap.tag != CapTag::untyped || untyped->cap.size_bits != 12) {
        return Failure{Error::invalid_capability, {1}};
    }
    if (!untyped->children.empty()) return Failure{Error::revoke_first, {}};
    Slot* to = resolve(root->cap, argument(0), argument(1), true);
    if (to == nullptr) return Failure{Error::failed_lookup, {}};
    if (!to->empty()) return Failure{Error::delete_first, {}};
    Cap cap;
    cap.tag = CapTag::asid_pool;
    cap.object = std::make_shared<Object>();
    cap.object->tag = CapTag::asid_pool;
    cap.object->asid = 512 * pools_++;
    fill(*to, cap, untyped);
    return {};
}

FakeKernel::Outcome FakeKernel::assign_asid() {
    Slot* space = extra(0);
    const Slot* pool = find(ipc_buffer.user_data);
    if (space == nullptr || space->cap.tag != CapTag::vspace || space->cap.object->asid != 0) {
        return Failure{Error::invalid_capability, {1}};
    }
    const std::uint64_t first = pool->cap.object->asid;
    for (std::uint64_t asid = std::max<std::uint64_t>(first, 1); asid < first + 512; ++asid) {
        if (asids_.contains(asid)) continue;
        space->cap.object->asid = asid;
        asids_[asid] = space->cap.object.get();
        return {};
    }
    return Failure{Error::delete_first, {}};
}

FakeKernel::Outcome FakeKernel::take_irq() {
    if (argument(0) > 159) return Failure{Error::range_error, {0, 159}};
    if (argument(0) == 27 || irqs_.contains(argument(0))) return Failure{Error::revoke_first, {}};
    Slot* to = resolve(extra(0)->cap, argument(2), argument(3), true);
    if (to == nullptr || !to->empty()) return Failure{Error::delete_first, {}};
    irqs_.insert(argument(0));
    Cap cap;
    cap.tag = CapTag::irq_handler;
    fill(*to, cap, nullptr);
    return {};
}

FakeKernel::Outcome FakeKernel::dispatch(Slot& invoked, Invocation label, std::uint64_t* result) {
    switch (invoked.cap.tag) {
        case CapTag::untyped:
            return retype(invoked);
        case CapTag::cnode:
            return cnode(invoked, label);
        case CapTag::frame:
            if (label == Invocation::page_map) return page_map(invoked);
            if (label == Invocation::page_unmap) unmap_frame(invoked.cap);
            if (label == Invocation::page_get_address) *result = invoked.cap.paddr;
            if (label == Invocation::page_unify_instruction && invoked.cap.asid == 0) {
                return Failure{Error::illegal_operation, {}};
            }
            return {};
        case CapTag::page_table:
            return page_table_map(invoked);
        case CapTag::asid_control:
            return make_pool();
        case CapTag::asid_pool:
            return assign_asid();
        case CapTag::irq_control:
            return take_irq();
        case CapTag::tcb:
            if (label == Invocation::tcb_set_space) {
                cspace_root_ = extra(1)->cap;
                ++cspace_root_.object->capabilities;
                --boot_cnode_->capabilities;
            }
            return {};
        default:
            return {};
    }
}

sel4::Received FakeKernel::call(std::uint64_t cptr, abi::MessageInfo info,
                                const sel4::Words& words) {
    ++calls_;
    ++calls_by_label_[info.label() % calls_by_label_.size()];
    words_ = words;
    info_ = info;
    ipc_buffer.user_data = cptr;  // for assign_asid, which has the pool as its object
    Slot* invoked = find(cptr);
    Outcome failure;
    std::uint64_t result = words.mr[0];
    if (calls_ == fail_at_) {
        failure = Failure{Error::not_enough_memory, {}};
    } else if (invoked == nullptr || invoked->empty()) {
        failure = Failure{Error::invalid_capability, {0}};
    } else {
        failure = dispatch(*invoked, static_cast<Invocation>(info.label()), &result);
    }
    if (!failure) return {{}, abi::MessageInfo::make(0, 0), {{result, 0, 0, 0}}};
    return {{},
            abi::MessageInfo::make(static_cast<std::uint64_t>(failure->error), 3),
            {{failure->words[0], failure->words[1], failure->words[2], 0}}};
}

std::optional<Mapping> FakeKernel::mapping(std::uint64_t vspace, std::uint64_t vaddr) {
    Slot* slot = find(vspace);
    if (slot == nullptr || slot->cap.tag != CapTag::vspace) return std::nullopt;
    const auto found = slot->cap.object->pages.find(vaddr);
    if (found == slot->cap.object->pages.end()) return std::nullopt;
    return found->second;
}

std::size_t FakeKernel::mapped_pages(std::uint64_t vspace) {
    Slot* slot = find(vspace);
    return slot == nullptr || !slot->cap.object ? 0 : slot->cap.object->pages.size();
}

}  // namespace fake
