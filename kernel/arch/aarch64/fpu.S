// SPDX-License-Identifier: BSD-2-Clause
// FP and SIMD registers to and from an arch::FpuState. The caller has enabled access.

        .arch_extension fp
        .arch_extension simd

        .macro  each_four operation
        \operation      {v0.2d-v3.2d}, [x0], #64
        \operation      {v4.2d-v7.2d}, [x0], #64
        \operation      {v8.2d-v11.2d}, [x0], #64
        \operation      {v12.2d-v15.2d}, [x0], #64
        \operation      {v16.2d-v19.2d}, [x0], #64
        \operation      {v20.2d-v23.2d}, [x0], #64
        \operation      {v24.2d-v27.2d}, [x0], #64
        \operation      {v28.2d-v31.2d}, [x0], #64
        .endm

        .text
        .global fpu_save
fpu_save:
        each_four st1
        mrs     x1, fpsr
        mrs     x2, fpcr
        stp     x1, x2, [x0]
        ret

        .global fpu_load
fpu_load:
        each_four ld1
        ldp     x1, x2, [x0]
        msr     fpsr, x1
        msr     fpcr, x2
        ret
