// SPDX-License-Identifier: BSD-2-Clause
// Included by contract.hpp: the fake architecture defines everything in fake_arch.cpp.
#pragma once
