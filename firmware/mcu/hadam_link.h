/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The driver of an FPGA that holds a model: docs/mcu.md, and docs/link.md for what goes over the line.
 *
 * A request is sent again when its reply does not come or is damaged, and `timeout_ms` after the device said that it still
 * loads its codes; at most `retries` times. That never repeats a step: the device knows a STEP that it has done by its tag, and
 * answers it from memory.
 */

#ifndef HADAM_LINK_H
#define HADAM_LINK_H

#include <stddef.h>
#include <stdint.h>

#include "hadam_frames.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The type of an output; int64_t for models whose device sends eight bytes each. */
#ifndef HADAM_LINK_LOGIT
#define HADAM_LINK_LOGIT int32_t
#endif
typedef HADAM_LINK_LOGIT hadam_link_logit;

typedef enum {
    HADAM_LINK_OK = 0,
    HADAM_LINK_TRANSPORT,   /* the transport failed: a function of yours returned a negative number */
    HADAM_LINK_NO_REPLY,    /* nothing that is a reply came, after all retries */
    HADAM_LINK_REFUSED,     /* the device says why not: `device_error`, one of HADAM_ERROR_... */
    HADAM_LINK_LOST,        /* the device no longer has this sequence: begin it again */
    HADAM_LINK_WRONG_MODEL, /* the bitstream is of another model */
    HADAM_LINK_UNSUPPORTED, /* outputs wider than hadam_link_logit, elements of more than two bytes; steps of a lean device */
    HADAM_LINK_BAD_REQUEST  /* no vectors, more than a frame holds, or a step before the first */
} hadam_link_error;

/* What carries the bytes. Each returns a negative number where the hardware failed. */
typedef struct {
    void *context;
    /* Sends all bytes. */
    int (*send)(void *context, const uint8_t *bytes, size_t count);
    /*
     * Waits for at most `count` bytes, at least for one, and returns how many came: 0 after `timeout_ms` without any.
     * With 0 ms it takes what is there. For SPI, hadam_spi.h has both functions.
     */
    int (*receive)(void *context, uint8_t *bytes, size_t count, uint32_t timeout_ms);
} hadam_transport;

typedef struct {
    uint8_t digest[8]; /* the beginning of the model's */
    uint16_t size, inputs, outputs;
    uint8_t input_width, input_signed, emit_every, output_bytes, state_width;
    uint8_t step_vectors; /* vectors that one hadam_link_step may carry */
    uint8_t lean; /* the device takes whole sequences alone, and refuses hadam_link_read and _get_status */
    uint8_t values; /* outputs are values and no classes; a label is 1 where the first is positive */
    uint32_t step_clocks, answer_clocks, silence_clocks, clock_hz, link_hz;
} hadam_link_identity;

typedef struct {
    uint8_t in_sequence, has_result;
    uint16_t saturated_steps; /* counters stay at their largest value; hadam_link_reset clears them */
    uint8_t overruns, bad_frames;
} hadam_link_status;

typedef struct {
    hadam_transport transport;
    hadam_link_identity identity;
    uint32_t timeout_ms; /* without a byte: more than the device needs to answer and the line's silence */
    uint8_t retries;
    uint8_t device_error; /* the last HADAM_ERROR_... of the device */
    uint8_t step_tag, request;
    uint8_t in_sequence;
    uint32_t repeated; /* requests that were sent again since hadam_link_open */
} hadam_link;

/* Resets the device's link and asks who it is; `digest` is NAME_DIGEST of an exported model, or NULL for any. */
hadam_link_error hadam_link_open(hadam_link *link, hadam_transport transport, uint32_t timeout_ms, uint8_t retries,
                                 const uint8_t *digest);

/*
 * A whole sequence of `vectors` in one frame: `elements` is an array of uint8_t or int8_t for inputs of at most 8 bits, else of
 * uint16_t or int16_t, vector after vector. Writes the outputs of the last step, and their class (docs/numerics.md).
 */
hadam_link_error hadam_link_infer(hadam_link *link, const void *elements, size_t vectors, hadam_link_logit *outputs,
                                  uint16_t *label);

/*
 * The next vectors of a sequence, at most identity.step_vectors; the first begins a sequence, the last ends it.
 * `*has_result` tells whether `outputs` and `label` were written: after the last vector, or always with emit_every.
 */
hadam_link_error hadam_link_step(hadam_link *link, const void *elements, size_t vectors, int first, int last,
                                 hadam_link_logit *outputs, uint16_t *label, int *has_result);

/* The last result once more. */
hadam_link_error hadam_link_read(hadam_link *link, hadam_link_logit *outputs, uint16_t *label);

hadam_link_error hadam_link_get_status(hadam_link *link, hadam_link_status *status);

/* Forgets the sequence and the last result, and clears the counters. */
hadam_link_error hadam_link_reset(hadam_link *link);

#ifdef __cplusplus
}
#endif

#endif
