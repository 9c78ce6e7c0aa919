"""Learning curves: slopes, gains and readings against figures by hand, classes that have few objects or none."""

from __future__ import annotations

import numpy as np
import pytest

from lmnet_utils.data.taxonomy import CLASSES
from lmnet_utils.evaluation.learning_curves import LearningCurves

OBJECTS = [
    f"{CLASSES[name]}/{k}" for name, count in (("chair", 5), ("table", 3), ("airplane", 1)) for k in range(count)
]
COUNTS = (20, 40, 160)


def curves_of(error, seeds=(0,)) -> LearningCurves:
    """The grid of ``COUNTS`` × (0, 500) programs whose errors (O,) are ``error(real, programs, seed)``."""
    cells = []
    for seed in seeds:
        for programs in (0, 500):
            for real in COUNTS:
                found = np.broadcast_to(error(real, programs, seed), len(OBJECTS)).tolist()
                cell = {
                    "real": real,
                    "programs": programs,
                    "seed": seed,
                    "classes": {"chair": real // 2, "table": real // 4},
                }
                cells.append({**cell, "autoencoder": [one / 2 for one in found], "L1": found})
    return LearningCurves.of({"objects": OBJECTS, "cells": cells, "more": "is left alone"})


def test_a_straight_line_has_its_slope_and_no_width():
    curves = curves_of(lambda real, programs, seed: 12 - 1.5 * np.log2(real / 20))
    gain = curves.gain_per_doubling("L1", 500)
    assert (gain["mean"], gain["low"], gain["high"], gain["objects"]) == pytest.approx((1.5, 1.5, 1.5, 9))
    assert curves.gain_per_doubling("autoencoder", 0)["mean"] == pytest.approx(0.75)


def test_the_gain_is_the_mean_of_the_objects_least_squares_slopes_with_students_interval():
    errors = {key: np.random.default_rng(k).normal(10, 2, len(OBJECTS)) for k, key in enumerate(COUNTS)}
    curves = curves_of(lambda real, programs, seed: errors[real])
    slopes = np.polyfit(np.log2(COUNTS), [errors[real] for real in COUNTS], 1)[0]
    half = 2.306004 * slopes.std(ddof=1) / 3  # Student, 8 degrees of freedom, 9 objects
    gain = curves.gain_per_doubling("L1", 0)
    assert [gain[name] for name in ("mean", "low", "high")] == pytest.approx(
        [-slopes.mean(), -slopes.mean() - half, -slopes.mean() + half], rel=1e-5
    )
    chairs = curves.gain_per_doubling("L1", 0, curves.of_class("chair"))
    assert chairs["mean"] == pytest.approx(-slopes[:5].mean()) and chairs["objects"] == 5


def test_seeds_are_averaged_and_widen_the_interval():
    one = curves_of(lambda real, programs, seed: 10 + np.arange(9))
    three = curves_of(lambda real, programs, seed: 10 + np.arange(9) + 2 * (seed - 1), seeds=(0, 1, 2))
    narrow, wide = (curves.rows("L1", 0)[0] for curves in (one, three))
    assert narrow["mean"] == pytest.approx(14) == pytest.approx(wide["mean"])
    assert wide["low"] < narrow["low"] < narrow["high"] < wide["high"]


def test_programs_gain_what_the_error_falls_by():
    curves = curves_of(lambda real, programs, seed: 10 - (real == 20) * (programs > 0) * np.arange(9))
    gain = curves.gain_of_programs("L1", 20, 500)
    assert gain["difference"] == pytest.approx(4) and gain["low"] > 0
    assert curves.gain_of_programs("L1", 40, 500)["difference"] == 0


def test_between_measured_numbers_a_curve_is_read_on_doublings_and_nothing_beyond():
    curves = curves_of(lambda real, programs, seed: {20: 12.0, 40: 10.0, 160: 4.0}[real])
    assert [curves.expected("L1", 0, real) for real in COUNTS] == pytest.approx([12, 10, 4])
    assert curves.expected("L1", 0, 80) == pytest.approx(7), "half of the way from 40 to 160, in doublings"
    assert curves.expected("L1", 0, 19) is None and curves.expected("L1", 0, 161) is None


def test_classes_with_one_held_out_object_have_no_interval_and_those_without_no_curve():
    curves = curves_of(lambda real, programs, seed: np.arange(9.0))
    rows = curves.class_rows("L1", 0, "chair")
    assert [row["real"] for row in rows] == [10, 20, 80] and rows[0]["mean"] == 2
    assert rows[0]["low"] < 2 < rows[0]["high"]
    (alone, *_) = curves.class_rows("L1", 0, "airplane")
    assert alone == {"real": 0, "mean": 8.0, "low": None, "high": None}, "no real object to learn from"
    assert curves.class_rows("L1", 0, "rifle") == []


def test_cells_that_were_not_trained_are_named():
    curves = curves_of(lambda real, programs, seed: 10)
    with pytest.raises(
        ValueError, match=r"no training on 21 real objects and 0 of programs: expected one of \[20, 40, 160\]"
    ):
        curves.scores("L1", 21, 0)
    alone = LearningCurves(OBJECTS, curves.cells[:1])
    with pytest.raises(ValueError, match="expected two or more"):
        alone.gain_per_doubling("L1", 0)
