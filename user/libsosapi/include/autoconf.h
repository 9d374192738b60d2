// SPDX-License-Identifier: BSD-2-Clause
/* The kernel's configuration, by the names that programs ask for it. */
#pragma once

#define CONFIG_ARCH_AARCH64 1
#define CONFIG_ARCH_ARM 1
#define CONFIG_WORD_SIZE 64
#define CONFIG_KERNEL_MCS 1
#define CONFIG_PLAT_QEMU_ARM_VIRT 1
#define CONFIG_PRINTING 1
#define CONFIG_MAX_NUM_NODES 1
#define CONFIG_NUM_PRIORITIES 256
#define CONFIG_EXPORT_PMU_USER 1
#define CONFIG_EXPORT_PCNT_USER 1
