# SPDX-License-Identifier: BSD-2-Clause
"""The copy task: its definition on one sequence, and that training never sees the same batch twice."""

import numpy as np

from hadam_hw.train.tasks import load_task


def test_a_sequence_by_its_definition():
    test = load_task("copy:12:3").test
    inputs, labels = test.draw(np.arange(5))
    assert inputs.shape == (5, 18, 10) and (inputs.sum(axis=2) == 1).all()
    for shown, wanted in zip(inputs.argmax(axis=2), labels):
        symbols = shown[:3].tolist()
        assert all(1 <= symbol <= 8 for symbol in symbols)
        assert shown[3:].tolist() == [0] * 12 + [9] + [0] * 2
        assert wanted.tolist() == [0] * 15 + symbols


def test_the_papers_size():
    task = load_task("copy")
    assert task.test.inputs.shape == (2000, 1020, 10) and task.format.width == 1 and len(task.classes) == 9
    assert task.test.inputs[0].argmax(axis=1)[1010] == 9


def test_batches_are_fresh_and_come_again_with_their_seed():
    train = load_task("copy:12:3").train
    chosen = np.arange(20)
    rng = np.random.default_rng([1, 2])
    first, second = train.draw(chosen, rng), train.draw(chosen, rng)
    assert len(train) == 51200 and (first[0] != second[0]).any()
    again = train.draw(chosen, np.random.default_rng([1, 2]))
    assert np.array_equal(first[0], again[0]) and np.array_equal(first[1], again[1])
    assert np.array_equal(train.batch(chosen), train.batch(chosen))
    assert (train.batch(chosen) != train.batch(chosen + 20)).any()


def test_the_test_set_is_the_same_for_every_seed_and_is_not_validation():
    one, other = load_task("copy:12:3", seed=0), load_task("copy:12:3", seed=1)
    assert np.array_equal(one.test.inputs, other.test.inputs)
    assert (one.test.inputs[:500] != one.validation.inputs).any()
