# SPDX-License-Identifier: BSD-2-Clause
"""The fast forms of the recurrence against their definition, values and gradients, in double precision."""

import pytest
import torch

from hadam_hw.train.last_state import dense_last_state, dense_recurrence, last_state, stepped_last_state
from hadam_hw.train.scan import SEGMENT, Read, StateGrid, lanes, scan, stepped_states

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


def _stepped_read(inputs, weight, bias, gains, out_weight, out_bias, block, read, **rule):
    states = stepped_states(inputs @ weight.t() + bias, gains, block, **rule)
    if read is Read.SIGNED:
        return states
    every = torch.relu(states)
    if read is Read.LOGITS:
        return every @ out_weight.t() + out_bias
    return {Read.LAST: every[:, -1], Read.MEAN: every.mean(1), Read.EVERY: every}[read]


@pytest.mark.parametrize("read", Read)
@pytest.mark.parametrize("grid", [None, StateGrid(0.25, 4.0)])
@pytest.mark.parametrize("rectify", [False, True])
@pytest.mark.parametrize(("size", "block", "steps"), [(8, 8, 6), (12, 4, SEGMENT), (32, 16, 2 * SEGMENT + 5), (2, 1, 1)])
def test_scanning_is_stepping_with_its_gradients(size, block, steps, rectify, grid, read):
    tensors, _ = _case(size, block, steps, 2, 0.9375)
    generator = torch.Generator().manual_seed(1)
    out = [torch.randn(*shape, generator=generator, dtype=torch.float64).requires_grad_() for shape in ((3, size), (3,))]
    rule = dict(rectify=rectify, grid=grid)
    given = dict(zip(("out_weight", "out_bias"), out)) if read is Read.LOGITS else {}
    results = [scan(*tensors, block, read, **given, **rule), _stepped_read(*tensors, *out, block, read, **rule)]
    torch.testing.assert_close(*results, rtol=1e-10, atol=1e-10)
    if grid and read is Read.EVERY and steps > 1:  # the case forces what it is about: rounding to the grid, and saturation
        assert (results[0] / grid.step).frac().abs().max() == 0 and results[0].max() == grid.limit - grid.step
    toward = torch.randn(results[0].shape, generator=generator, dtype=torch.float64)
    wanted = [*tensors[:3 if steps == 1 else 4], *given.values()]
    gradients = [torch.autograd.grad((result * toward).sum(), wanted) for result in results]
    for fast, stepped in zip(*gradients, strict=True):
        torch.testing.assert_close(fast, stepped, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("read", Read)
def test_gradients_are_the_same_where_the_gains_are_fixed(read):
    *tensors, gains = _case(16, 8, SEGMENT + 3, 2)[0]
    generator = torch.Generator().manual_seed(4)
    out = [torch.randn(*shape, generator=generator, dtype=torch.float64).requires_grad_() for shape in ((3, 16), (3,))]
    given = dict(zip(("out_weight", "out_bias"), out)) if read is Read.LOGITS else {}
    results = [scan(*tensors, gains.detach(), 8, read, **given), _stepped_read(*tensors, gains.detach(), *out, 8, read)]
    wanted = [*tensors, *given.values()]
    for fast, stepped in zip(*(torch.autograd.grad(result.square().sum(), wanted) for result in results), strict=True):
        torch.testing.assert_close(fast, stepped, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("read", [Read.MEAN, Read.LOGITS])
def test_more_sequences_than_are_scanned_at_once_are_as_stepped(read):
    (_, weight, bias, gains), _ = _case(8, 4, 1, 2)
    generator = torch.Generator().manual_seed(2)
    inputs = torch.randn(2 * lanes(8) + 3, 5, 2, generator=generator, dtype=torch.float64).requires_grad_()
    out = [torch.randn(*shape, generator=generator, dtype=torch.float64) for shape in ((3, 8), (3,))]
    given = dict(zip(("out_weight", "out_bias"), out)) if read is Read.LOGITS else {}
    tensors = inputs, weight, bias, gains
    results = [scan(*tensors, 4, read, **given), _stepped_read(*tensors, *out, 4, read)]
    torch.testing.assert_close(*results, rtol=1e-10, atol=1e-10)
    for fast, stepped in zip(*(torch.autograd.grad(result.square().sum(), tensors) for result in results), strict=True):
        torch.testing.assert_close(fast, stepped, rtol=1e-9, atol=1e-10)


def test_tokens_are_rows_of_the_table():
    (_, _, bias, gains), _ = _case(16, 8, 1, 1)
    generator = torch.Generator().manual_seed(3)
    table = torch.randn(7, 16, generator=generator, dtype=torch.float64).requires_grad_()
    tokens = torch.randint(0, 7, (5, SEGMENT + 4), generator=generator)
    stepped = torch.relu(stepped_states(table[tokens] + bias, gains, 8)).mean(1)
    results = [scan(tokens, table, bias, gains, 8, Read.MEAN), stepped]
    torch.testing.assert_close(*results, rtol=1e-10, atol=1e-10)
    for fast, stepped in zip(*(torch.autograd.grad(result.square().sum(), (table, bias, gains)) for result in results),
                             strict=True):
        torch.testing.assert_close(fast, stepped, rtol=1e-9, atol=1e-10)


def test_the_last_that_is_scanned_is_the_last_state():
    tensors, _ = _case(32, 16, 20, 3)
    torch.testing.assert_close(scan(*tensors, 16, Read.LAST), torch.relu(last_state(*tensors, 16)), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("read", [Read.MEAN, Read.SIGNED, Read.LAST])
@pytest.mark.parametrize("grid", [None, StateGrid(0.25, 4.0)])
@pytest.mark.parametrize(("size", "steps"), [(8, 6), (32, 2 * SEGMENT + 5)])
def test_scanning_pairs_is_stepping_them_with_their_gradients(size, steps, grid, read):
    (inputs, weight, bias, _), _ = _case(size, 1, steps, 2)
    generator = torch.Generator().manual_seed(2)
    own, cross = torch.rand(2, size, generator=generator, dtype=torch.float64) * 0.6 - 0.1
    rule = dict(grid=grid, cross=cross)
    results = [scan(inputs, weight, bias, own, 1, read, **rule),
               _stepped_read(inputs, weight, bias, own, None, None, 1, read, **rule)]
    torch.testing.assert_close(*results, rtol=1e-10, atol=1e-10)
    toward = torch.randn(results[0].shape, generator=generator, dtype=torch.float64)
    gradients = [torch.autograd.grad((result * toward).sum(), (inputs, weight, bias)) for result in results]
    for fast, stepped in zip(*gradients, strict=True):
        torch.testing.assert_close(fast, stepped, rtol=1e-9, atol=1e-9)
