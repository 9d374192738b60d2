// SPDX-License-Identifier: BSD-2-Clause
// Messages from thread to thread: words, capabilities, badges (sel4-abi 3). Nothing of the receiver
// is written beyond the length.
#pragma once

#include <algorithm>

#include "abi/ipc_buffer.hpp"
#include "api/sys_error.hpp"
#include "arch/contract.hpp"
#include "object/tcb.hpp"

namespace numbat {

enum class BufferUse : std::uint8_t { send, receive };

/// The thread's IPC buffer through the physical window; null if it has none of that use.
inline abi::IpcBuffer* ipc_buffer_of(const Tcb& thread, BufferUse use) {
    const Cap cap = thread.slot(TcbSlot::ipc_buffer).cap;
    if (!cap.is<FrameCap>()) return nullptr;
    const auto frame = cap.as<FrameCap>();
    if (frame.rights() == FrameRights::none ||
        (use == BufferUse::receive && frame.rights() != FrameRights::read_write)) {
        return nullptr;
    }
    const std::uint64_t offset = thread.ipc_buffer & base::mask(frame.size_bits());
    return static_cast<abi::IpcBuffer*>(arch::kernel_pointer(frame.paddr() + offset));
}

/// Words that a message info word stands for.
inline std::uint64_t message_length(abi::MessageInfo info) {
    return std::min(info.length(), abi::max_message_length);
}

/// Writes message words one after the other: registers first, then the buffer, if there is one.
class MessageWriter {
  public:
    explicit MessageWriter(Tcb& receiver) : receiver_(receiver) {}
    void put(std::uint64_t word) {
        if (length_ < abi::message_registers) {
            receiver_.context.set_mr(length_, word);
        } else {
            if (length_ == abi::message_registers) {
                buffer_ = ipc_buffer_of(receiver_, BufferUse::receive);
            }
            if (buffer_ == nullptr) return;
            buffer_->msg[length_] = word;
        }
        ++length_;
    }
    unsigned length() const { return length_; }

  private:
    Tcb& receiver_;
    abi::IpcBuffer* buffer_ = nullptr;
    unsigned length_ = 0;
};

/// Copies message words; returns how many, which are those in registers if a buffer is missing.
std::uint64_t copy_words(const Tcb& sender, Tcb& receiver, std::uint64_t length);

enum class Grant : std::uint8_t { no, yes };

/// Copies the sender's message (or its fault) to the receiver. `endpoint` is what it went through,
/// null for a reply; capabilities go along only with `grant`.
void transfer_message(Tcb& sender, const Endpoint* endpoint, std::uint64_t badge, Grant grant,
                      Tcb& receiver);

/// The reply of a Call that failed.
void reply_error(Tcb& caller, const SysError& error);

}  // namespace numbat
