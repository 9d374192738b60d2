// SPDX-License-Identifier: BSD-2-Clause
// The lines that say why a program was killed.
#pragma once

#include "error.hpp"
#include "proc/program_fault.hpp"

namespace sos::proc {

class Process;

/// One line: program, what it did, where; and a second one with the calls that led there.
void report_fault(Process& process, const ProgramFault& fault, Error reason);

}  // namespace sos::proc
