/* SPDX-License-Identifier: BSD-2-Clause */
/* See hadam_link.h. Nothing is allocated; a frame is checked as its bytes come, and no more of it is kept than its numbers. */

#include "hadam_link.h"

/* Other requests' tags stay this far from those of steps, so that a late reply to one is never taken for the other's. */
#define TAG_DISTANCE 64

typedef struct {
    uint8_t command, tag;
    uint8_t head; /* the byte in front of a STEP's vectors */
    uint8_t has_head;
    const void *elements;
    size_t count; /* elements */
} request;

typedef struct {
    uint8_t command;
    uint8_t *bytes; /* where the payload goes if it is no result */
    size_t count;
    hadam_link_logit *outputs;
    uint16_t *label;
} reply;

/* CRC-16/XMODEM, four bits at a time. */
static uint16_t crc_add(uint16_t crc, uint8_t byte)
{
    static const uint16_t table[16] = {
        0x0000, 0x1021, 0x2042, 0x3063, 0x4084, 0x50a5, 0x60c6, 0x70e7,
        0x8108, 0x9129, 0xa14a, 0xb16b, 0xc18c, 0xd1ad, 0xe1ce, 0xf1ef,
    };
    crc = (uint16_t)((uint16_t)(crc << 4) ^ table[((crc >> 12) ^ (byte >> 4)) & 15]);
    return (uint16_t)((uint16_t)(crc << 4) ^ table[((crc >> 12) ^ byte) & 15]);
}

/* The number of `bits` (at most 32) that lies `offset` bits from the start, the lowest bit of the first byte first. */
static uint32_t take_bits(const uint8_t *bytes, unsigned offset, unsigned bits)
{
    uint32_t value = 0;
    unsigned i;
    for (i = 0; i < bits; i++)
        value |= (uint32_t)((bytes[(offset + i) / 8] >> ((offset + i) % 8)) & 1) << i;
    return value;
}

static void put_bits(uint8_t *bytes, unsigned offset, unsigned bits, uint32_t value)
{
    unsigned i;
    for (i = 0; i < bits; i++)
        bytes[(offset + i) / 8] |= (uint8_t)(((value >> i) & 1) << ((offset + i) % 8));
}

#define TAKE(bytes, field) take_bits(bytes, HADAM_##field##_OFFSET, HADAM_##field##_BITS)
#define PUT(bytes, field, value) put_bits(bytes, HADAM_##field##_OFFSET, HADAM_##field##_BITS, value)

static unsigned element_bytes(const hadam_link *link)
{
    return (link->identity.input_width + 7u) / 8u;
}

/* Sends bytes and adds them to the CRC. */
static int emit(hadam_link *link, uint16_t *crc, const uint8_t *bytes, size_t count)
{
    size_t i;
    for (i = 0; i < count; i++)
        *crc = crc_add(*crc, bytes[i]);
    return link->transport.send(link->transport.context, bytes, count) < 0 ? -1 : 0;
}

static int send_request(hadam_link *link, const request *what)
{
    const unsigned size = element_bytes(link);
    uint8_t bytes[32] = {0};
    uint16_t crc = 0;
    size_t i = 0, fill;
    PUT(bytes, HEADER_SYNC, HADAM_SYNC);
    PUT(bytes, HEADER_COMMAND, what->command);
    PUT(bytes, HEADER_VERSION, HADAM_VERSION);
    PUT(bytes, HEADER_TAG, what->tag);
    PUT(bytes, HEADER_LENGTH, (uint32_t)(what->has_head + what->count * size));
    fill = HADAM_HEADER_BYTES;
    if (what->has_head)
        bytes[fill++] = what->head;
    crc = crc_add(crc, 0); /* leaves 0: the CRC begins behind the sync */
    if (link->transport.send(link->transport.context, bytes, 1) < 0 || emit(link, &crc, bytes + 1, fill - 1) < 0)
        return -1;
    while (i < what->count) {
        for (fill = 0; i < what->count && fill + 2 <= sizeof bytes; i++) {
            if (size == 1) {
                bytes[fill++] = ((const uint8_t *)what->elements)[i];
            } else {
                const uint16_t element = ((const uint16_t *)what->elements)[i];
                bytes[fill++] = (uint8_t)(element & 0xff);
                bytes[fill++] = (uint8_t)(element >> 8);
            }
        }
        if (emit(link, &crc, bytes, fill) < 0)
            return -1;
    }
    bytes[0] = (uint8_t)(crc >> 8);
    bytes[1] = (uint8_t)(crc & 0xff);
    return link->transport.send(link->transport.context, bytes, HADAM_CRC_BYTES) < 0 ? -1 : 0;
}

/* All `count` bytes, or the number that came before the line was silent; negative where the transport failed. */
static int fetch(hadam_link *link, uint8_t *bytes, size_t count)
{
    size_t got = 0;
    while (got < count) {
        const int more = link->transport.receive(link->transport.context, bytes + got, count - got, link->timeout_ms);
        if (more < 0)
            return -1;
        if (more == 0)
            break;
        got += (size_t)more;
    }
    return (int)got;
}

/* Takes all that comes until the line is silent for `timeout_ms`. A line that never is, is no line. */
static int drain(hadam_link *link, uint32_t timeout_ms)
{
    uint8_t bytes[16];
    unsigned times;
    for (times = 0; times < 8192; times++) {
        const int got = link->transport.receive(link->transport.context, bytes, sizeof bytes, timeout_ms);
        if (got <= 0)
            return got;
    }
    return 0;
}

static int is_damage(uint8_t code)
{
    static const uint8_t codes[] = HADAM_DAMAGED;
    size_t i;
    for (i = 0; i < sizeof codes; i++)
        if (codes[i] == code)
            return 1;
    return 0;
}

/* Bytes of the payload of a result. */
static size_t result_bytes(const hadam_link *link)
{
    return HADAM_RESULT_HEAD_BYTES + (size_t)link->identity.outputs * link->identity.output_bytes + HADAM_RESULT_TAIL_BYTES;
}

/* What one frame was. */
typedef enum { FRAME_FAILED = -1, FRAME_NONE, FRAME_DAMAGED, FRAME_OTHER, FRAME_REFUSED, FRAME_REPLY } frame;

/* The payload of a result: the tag of the request that made it, the outputs, the class. */
static int take_result(hadam_link *link, const reply *wanted, uint16_t *crc, uint8_t *made_by)
{
    uint8_t bytes[8];
    uint16_t output;
    unsigned i;
    if (fetch(link, bytes, HADAM_RESULT_HEAD_BYTES) < HADAM_RESULT_HEAD_BYTES)
        return 0;
    *made_by = (uint8_t)TAKE(bytes, RESULT_HEAD_TAG);
    *crc = crc_add(*crc, bytes[0]);
    for (output = 0; output < link->identity.outputs; output++) {
        uint64_t value = 0;
        if (fetch(link, bytes, link->identity.output_bytes) < link->identity.output_bytes)
            return 0;
        for (i = 0; i < link->identity.output_bytes; i++) {
            *crc = crc_add(*crc, bytes[i]);
            value |= (uint64_t)bytes[i] << (8 * i);
        }
        wanted->outputs[output] = link->identity.output_bytes == 4 ? (hadam_link_logit)(int32_t)(uint32_t)value
                                                                   : (hadam_link_logit)(int64_t)value;
    }
    if (fetch(link, bytes, HADAM_RESULT_TAIL_BYTES) < HADAM_RESULT_TAIL_BYTES)
        return 0;
    for (i = 0; i < HADAM_RESULT_TAIL_BYTES; i++)
        *crc = crc_add(*crc, bytes[i]);
    *wanted->label = (uint16_t)TAKE(bytes, RESULT_TAIL_LABEL);
    return 1;
}

/* Looks for the next header, whatever lies in front of it, and takes the frame behind it. */
static frame next_frame(hadam_link *link, const request *asked, const reply *wanted)
{
    uint8_t header[HADAM_HEADER_BYTES], byte = 0;
    uint32_t command, length, left;
    uint16_t crc = 0;
    uint8_t made_by = asked->tag, code = 0;
    unsigned skipped = 0, have = 0, i;
    int is_reply, got;
    for (;;) {
        got = fetch(link, header + have, HADAM_HEADER_BYTES - have);
        if (got < 0)
            return FRAME_FAILED;
        if ((unsigned)got < HADAM_HEADER_BYTES - have || skipped > 0xffff)
            return FRAME_NONE;
        command = TAKE(header, HEADER_COMMAND);
        length = TAKE(header, HEADER_LENGTH);
        if (header[0] == HADAM_SYNC && TAKE(header, HEADER_VERSION) == HADAM_VERSION
            && (length <= HADAM_IDENTITY_BYTES || length <= result_bytes(link)))
            break;
        for (i = 1; i < HADAM_HEADER_BYTES; i++)
            header[i - 1] = header[i];
        have = HADAM_HEADER_BYTES - 1;
        skipped++;
    }
    for (i = 1; i < HADAM_HEADER_BYTES; i++)
        crc = crc_add(crc, header[i]);
    is_reply = TAKE(header, HEADER_TAG) == asked->tag && command == wanted->command;
    if (is_reply && command == HADAM_COMMAND_RESULT && length == result_bytes(link)) {
        if (!take_result(link, wanted, &crc, &made_by))
            return FRAME_DAMAGED;
    } else {
        if (command == HADAM_COMMAND_RESULT || (command == wanted->command && length != wanted->count))
            is_reply = 0;
        for (left = 0; left < length; left++) {
            if (fetch(link, &byte, 1) < 1)
                return FRAME_DAMAGED;
            crc = crc_add(crc, byte);
            if (is_reply && left < wanted->count)
                wanted->bytes[left] = byte;
            code = byte;
        }
    }
    for (i = 0; i < HADAM_CRC_BYTES; i++) {
        if (fetch(link, &byte, 1) < 1)
            return FRAME_DAMAGED;
        crc = crc_add(crc, byte);
    }
    if (crc)
        return FRAME_DAMAGED;
    if (command == HADAM_COMMAND_ERROR && length == HADAM_ERROR_BYTES) {
        link->device_error = code;
        if (is_damage(code)) /* the tag may be the damage */
            return FRAME_DAMAGED;
        return TAKE(header, HEADER_TAG) == asked->tag ? FRAME_REFUSED : FRAME_OTHER;
    }
    if (is_reply && asked->command != HADAM_COMMAND_READ && made_by != asked->tag)
        is_reply = 0;
    return is_reply ? FRAME_REPLY : FRAME_OTHER;
}

/* Asks until an answer comes. */
static hadam_link_error ask(hadam_link *link, const request *asked, const reply *wanted)
{
    unsigned attempt, others;
    frame found = FRAME_NONE;
    link->device_error = 0;
    if (drain(link, 0) < 0)
        return HADAM_LINK_TRANSPORT;
    for (attempt = 0; attempt <= link->retries; attempt++) {
        if (attempt) {
            /* What a damaged frame left on the line; behind nothing there was silence already, so the device listens again. */
            if (found == FRAME_DAMAGED && drain(link, link->timeout_ms) < 0)
                return HADAM_LINK_TRANSPORT;
            link->repeated++;
        }
        if (send_request(link, asked) < 0)
            return HADAM_LINK_TRANSPORT;
        for (others = 0; others < 256; others++) { /* late replies to earlier requests are nobody's */
            found = next_frame(link, asked, wanted);
            if (found == FRAME_FAILED)
                return HADAM_LINK_TRANSPORT;
            if (found == FRAME_REPLY)
                return HADAM_LINK_OK;
            if (found == FRAME_REFUSED && link->device_error == HADAM_ERROR_NOT_READY) {
                found = FRAME_DAMAGED; /* silence, and then it has loaded what it lacks */
                break;
            }
            if (found == FRAME_REFUSED)
                return link->device_error == HADAM_ERROR_OUT_OF_ORDER ? HADAM_LINK_LOST : HADAM_LINK_REFUSED;
            if (found != FRAME_OTHER)
                break;
        }
    }
    return link->device_error ? HADAM_LINK_REFUSED : HADAM_LINK_NO_REPLY;
}

/* A request that is no step, without a payload. */
static hadam_link_error ask_plain(hadam_link *link, uint8_t command, uint8_t answer, uint8_t *bytes, size_t count)
{
    request asked = {0};
    reply wanted = {0};
    asked.command = command;
    asked.tag = (uint8_t)(link->step_tag + TAG_DISTANCE + (link->request++ & 127));
    wanted.command = answer;
    wanted.bytes = bytes;
    wanted.count = count;
    return ask(link, &asked, &wanted);
}

hadam_link_error hadam_link_reset(hadam_link *link)
{
    link->in_sequence = 0;
    return ask_plain(link, HADAM_COMMAND_RESET, HADAM_COMMAND_ACCEPTED, NULL, 0);
}

hadam_link_error hadam_link_open(hadam_link *link, hadam_transport transport, uint32_t timeout_ms, uint8_t retries,
                                 const uint8_t *digest)
{
    hadam_link_identity *identity = &link->identity;
    uint8_t bytes[HADAM_IDENTITY_BYTES];
    hadam_link_error error;
    unsigned i;
    static const hadam_link nothing;
    *link = nothing;
    link->transport = transport;
    link->timeout_ms = timeout_ms;
    link->retries = retries;
    /* What an earlier program asked for is forgotten, so that no tag of its can be met again. */
    error = hadam_link_reset(link);
    if (error)
        return error;
    error = ask_plain(link, HADAM_COMMAND_IDENTIFY, HADAM_COMMAND_IDENTITY, bytes, sizeof bytes);
    if (error)
        return error;
    for (i = 0; i < 8; i++)
        identity->digest[i] = bytes[HADAM_IDENTITY_DIGEST_OFFSET / 8 + i];
    identity->size = (uint16_t)TAKE(bytes, IDENTITY_SIZE);
    identity->inputs = (uint16_t)TAKE(bytes, IDENTITY_INPUTS);
    identity->outputs = (uint16_t)TAKE(bytes, IDENTITY_OUTPUTS);
    identity->input_width = (uint8_t)TAKE(bytes, IDENTITY_INPUT_WIDTH);
    identity->input_signed = (uint8_t)TAKE(bytes, IDENTITY_INPUT_SIGNED);
    identity->emit_every = (uint8_t)TAKE(bytes, IDENTITY_EMIT_EVERY);
    identity->output_bytes = (uint8_t)TAKE(bytes, IDENTITY_OUTPUT_BYTES);
    identity->state_width = (uint8_t)TAKE(bytes, IDENTITY_STATE_WIDTH);
    identity->step_vectors = (uint8_t)TAKE(bytes, IDENTITY_STEP_VECTORS);
    identity->lean = (uint8_t)TAKE(bytes, IDENTITY_LEAN);
    identity->values = (uint8_t)TAKE(bytes, IDENTITY_VALUES);
    identity->step_clocks = TAKE(bytes, IDENTITY_STEP_CLOCKS);
    identity->answer_clocks = TAKE(bytes, IDENTITY_ANSWER_CLOCKS);
    identity->silence_clocks = TAKE(bytes, IDENTITY_SILENCE_CLOCKS);
    identity->clock_hz = TAKE(bytes, IDENTITY_CLOCK_HZ);
    identity->link_hz = TAKE(bytes, IDENTITY_LINK_HZ);
    for (i = 0; digest && i < 8; i++)
        if (digest[i] != identity->digest[i])
            return HADAM_LINK_WRONG_MODEL;
    if ((identity->output_bytes != 4 && identity->output_bytes != 8) || identity->output_bytes > sizeof(hadam_link_logit)
        || identity->input_width < 1 || identity->input_width > 16)
        return HADAM_LINK_UNSUPPORTED;
    return HADAM_LINK_OK;
}

hadam_link_error hadam_link_infer(hadam_link *link, const void *elements, size_t vectors, hadam_link_logit *outputs,
                                  uint16_t *label)
{
    const size_t vector_bytes = (size_t)link->identity.inputs * element_bytes(link);
    request asked = {0};
    reply wanted = {0};
    if (!vectors || !vector_bytes || vectors > HADAM_MAX_PAYLOAD / vector_bytes)
        return HADAM_LINK_BAD_REQUEST;
    asked.command = HADAM_COMMAND_INFER;
    asked.tag = (uint8_t)(link->step_tag + TAG_DISTANCE + (link->request++ & 127));
    asked.elements = elements;
    asked.count = vectors * link->identity.inputs;
    wanted.command = HADAM_COMMAND_RESULT;
    wanted.outputs = outputs;
    wanted.label = label;
    link->in_sequence = 0; /* the device has one state */
    return ask(link, &asked, &wanted);
}

hadam_link_error hadam_link_step(hadam_link *link, const void *elements, size_t vectors, int first, int last,
                                 hadam_link_logit *outputs, uint16_t *label, int *has_result)
{
    request asked = {0};
    reply wanted = {0};
    hadam_link_error error;
    *has_result = 0;
    if (link->identity.lean)
        return HADAM_LINK_UNSUPPORTED;
    if (!vectors || vectors > link->identity.step_vectors || (!first && !link->in_sequence))
        return HADAM_LINK_BAD_REQUEST;
    asked.command = HADAM_COMMAND_STEP;
    asked.tag = ++link->step_tag;
    asked.has_head = 1;
    PUT(&asked.head, STEP_HEAD_FIRST, first != 0);
    PUT(&asked.head, STEP_HEAD_LAST, last != 0);
    asked.elements = elements;
    asked.count = vectors * link->identity.inputs;
    wanted.command = last || link->identity.emit_every ? HADAM_COMMAND_RESULT : HADAM_COMMAND_ACCEPTED;
    wanted.outputs = outputs;
    wanted.label = label;
    error = ask(link, &asked, &wanted);
    link->in_sequence = !error && !last;
    *has_result = !error && wanted.command == HADAM_COMMAND_RESULT;
    return error;
}

hadam_link_error hadam_link_read(hadam_link *link, hadam_link_logit *outputs, uint16_t *label)
{
    request asked = {0};
    reply wanted = {0};
    asked.command = HADAM_COMMAND_READ;
    asked.tag = (uint8_t)(link->step_tag + TAG_DISTANCE + (link->request++ & 127));
    wanted.command = HADAM_COMMAND_RESULT;
    wanted.outputs = outputs;
    wanted.label = label;
    return ask(link, &asked, &wanted);
}

hadam_link_error hadam_link_get_status(hadam_link *link, hadam_link_status *status)
{
    uint8_t bytes[HADAM_STATE_BYTES];
    const hadam_link_error error = ask_plain(link, HADAM_COMMAND_STATUS, HADAM_COMMAND_STATE, bytes, sizeof bytes);
    if (error)
        return error;
    status->in_sequence = (uint8_t)TAKE(bytes, STATE_IN_SEQUENCE);
    status->has_result = (uint8_t)TAKE(bytes, STATE_HAS_RESULT);
    status->saturated_steps = (uint16_t)TAKE(bytes, STATE_SATURATED_STEPS);
    status->overruns = (uint8_t)TAKE(bytes, STATE_OVERRUNS);
    status->bad_frames = (uint8_t)TAKE(bytes, STATE_BAD_FRAMES);
    return HADAM_LINK_OK;
}
