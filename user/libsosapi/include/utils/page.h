// SPDX-License-Identifier: BSD-2-Clause
/* The size of a page. */
#pragma once

#define PAGE_BITS_4K 12
#define PAGE_SIZE_4K (1ul << PAGE_BITS_4K)
#define PAGE_MASK_4K (~(PAGE_SIZE_4K - 1))
#define PAGE_ALIGN_4K(address) ((address)&PAGE_MASK_4K)
#define IS_ALIGNED_4K(address) (((address) & (PAGE_SIZE_4K - 1)) == 0)
