/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The driver on a line of link_line.h, told what to do by the words of its command line: LINE DIGEST|- TIMEOUT RETRIES, then
 * on stdin "infer N", "stream N CHUNK", "read", "status", "reset", each of the first two with N vectors of numbers behind it.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "link_line.h"

static void put_element(void *elements, unsigned width, size_t place, int value)
{
    if (width <= 8)
        ((uint8_t *)elements)[place] = (uint8_t)value;
    else
        ((uint16_t *)elements)[place] = (uint16_t)value;
}

static void tell(const hadam_link *link, const hadam_link_logit *outputs, uint16_t label)
{
    unsigned i;
    printf("result");
    for (i = 0; i < link->identity.outputs; i++)
        printf(" %" PRId64, (int64_t)outputs[i]);
    printf(" class %u\n", label);
}

int main(int argc, char **argv)
{
    static hadam_link link;
    static uint16_t elements[1 << 16];
    static hadam_link_logit outputs[4096];
    hadam_transport transport;
    hadam_link_status status;
    hadam_link_error error;
    uint8_t digest[8];
    uint16_t label = 0;
    char word[16];
    size_t vectors, chunk, i, done;
    int value, has_result;
    unsigned byte;
    if (argc != 5)
        return 2;
    transport = open_line(argv[1]);
    for (i = 0; i < 8 && sscanf(argv[2] + 2 * i, "%2x", &byte) == 1; i++)
        digest[i] = (uint8_t)byte;
    error = hadam_link_open(&link, transport, (uint32_t)atoi(argv[3]), (uint8_t)atoi(argv[4]), i == 8 ? digest : NULL);
    printf("open %d size %u inputs %u outputs %u width %u signed %u every %u bytes %u state %u vectors %u clocks %" PRIu32
           " %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu32 "\n", error, link.identity.size, link.identity.inputs,
           link.identity.outputs, link.identity.input_width, link.identity.input_signed, link.identity.emit_every,
           link.identity.output_bytes, link.identity.state_width, link.identity.step_vectors, link.identity.step_clocks,
           link.identity.answer_clocks, link.identity.silence_clocks, link.identity.clock_hz, link.identity.link_hz);
    while (scanf("%15s", word) == 1) {
        error = HADAM_LINK_OK;
        if (!strcmp(word, "infer") || !strcmp(word, "stream")) {
            if (scanf("%zu %zu", &vectors, &chunk) != 2 || vectors * link.identity.inputs > 1 << 16)
                return 2;
            for (i = 0; i < vectors * link.identity.inputs; i++) {
                if (scanf("%d", &value) != 1)
                    return 2;
                put_element(elements, link.identity.input_width, i, value);
            }
            if (word[0] == 'i') {
                error = hadam_link_infer(&link, elements, vectors, outputs, &label);
                if (!error)
                    tell(&link, outputs, label);
            }
            for (done = 0; word[0] == 's' && done < vectors && !error; done += chunk) {
                const size_t count = vectors - done < chunk ? vectors - done : chunk;
                const uint8_t *from = (const uint8_t *)elements
                    + done * link.identity.inputs * (link.identity.input_width <= 8 ? 1 : 2);
                error = hadam_link_step(&link, from, count, done == 0, done + count == vectors, outputs, &label, &has_result);
                if (has_result)
                    tell(&link, outputs, label);
            }
        } else if (!strcmp(word, "read")) {
            error = hadam_link_read(&link, outputs, &label);
            if (!error)
                tell(&link, outputs, label);
        } else if (!strcmp(word, "status")) {
            memset(&status, 0, sizeof status); /* what it says is told even where the device refused to say it */
            error = hadam_link_get_status(&link, &status);
            printf("status %u %u %u %u %u\n", status.in_sequence, status.has_result, status.saturated_steps, status.overruns,
                   status.bad_frames);
        } else if (!strcmp(word, "reset")) {
            error = hadam_link_reset(&link);
        } else {
            return 2;
        }
        printf("%s %d %u\n", word, error, link.device_error);
    }
    printf("repeated %" PRIu32 "\n", link.repeated);
    close_line();
    return 0;
}
