"""How often the kit's 95 % intervals hold the truth, simulated, beside the rules that they replaced.

    python benchmarks/intervals.py [--trials 2000] [--write benchmarks/intervals.json]

A score is (object) + (training seed) + (their interaction), drawn anew in every trial; objects' scores are normal or skewed
like Chamfer distances (gamma, skewness 1). The standard deviation of objects is 1, those of seeds and of the interaction
are given in it; "interaction alone" has objects of 0.3 and an interaction of 1, as differences between two methods on the
same objects often look. Ours: ``lmnet_utils.evaluation.statistics``. Percentile: the bootstrap over objects of the seeds' averages.
Some four minutes of one core; the seconds in the file were measured on a machine that others used.
"""

from __future__ import annotations

import argparse
import itertools
import os
import time
from typing import Any

import numpy as np

from lmnet_utils.core.files import write_json
from lmnet_utils.core.runtime import environment
from lmnet_utils.evaluation.statistics import image_mean_interval, mean_interval, paired_difference, rank_correlation

OBJECTS, SEEDS = (13, 49), (1, 2, 3, 4, 5)
SEED_EFFECTS = (0.0, 0.1, 0.3, 1.0)
SCATTERS = {  # standard deviations of objects and of the interaction
    "no interaction": (1.0, 0.0),
    "interaction 0.5": (1.0, 0.5),
    "interaction 1": (1.0, 1.0),
    "interaction alone": (0.3, 1.0),
}
SHAPES = ("normal", "skewed")


def effects(generator: np.random.Generator, shape: str, size: Any) -> np.ndarray:
    """Draws of mean 0 and variance 1: normal, or gamma of skewness 1."""
    return generator.normal(size=size) if shape == "normal" else (generator.gamma(4, 1, size) - 4) / 2


def holds(found: dict[str, Any]) -> bool:
    return bool(found["low"] <= 0 <= found["high"])


def percentile_holds(generator: np.random.Generator, scores: np.ndarray, resamples: int = 200) -> bool:
    """Of scores (S, O): the plain bootstrap over objects that the kit's tables had."""
    means = scores.mean(axis=0)
    drawn = means[generator.integers(0, len(means), (resamples, len(means)))].mean(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return bool(low <= 0 <= high)


def means_over_seeds(trials: int) -> list[dict[str, Any]]:
    """Coverage and median width (in that of the best interval: with known variances) of every kind of scatter."""
    rows = []
    for number, (objects, seeds, scatter, shape, effect) in enumerate(
        itertools.product(OBJECTS, SEEDS, SCATTERS, SHAPES, SEED_EFFECTS)
    ):
        if seeds == 1 and (effect or scatter != "no interaction"):
            continue  # one seed: the interval is about this very network, its effects are part of the truth
        of_objects, of_both = SCATTERS[scatter]
        generator = np.random.default_rng(number)
        ours, plain, widths = 0, 0, []
        for _ in range(trials):
            scores = of_objects * effects(generator, shape, objects) + effect * generator.normal(size=(seeds, 1))
            scores = scores + of_both * generator.normal(size=(seeds, objects))
            found = mean_interval(scores, range(objects))
            ours += holds(found)
            plain += percentile_holds(generator, scores)
            widths.append(found["high"] - found["low"])
        variance = of_objects**2 / objects + effect**2 / seeds + of_both**2 / (seeds * objects)
        rows.append(
            {
                "objects": objects, "seeds": seeds, "scatter": scatter, "shape": shape, "seed_effect": effect,
                "coverage": 100 * ours / trials, "percentile_coverage": 100 * plain / trials,
                "width": float(np.median(widths) / (2 * 1.96 * np.sqrt(variance))),
            }
        )  # fmt: skip
    return rows


def unequal_seeds(trials: int) -> list[dict[str, Any]]:
    """Coverage of the difference of two methods on the same objects, trained with different numbers of seeds."""
    rows = []
    for number, (objects, seeds, effect) in enumerate(
        itertools.product(OBJECTS, ((3, 5), (1, 5), (2, 3)), (0.0, 0.2, 1.0))
    ):
        generator, held = np.random.default_rng(number), 0
        for _ in range(trials):
            common = generator.normal(size=objects)
            sides = [
                common + 0.5 * generator.normal(size=objects) for _ in seeds
            ]  # methods differ from object to object
            for k, count in enumerate(seeds):
                own = effect * generator.normal(size=(count, 1)) if count > 1 else 0.0
                sides[k] = sides[k] + own + 0.3 * generator.normal(size=(count, objects))
            held += holds(paired_difference(*sides, range(objects)))
        row = {"objects": objects, "seeds": list(seeds), "seed_effect": effect}
        rows.append(row | {"coverage": 100 * held / trials})
    return rows


def unequal_images(trials: int) -> list[dict[str, Any]]:
    """Coverage of the mean over images when objects have different numbers of them (log-normal, at least one)."""
    rows = []
    for number, (objects, spread, shape) in enumerate(itertools.product(OBJECTS, (0.0, 0.8, 1.3), SHAPES)):
        generator, held = np.random.default_rng(number), 0
        for _ in range(trials):
            counts = np.maximum(1, np.round(5 * np.exp(spread * generator.normal(size=objects)))).astype(int)
            names = np.repeat(np.arange(objects), counts)
            values = effects(generator, shape, objects)[names] + generator.normal(size=len(names))
            held += holds(image_mean_interval(values, names.tolist()))
        row = {"objects": objects, "images_spread": spread, "shape": shape}
        rows.append(row | {"coverage": 100 * held / trials})
    return rows


def correlations(trials: int, views: int = 6) -> list[dict[str, Any]]:
    """Coverage of the rank correlation of two figures of images that share what belongs to the object."""

    def draw(generator: np.random.Generator, objects: int, correlation: float) -> np.ndarray:
        one, two = generator.normal(size=(2, objects))
        parts = np.stack([one, correlation * one + np.sqrt(1 - correlation**2) * two]).repeat(views, axis=1)
        return parts + generator.normal(size=parts.shape)

    rows = []
    for number, (objects, correlation) in enumerate(itertools.product(OBJECTS, (0.0, 0.5, 0.8))):
        generator, held = np.random.default_rng(number), 0
        names = np.repeat(np.arange(objects), views).tolist()
        truth = 6 / np.pi * np.arcsin(correlation / 2 / 2)  # Spearman's of a Gaussian; noise halves the correlation
        for _ in range(trials):
            found = rank_correlation(*draw(generator, objects, correlation), names)
            held += found["low"] <= truth <= found["high"]
        rows.append({"objects": objects, "correlation": correlation, "coverage": 100 * held / trials})
    return rows


def extremes(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Lowest and highest coverage, and the largest width, of each number of seeds and kind of scatter."""
    found = []
    for seeds, scatter in dict.fromkeys((row["seeds"], row["scatter"]) for row in rows):
        some = [row for row in rows if (row["seeds"], row["scatter"]) == (seeds, scatter)]
        row: dict[str, Any] = {"seeds": seeds, "scatter": scatter}
        for name in ("coverage", "percentile_coverage"):
            row |= {f"{name}_low": min(r[name] for r in some), f"{name}_high": max(r[name] for r in some)}
        found.append(row | {"largest_width": max(r["width"] for r in some)})
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--trials", type=int, default=2000)
    parser.add_argument("--write", help="also write the results as JSON")
    arguments = parser.parse_args()
    start = time.perf_counter()
    rows = means_over_seeds(arguments.trials)
    results = {"summary": extremes(rows), "means": rows, "differences": unequal_seeds(arguments.trials)}
    results["image_means"] = unequal_images(arguments.trials)
    results["correlations"] = correlations(arguments.trials // 10)
    seconds = time.perf_counter() - start
    for row in results["summary"]:
        print(
            f"{row['seeds']} seeds, {row['scatter']:17}: {row['coverage_low']:.1f} to {row['coverage_high']:.1f} %, "
            f"percentile {row['percentile_coverage_low']:.1f} to {row['percentile_coverage_high']:.1f} %, "
            f"width up to ×{row['largest_width']:.1f}"
        )
    for name in ("differences", "image_means", "correlations"):
        shares = [row["coverage"] for row in results[name]]
        print(f"{name}: {min(shares):.1f} to {max(shares):.1f} %")
    print(f"{seconds:.0f} s")
    if arguments.write:
        record = {"command": "python benchmarks/intervals.py", "trials": arguments.trials, "cores": os.cpu_count()}
        write_json(
            arguments.write, {**record, "seconds": round(seconds), "results": results, "environment": environment()}
        )


if __name__ == "__main__":
    main()
