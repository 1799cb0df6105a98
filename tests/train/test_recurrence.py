# SPDX-License-Identifier: BSD-2-Clause
"""The fast forms of the recurrence against their definition, values and gradients, in double precision."""

import pytest
import torch

from hadam_hw.train.recurrence import dense_last_state, dense_recurrence, last_state, stepped_last_state
from hadam_hw.train.scan import StateGrid, states, stepped_states

SHAPES = [(8, 8, 5, 1), (8, 2, 7, 1), (32, 16, 20, 3), (64, 64, 1, 2), (12, 4, 9, 1), (16, 1, 6, 2)]


def _case(size, block, steps, inputs, leak=1.0, seed=0):
    """Leaves (inputs, V, b, gains), and a gradient of the state."""
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64).requires_grad_()

    signs = torch.randint(0, 2, (size,), generator=generator) * 2.0 - 1
    gains = (signs.double() * leak / block**0.5).requires_grad_()
    return (draw(3, steps, inputs), draw(size, inputs), draw(size), gains), draw(3, size).detach()


def _dense(inputs, weight, bias, gains, block):
    return dense_last_state(inputs, weight, bias, dense_recurrence(gains, block))


@pytest.mark.parametrize("leak", [1.0, 0.875])
@pytest.mark.parametrize("form", [last_state, _dense])
@pytest.mark.parametrize(("size", "block", "steps", "inputs"), SHAPES)
def test_fast_is_stepped_with_its_gradients(size, block, steps, inputs, form, leak):
    tensors, toward = _case(size, block, steps, inputs, leak)
    if steps == 1:  # no power of W is there to depend on its gains
        tensors, fixed = tensors[:3], (tensors[3].detach(),)
    else:
        fixed = ()
    results = [way(*tensors, *fixed, block) for way in (form, stepped_last_state)]
    torch.testing.assert_close(*results, rtol=1e-10, atol=1e-10)
    gradients = [torch.autograd.grad((state * toward).sum(), tensors) for state in results]
    for fast, stepped in zip(*gradients, strict=True):
        torch.testing.assert_close(fast, stepped, rtol=1e-9, atol=1e-10)


def test_a_wrong_sign_is_seen():
    tensors, _ = _case(16, 16, 10, 1)
    wrong = tensors[3].detach().clone()
    wrong[5] *= -1
    assert not torch.allclose(last_state(*tensors, 16), stepped_last_state(*tensors[:3], wrong, 16))


@pytest.mark.parametrize("grid", [None, StateGrid(0.25, 4.0)])
@pytest.mark.parametrize("rectify", [False, True])
@pytest.mark.parametrize(("size", "block", "steps"), [(8, 8, 6), (12, 4, 9), (32, 16, 5)])
def test_every_state_is_stepped_with_its_gradients(size, block, steps, rectify, grid):
    tensors, _ = _case(size, block, steps, 2, 0.9375)
    inputs, weight, bias, gains = tensors
    toward = torch.randn(3, steps, size, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    results = [way(inputs @ weight.t() + bias, gains, block, rectify=rectify, grid=grid) for way in (states, stepped_states)]
    torch.testing.assert_close(*results, rtol=1e-10, atol=1e-10)
    if grid:  # the case forces what it is about: rounding to the grid, and saturation
        assert (results[0] / grid.step).frac().abs().max() == 0 and results[0].max() == grid.limit - grid.step
    gradients = [torch.autograd.grad((every * toward).sum(), tensors) for every in results]
    for fast, stepped in zip(*gradients, strict=True):
        torch.testing.assert_close(fast, stepped, rtol=1e-9, atol=1e-10)


def test_the_last_of_every_state_is_the_last_state():
    (inputs, weight, bias, gains), _ = _case(32, 16, 20, 3)
    every = states(inputs @ weight.t() + bias, gains, 16)
    torch.testing.assert_close(every[:, -1], last_state(inputs, weight, bias, gains, 16), rtol=1e-10, atol=1e-10)
