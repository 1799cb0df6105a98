/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests' program of the driver talks over. */

#ifndef LINK_LINE_H
#define LINK_LINE_H

#include "hadam_link.h"

/* The line that a word of the command line names. */
hadam_transport open_line(const char *name);

/* Says what the line did, if it did anything. */
void close_line(void);

#endif
