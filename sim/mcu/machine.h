/* SPDX-License-Identifier: BSD-2-Clause */
/* What a program on a machine without an operating system needs: a way to tell numbers, an end, and a count of instructions. */

#ifndef MACHINE_H
#define MACHINE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __riscv

static void put(char c)
{
    *(volatile uint8_t *)0x10000000 = (uint8_t)c;
}

static void leave(void)
{
    *(volatile uint32_t *)0x100000 = 0x5555;
}

/* One for each instruction, where the emulator runs with -icount. */
static uint32_t now(void)
{
    uint32_t value;
    __asm__ volatile(".option push\n.option arch, +zicsr\ncsrr %0, instret\n.option pop" : "=r"(value));
    return value;
}

#define INSTRUCTIONS_OF(ticks) (ticks)

static void begin(void)
{
}

#else /* Cortex-M: semihosting, and SysTick at 25 MHz against 1,000 million instructions a second with -icount shift=0 */

static void put(char c)
{
    register uint32_t operation __asm__("r0") = 3;
    register const char *argument __asm__("r1") = &c;
    __asm__ volatile("bkpt 0xab" : "+r"(operation) : "r"(argument) : "memory");
}

static void leave(void)
{
    register uint32_t operation __asm__("r0") = 0x18;
    register uint32_t argument __asm__("r1") = 0x20026;
    __asm__ volatile("bkpt 0xab" : "+r"(operation) : "r"(argument) : "memory");
}

static uint32_t now(void)
{
    return 0xffffffu - *(volatile uint32_t *)0xe000e018;
}

#define INSTRUCTIONS_OF(ticks) (40 * (ticks))

static void begin(void)
{
    *(volatile uint32_t *)0xe000e014 = 0xffffff;
    *(volatile uint32_t *)0xe000e018 = 0;
    *(volatile uint32_t *)0xe000e010 = 5;
}

#endif

/* Compilers turn loops into calls of these, and there is no library here. */
void *memset(void *target, int value, size_t count);
void *memset(void *target, int value, size_t count)
{
    volatile uint8_t *byte = target;
    while (count--)
        *byte++ = (uint8_t)value;
    return target;
}

static void put_number(uint64_t value)
{
    int shift;
    for (shift = 60; shift >= 0; shift -= 4)
        put("0123456789abcdef"[(value >> shift) & 15]);
}

/* A line of what the program tells; the last is that of `end`. */
static void line(const char *name, uint64_t value)
{
    while (*name)
        put(*name++);
    put(' ');
    put_number(value);
    put('\n');
}

#endif
