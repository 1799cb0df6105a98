/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs an exported model on a machine without an operating system, and tells every output and the instructions of all steps
 * and of as many read-outs. case.h gives the model (NAME, OUTPUTS), STEPS and `sequence`.
 */

#include <stddef.h>
#include <stdint.h>

#include "case.h"

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

static void line(const char *name, uint64_t value)
{
    while (*name)
        put(*name++);
    put(' ');
    put_number(value);
    put('\n');
}

static NAME(state) state;
static NAME(logit) outputs[OUTPUTS];

int main(void)
{
    uint32_t start, idle, ticks, step, i;

    begin();
    NAME(reset)(&state);
    for (step = 0; step < STEPS; step++) {
        NAME(step)(&state, sequence[step]);
        NAME(readout)(&state, outputs);
        for (i = 0; i < OUTPUTS; i++)
            line("y", (uint64_t)(int64_t)outputs[i]);
        line("class", NAME(classify)(outputs));
    }
    line("saturations", state.saturations);

    start = now();
    idle = now() - start;
    NAME(reset)(&state);
    start = now();
    for (step = 0; step < STEPS; step++)
        NAME(step)(&state, sequence[step]);
    ticks = now() - start - idle;
    line("steps", INSTRUCTIONS_OF((uint64_t)ticks));
    start = now();
    for (step = 0; step < STEPS; step++)
        NAME(readout)(&state, outputs);
    ticks = now() - start - idle;
    line("readouts", INSTRUCTIONS_OF((uint64_t)ticks));
    leave();
    return 0;
}
