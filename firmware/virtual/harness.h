// SPDX-License-Identifier: BSD-2-Clause
// What the harnesses of both links share: a compiled design and its clock. CLOCK is the name of its clock's pin.
#include <cstdint>
#include "Vboard.h"

namespace {

struct Board {
    VerilatedContext context;
    Vboard top{&context};

    // Before the first clock, once the pins are set.
    void settle() {
        top.CLOCK = 0;
        top.eval();
    }

    void clock() {
        top.CLOCK = 1;
        top.eval();
        top.CLOCK = 0;
        top.eval();
    }
};

template <class Session>
void finish(void *handle) {
    Session *session = static_cast<Session *>(handle);
    session->top.final();
    delete session;
}

}  // namespace
