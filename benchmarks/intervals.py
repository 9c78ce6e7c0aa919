"""How often the kit's 95 % intervals hold the truth, simulated, beside the rules that they replaced.

    python benchmarks/intervals.py [--trials 2000] [--only folds] [--write benchmarks/intervals.json]

A score is (object) + (training seed) + (their interaction), drawn anew in every trial; objects' scores are normal or skewed
like Chamfer distances (gamma, skewness 1). The standard deviation of objects is 1, those of seeds and of the interaction
are given in it; "interaction alone" has objects of 0.3 and an interaction of 1, as differences between two methods on the
same objects often look. Ours: ``lmnet_utils.evaluation.statistics``. Percentile: the bootstrap over objects of the seeds' averages.
Some four minutes of one core; the seconds in the file were measured on a machine that others used.

Folds (``--only folds``, eight minutes more): cross-validation over FreeShapes' own five folds, near-duplicates as one object. A fold's
networks have an effect each, and one that they share. Beside ours (a fold is an observation) stand the rule for one data
set, which takes seed s of all folds for one network, and the percentile bootstrap over objects and seeds.
``--only cross_validations`` (two minutes): no drawn effects but small regressions, whose training sets overlap as those of folds do.
"""

from __future__ import annotations

import argparse
import itertools
import os
import time
from typing import Any

import numpy as np

from lmnet_utils.core.files import read_json, write_json
from lmnet_utils.core.runtime import environment
from lmnet_utils.data import freeshapes, splits
from lmnet_utils.data.taxonomy import synsets_of
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


# --------------------------------------------------------------------------------------------------------------- folds
def fold_numbers(classes: str) -> np.ndarray:
    """For each distinct test object of FreeShapes' five folds (near-duplicates are one) its fold, 0 … 4."""
    groups, synsets = freeshapes.duplicate_groups(), synsets_of(classes)
    fold_of = {
        groups[model] or model: number
        for number, split in enumerate(splits.folds(groups).values())
        for model in split.test
        if model.split("/")[0] in synsets
    }
    return np.array(list(fold_of.values()))


def hierarchical_holds(generator: np.random.Generator, scores: np.ndarray, resamples: int = 200) -> bool:
    """Of scores (S, O): the percentile bootstrap over objects and, of the whole rows, over seeds."""
    seeds, objects = scores.shape
    of_seed = generator.multinomial(seeds, np.full(seeds, 1 / seeds), resamples) / seeds
    of_object = generator.multinomial(objects, np.full(objects, 1 / objects), resamples) / objects
    low, high = np.quantile(np.einsum("rs,so,ro->r", of_seed, scores, of_object), [0.025, 0.975])
    return bool(low <= 0 <= high)


def over_folds(trials: int) -> list[dict[str, Any]]:
    """Coverage and width over folds; objects have the standard deviation 1, the other effects are given in it."""
    rows = []
    cells = itertools.product(("chair", "13"), (1, 2, 3, 5), SHAPES, (0.5, 1.0), (0.0, 0.1, 0.3, 1.0), (0.0, 0.3))
    for number, (classes, seeds, shape, interaction, of_network, of_fold) in enumerate(cells):
        generator, folds = np.random.default_rng(number), fold_numbers(classes)
        count, names, labels = len(folds), range(len(folds)), folds.tolist()
        held, widths = np.zeros(3), []
        for trial in range(trials):
            scores = effects(generator, shape, count) + interaction * generator.normal(size=(seeds, count))
            scores = (
                scores + (of_network * generator.normal(size=(seeds, 5)) + of_fold * generator.normal(size=5))[:, folds]
            )
            found = paired_difference(scores, np.zeros_like(scores), names, labels)
            held += [holds(found), holds(mean_interval(scores, names)), 0]
            held[2] += (
                10 * hierarchical_holds(generator, scores) if trial % 10 == 0 else 0
            )  # it takes ten times as long
            widths.append(found["high"] - found["low"])
        shares = np.bincount(folds) / count
        variance = (1 + interaction**2 / seeds) / count + (of_network**2 / seeds + of_fold**2) * (shares @ shares)
        ours, without, bootstrap = (100 * held / trials).tolist()
        rows.append(
            {
                "objects": count, "folds": 5, "seeds": seeds, "shape": shape, "interaction": interaction,
                "network_effect": of_network, "fold_effect": of_fold, "coverage": ours, "coverage_without_folds": without,
                "bootstrap_coverage": bootstrap, "width": float(np.median(widths) / (2 * 1.96 * np.sqrt(variance))),
            }
        )  # fmt: skip
    return rows


def cross_validations(trials: int) -> list[dict[str, Any]]:
    """Coverage when the scores are those of real cross-validations, of regressions on random features.

    Two methods (30 and 60 random features, ridge) are fitted to each fold's training objects, and to as many more points
    that are the same in every fold, as programs are. A seed draws the features, for each fold others or for all the same. What is
    to be held is the mean difference of their absolute errors over all trials.
    """
    folds, rows = fold_numbers("13"), []

    def errors(
        generator: np.random.Generator, x: np.ndarray, y: np.ndarray, count: int, same_features: bool
    ) -> np.ndarray:
        found = np.empty(len(folds))
        for fold in range(5):
            if not fold or not same_features:
                hidden = np.tanh(x @ generator.normal(size=(x.shape[1], count)) + generator.normal(size=count))
            test = np.flatnonzero(folds == fold)  # the further points stand behind the objects
            kept = np.delete(np.arange(len(x)), test)
            normal = hidden[kept].T @ hidden[kept] + np.eye(count)
            found[test] = np.abs(y[test] - hidden[test] @ np.linalg.solve(normal, hidden[kept].T @ y[kept]))
        return found

    cells = itertools.product((False, True), (1, 2, 3), (0, 500))
    for number, (same, seeds, programs) in enumerate(cells):
        generator, results = np.random.default_rng(number), []
        for _ in range(trials):
            x = generator.normal(size=(len(folds) + programs, 8))
            y = np.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2] + 0.5 * generator.normal(size=len(x))
            a, b = (np.stack([errors(generator, x, y, count, same) for _ in range(seeds)]) for count in (30, 60))
            results.append(paired_difference(a, b, range(len(folds)), folds.tolist()))
        truth = np.mean([one["difference"] for one in results])
        held = np.mean([one["low"] <= truth <= one["high"] for one in results])
        row = {"objects": len(folds), "folds": 5, "seeds": seeds, "shared_training_points": programs}
        rows.append(row | {"same_seeds_in_all_folds": same, "coverage": 100 * float(held)})
    return rows


def fold_extremes(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Lowest and highest coverage, and the median width, of each number of objects and seeds."""
    found = []
    for objects, seeds in dict.fromkeys((row["objects"], row["seeds"]) for row in rows):
        some = [row for row in rows if (row["objects"], row["seeds"]) == (objects, seeds)]
        row: dict[str, Any] = {"objects": objects, "seeds": seeds}
        for name in ("coverage", "coverage_without_folds", "bootstrap_coverage"):
            row |= {f"{name}_low": min(r[name] for r in some), f"{name}_high": max(r[name] for r in some)}
        found.append(row | {"width": float(np.median([r["width"] for r in some]))})
    return found


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


def _alone(trials: int) -> dict[str, Any]:
    rows = means_over_seeds(trials)
    found = {"summary": extremes(rows), "means": rows, "differences": unequal_seeds(trials)}
    return {**found, "image_means": unequal_images(trials), "correlations": correlations(trials // 10)}


def _of_folds(trials: int) -> dict[str, Any]:
    rows = over_folds(trials)
    return {"fold_summary": fold_extremes(rows), "folds": rows}


def _of_cross_validations(trials: int) -> dict[str, Any]:
    return {"cross_validations": cross_validations(trials // 2)}


PARTS = {"alone": _alone, "folds": _of_folds, "cross_validations": _of_cross_validations}


def show(results: dict[str, Any]) -> None:
    """Print the summaries."""
    for row in results.get("summary", ()):
        print(
            f"{row['seeds']} seeds, {row['scatter']:17}: {row['coverage_low']:.1f} to {row['coverage_high']:.1f} %, "
            f"percentile {row['percentile_coverage_low']:.1f} to {row['percentile_coverage_high']:.1f} %, "
            f"width up to ×{row['largest_width']:.1f}"
        )
    for row in results.get("fold_summary", ()):
        print(
            f"{row['objects']} objects in 5 folds, {row['seeds']} seeds: "
            f"{row['coverage_low']:.1f} to {row['coverage_high']:.1f} %, width ×{row['width']:.2f}, "
            f"without folds {row['coverage_without_folds_low']:.1f} to {row['coverage_without_folds_high']:.1f} %, "
            f"bootstrap {row['bootstrap_coverage_low']:.1f} to {row['bootstrap_coverage_high']:.1f} %"
        )
    for name in ("differences", "image_means", "correlations"):
        if shares := [row["coverage"] for row in results.get(name, ())]:
            print(f"{name}: {min(shares):.1f} to {max(shares):.1f} %")
    for same in (False, True):
        rows = [row for row in results.get("cross_validations", ()) if row["same_seeds_in_all_folds"] == same]
        if shares := [row["coverage"] for row in rows]:
            words = "the same seeds in all folds" if same else "seeds of its own in each fold"
            print(f"cross_validations, {words}: {min(shares):.1f} to {max(shares):.1f} %")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--trials", type=int, default=2000)
    parser.add_argument("--only", choices=PARTS, help="one part; what else the file holds stays")
    parser.add_argument("--write", help="also write the results as JSON")
    arguments = parser.parse_args()
    start = time.perf_counter()
    results: dict[str, Any] = {}
    for name, part in PARTS.items():
        results |= part(arguments.trials) if arguments.only in (None, name) else {}
    seconds = round(time.perf_counter() - start)
    show(results)
    print(f"{seconds} s")
    if arguments.write and arguments.only and os.path.isfile(arguments.write):
        record = read_json(arguments.write)
        record["results"] |= results
        write_json(arguments.write, record | {f"seconds_{arguments.only}": seconds})
    elif arguments.write:
        record = {"command": "python benchmarks/intervals.py", "trials": arguments.trials, "cores": os.cpu_count()}
        write_json(arguments.write, {**record, "seconds": seconds, "results": results, "environment": environment()})


if __name__ == "__main__":
    main()
