# SPDX-License-Identifier: BSD-2-Clause
"""Labels become numbers of classes, or one sentence."""

import numpy as np
import pytest

from hadam_hw.errors import DataError, ModelError
from hadam_hw.labels import class_numbers
from hadam_hw.model import TestVectors
from tests.models_for_tests import random_model

NAMES = ("rest", "walk", "2")


@pytest.mark.parametrize("given", [
    np.array([0, 2, 1]), np.array([0, 2, 1], np.uint8), np.array([0.0, 2.0, 1.0]), np.array(["rest", "2", "walk"]),
    ["0", "2", " walk "], np.array([b"rest", b"2", b"1"])])
def test_numbers_and_names_are_classes(given):
    found = class_numbers(given, 3, NAMES, "data.npz")
    assert found.dtype == np.int64 and found.tolist() == [0, 2, 1]


@pytest.mark.parametrize("given, place, label", [
    ([0, -1, -1], 1, -1), ([1, 2, 3], 2, 3), ([0.0, 0.5], 1, 0.5), ([np.nan], 0, np.nan), ([np.inf], 0, np.inf),
    (["rest", "run", "fly"], 1, "run"), (["0", "-1"], 1, "-1"), (["1.5"], 0, "1.5"), ([""], 0, ""), ([1j], 0, 1j),
    (np.array([2**64 - 1], np.uint64), 0, 2**64 - 1)])
def test_the_first_that_is_no_class_is_named(given, place, label):
    with pytest.raises(DataError) as caught:
        class_numbers(np.array(given), 3, NAMES, "data.npz")
    assert str(caught.value) == (f"Label {place} of data.npz must be a whole number from 0 to 2, or one of 'rest', 'walk', "
                                 f"'2', not {label!r}; number the classes from 0 on")


def test_without_names_a_text_is_no_class():
    with pytest.raises(DataError, match="^Label 1 of x must be a whole number from 0 to 1, not 'yes'; .*of a model with names"):
        class_numbers(["1", "yes"], 2, (), "x")


def test_a_number_that_is_another_classs_name_is_refused():
    with pytest.raises(DataError, match="^Label 0 of x must be one class, not '1', which is the name of class 0 and the num"):
        class_numbers(["1", "2"], 3, ("1", "2", "3"), "x")
    assert class_numbers([1, 2], 3, ("1", "2", "3"), "x").tolist() == [1, 2]


@pytest.mark.parametrize("outputs, labels, words", [
    (1, [0, 1, 2], "from 0 to 1, not 2"), (3, [0, -1, 3], "from 0 to 2, not -1")])
def test_labels_of_test_vectors_are_classes_of_the_model(outputs, labels, words):
    model = random_model(size=4, outputs=outputs)
    inputs = np.zeros((3, 2, 1), dtype=int)
    vectors = TestVectors(inputs, np.zeros((3, outputs), dtype=int), labels)
    with pytest.raises(ModelError, match=f"Labels of test vectors must be whole numbers {words}"):
        model.replace(vectors=vectors)
    assert model.replace(vectors=TestVectors(inputs, vectors.outputs, [0, 1, 1])).vectors is not None


@pytest.mark.parametrize("labels", [[0.5, 1, 0], ["0", "1", "0"], [True, False, True]])
def test_labels_of_test_vectors_are_integers(labels):
    with pytest.raises(ModelError, match="Test labels must hold integers, not"):
        TestVectors(np.zeros((3, 2, 1), dtype=int), np.zeros((3, 2), dtype=int), labels)
