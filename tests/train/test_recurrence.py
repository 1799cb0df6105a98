# SPDX-License-Identifier: BSD-2-Clause
"""The fast form of the linear recurrence against its definition, values and gradients, in double precision."""

import pytest
import torch

from hadam_hw.train.recurrence import last_state, stepped_last_state


def _case(size, steps, inputs, seed=0):
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64).requires_grad_()

    signs = torch.randint(0, 2, (size,), generator=generator) * 2 - 1
    return (draw(3, steps, inputs), draw(size, inputs), draw(size)), signs, draw(3, size).detach()


@pytest.mark.parametrize(("size", "block", "steps", "inputs"), [
    (8, 8, 5, 1), (8, 2, 7, 1), (32, 16, 20, 3), (64, 64, 1, 2), (12, 4, 9, 1), (16, 1, 6, 2)])
def test_fast_is_stepped_with_its_gradients(size, block, steps, inputs):
    tensors, signs, toward = _case(size, steps, inputs)
    states, gradients = [], []
    for form in (last_state, stepped_last_state):
        state = form(*tensors, signs, block)
        states.append(state)
        gradients.append(torch.autograd.grad((state * toward).sum(), tensors))
    torch.testing.assert_close(states[0], states[1], rtol=1e-10, atol=1e-10)
    for fast, stepped in zip(*gradients, strict=True):
        torch.testing.assert_close(fast, stepped, rtol=1e-10, atol=1e-10)


def test_a_wrong_sign_is_seen():
    tensors, signs, _ = _case(16, 10, 1)
    wrong = signs.clone()
    wrong[5] *= -1
    assert not torch.allclose(last_state(*tensors, signs, 16), stepped_last_state(*tensors, wrong, 16))
