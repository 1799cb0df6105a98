/* SPDX-License-Identifier: BSD-2-Clause */
/* The start of a program on QEMU's MPS2 machines: code at 0, RAM at 0x20000000, zero when the machine starts. */
    .syntax unified
    .thumb
    .section .start, "a"
    .word stack_top
    .word _start
    .text
    .globl _start
    .thumb_func
_start:
    bl main
1:  b 1b
