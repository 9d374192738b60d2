// SPDX-License-Identifier: BSD-2-Clause
// System calls of one thread on objects and capabilities: the root task's own.
#include "meter.hpp"
#include "support.hpp"

namespace bench {
namespace {

using abi::Invocation;
using abi::ObjectType;
using abi::Syscall;

/// One invocation that must succeed.
void invoke(Meter& meter, Registers registers) {
    meter.add(timed(registers, client_before), client_before);
    if (abi::MessageInfo{registers.x[1]}.label() != 0) {
        target::fail_values(__FILE__, __LINE__, "an invocation",
                            abi::MessageInfo{registers.x[1]}.label(), 0);
    }
}

void null_call(Env& env) {
    env.begin_case();
    Meter meter;
    const CPtr empty = env.slots();
    for (unsigned i = 0; i < Meter::rounds; ++i) {
        Registers registers = send_registers(Syscall::nb_send, empty);
        meter.add(timed(registers, client_before), client_before);
    }
    env.end_case();
    meter.report("null");
}

void mapping(Env& env) {
    env.begin_case();
    Meter map, unmap;
    const CPtr frame = env.make(ObjectType::small_page);
    for (unsigned i = 0; i < Meter::rounds; ++i) {
        invoke(map, invocation_registers(frame, Invocation::page_map,
                                         {Env::free_pages.raw(), abi::rights::read_write.word,
                                          abi::page_attributes::normal},
                                         {Env::vspace}));
        invoke(unmap, invocation_registers(frame, Invocation::page_unmap, {}));
    }
    env.end_case();
    map.report("map");
    unmap.report("unmap");
}

void objects(Env& env) {
    env.begin_case();
    Meter retype, remove, copy, remove_copy;
    env.make(ObjectType::endpoint);  // a child that stays: the untyped is not reset
    const std::uint64_t slot = env.slots().raw(), second = env.slots().raw();
    constexpr std::uint64_t depth = 64;
    const auto endpoint_type = static_cast<std::uint64_t>(ObjectType::endpoint);
    for (unsigned i = 0; i < Meter::rounds; ++i) {
        invoke(retype, invocation_registers(env.untyped, Invocation::untyped_retype,
                                            {endpoint_type, 0, 0, 0, slot, 1}, {Env::cnode}));
        invoke(copy, invocation_registers(Env::cnode, Invocation::cnode_copy,
                                          {second, depth, slot, depth, abi::rights::all.word},
                                          {Env::cnode}));
        invoke(remove_copy,
               invocation_registers(Env::cnode, Invocation::cnode_delete, {second, depth}));
        invoke(remove, invocation_registers(Env::cnode, Invocation::cnode_delete, {slot, depth}));
    }
    env.end_case();
    retype.report("retype");
    remove.report("delete");
    copy.report("copy");
    remove_copy.report("delete_copy");
}

}  // namespace

void measure_objects(Env& env) {
    null_call(env);
    mapping(env);
    objects(env);
}

}  // namespace bench
