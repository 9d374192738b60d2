// SPDX-License-Identifier: BSD-2-Clause
// TCB invocations that give a thread its spaces, handlers and scheduling parameters.
#include "cap/delete.hpp"
#include "cap/derivation.hpp"
#include "object/sched_context.hpp"
#include "object/tcb_ops.hpp"
#include "sched/scheduler.hpp"

namespace numbat {

namespace {

/// A derived capability and where it came from; null: the slot is to be empty.
struct NewCap {
    Cap cap;
    Slot* source;
};

void install(Tcb& thread, TcbSlot which, const NewCap& value) {
    Slot& slot = thread.slot(which);
    delete_internal_slot(slot);
    if (!value.cap.is_null()) insert_copy(slot, value.cap, *value.source);
}

Result<void> check_no_long_deletion(const Tcb& thread) {
    if (long_running_delete(thread.slot(TcbSlot::cspace)) ||
        long_running_delete(thread.slot(TcbSlot::vspace))) {
        return fail::illegal_operation();
    }
    return {};
}

/// A root of the kind View; `data` != 0 is applied first.
template <typename View>
Result<NewCap> decode_root(Slot& source, std::uint64_t data) {
    Cap cap = source.cap;
    if (data != 0) cap = apply_data(cap, data, DataMode::fresh);
    cap = TRY(derive(source, cap));  // refuses address spaces without ASID
    if (!cap.is<View>()) return fail::illegal_operation();
    return NewCap{cap, &source};
}

/// Address 0 means no buffer, whatever the capability.
Result<NewCap> decode_buffer(Slot& source, std::uint64_t address) {
    if (address == 0) return NewCap{Cap{}, nullptr};
    const Cap cap = TRY(derive(source, source.cap));
    if (!cap.is<FrameCap>() || cap.as<FrameCap>().device()) return fail::illegal_operation();
    if (!base::aligned(address, abi::ipc_buffer_size)) return fail::alignment();
    return NewCap{cap, &source};
}

/// Null, or an endpoint through which a fault can be sent and answered.
Result<NewCap> decode_handler(Slot& source, std::uint64_t number) {
    const Cap cap = source.cap;
    if (cap.is_null()) return NewCap{Cap{}, nullptr};
    if (!cap.is<EndpointCap>()) return fail::invalid_capability(number);
    const auto endpoint = cap.as<EndpointCap>();
    if (!endpoint.can_write() || !(endpoint.can_grant() || endpoint.can_grant_reply())) {
        return fail::invalid_capability(number);
    }
    return NewCap{cap, &source};
}

void install_spaces(Tcb& thread, const NewCap& cspace, const NewCap& vspace) {
    install(thread, TcbSlot::cspace, cspace);
    install(thread, TcbSlot::vspace, vspace);
    if (&thread == core.current) arch::vspace_changed(thread);
}

/// The thread whose MCP bounds what the caller may set.
Result<const Tcb*> decode_authority(const Invocation& invocation) {
    const Cap cap = invocation.extra[0]->cap;
    if (!cap.is<TcbCap>()) return fail::invalid_capability(1);
    return &cap.as<TcbCap>().object();
}

Result<std::uint8_t> decode_priority(std::uint64_t value, const Tcb& authority) {
    if (value > authority.mcp) return fail::range(0, authority.mcp);
    return static_cast<std::uint8_t>(value);
}

void set_mcp(Tcb& thread, std::uint8_t mcp) {
    thread.mcp = mcp;
    arch::mcp_changed(thread);
}

/// The scheduling context of SetSchedParams; null: unbind.
Result<SchedContext*> decode_sched_context(const Invocation& invocation, const Tcb& thread) {
    const Cap cap = invocation.extra[1]->cap;
    if (cap.is_null()) {
        if (&thread == core.current) return fail::illegal_operation();
        return nullptr;
    }
    if (!cap.is<SchedContextCap>()) return fail::invalid_capability(2);
    SchedContext& context = cap.as<SchedContextCap>().object();
    if (thread.sched_context != &context &&
        (thread.sched_context != nullptr || context.tcb != nullptr)) {
        return fail::illegal_operation();
    }
    if (thread.blocked() && !(context.active() && refill::ready(context, core.now))) {
        return fail::illegal_operation();
    }
    return &context;
}

}  // namespace

InvocationResult tcb_configure(Invocation& invocation, Tcb& thread) {
    const std::uint64_t address = invocation.mr(2);
    const NewCap buffer = TRY(decode_buffer(*invocation.extra[2], address));
    TRY(check_no_long_deletion(thread));
    const NewCap cspace = TRY(decode_root<CNodeCap>(*invocation.extra[0], invocation.mr(0)));
    const NewCap vspace = TRY(decode_root<VSpaceCap>(*invocation.extra[1], invocation.mr(1)));
    install_spaces(thread, cspace, vspace);
    install(thread, TcbSlot::ipc_buffer, buffer);
    thread.ipc_buffer = address;
    return Outcome::done;
}

InvocationResult tcb_set_space(Invocation& invocation, Tcb& thread) {
    TRY(check_no_long_deletion(thread));
    const NewCap cspace = TRY(decode_root<CNodeCap>(*invocation.extra[1], invocation.mr(0)));
    const NewCap vspace = TRY(decode_root<VSpaceCap>(*invocation.extra[2], invocation.mr(1)));
    const NewCap handler = TRY(decode_handler(*invocation.extra[0], 1));
    install(thread, TcbSlot::fault_endpoint, handler);
    install_spaces(thread, cspace, vspace);
    return Outcome::done;
}

InvocationResult tcb_set_ipc_buffer(Invocation& invocation, Tcb& thread) {
    const std::uint64_t address = invocation.mr(0);
    const NewCap buffer = TRY(decode_buffer(*invocation.extra[0], address));
    install(thread, TcbSlot::ipc_buffer, buffer);
    thread.ipc_buffer = address;
    return Outcome::done;
}

InvocationResult tcb_set_priority(Invocation& invocation, Tcb& thread) {
    const Tcb& authority = *TRY(decode_authority(invocation));
    set_priority(thread, TRY(decode_priority(invocation.mr(0), authority)));
    return Outcome::done;
}

InvocationResult tcb_set_mc_priority(Invocation& invocation, Tcb& thread) {
    const Tcb& authority = *TRY(decode_authority(invocation));
    set_mcp(thread, TRY(decode_priority(invocation.mr(0), authority)));
    return Outcome::done;
}

InvocationResult tcb_set_sched_params(Invocation& invocation, Tcb& thread) {
    const Tcb& authority = *TRY(decode_authority(invocation));
    const std::uint8_t mcp = TRY(decode_priority(invocation.mr(0), authority));
    const std::uint8_t priority = TRY(decode_priority(invocation.mr(1), authority));
    SchedContext* context = TRY(decode_sched_context(invocation, thread));
    const NewCap handler = TRY(decode_handler(*invocation.extra[2], 3));
    install(thread, TcbSlot::fault_endpoint, handler);
    set_mcp(thread, mcp);
    set_priority(thread, priority);
    if (context == nullptr) {
        if (thread.sched_context != nullptr) unbind_tcb(*thread.sched_context);
    } else if (thread.sched_context != context) {
        bind_tcb(*context, thread);
    }
    return Outcome::done;
}

InvocationResult tcb_set_timeout_endpoint(Invocation& invocation, Tcb& thread) {
    const NewCap handler = TRY(decode_handler(*invocation.extra[0], 1));
    install(thread, TcbSlot::timeout_endpoint, handler);
    return Outcome::done;
}

}  // namespace numbat
