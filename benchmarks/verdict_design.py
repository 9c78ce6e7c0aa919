"""How many training seeds the claims need in five folds, from the variances at hand, and how long the profile takes.

    python benchmarks/verdict_design.py [--write benchmarks/verdict_design.json]

Of each claim the difference and its scatter over objects are those of ``trained_models/freeshapes/evaluation.json`` (one
training each; the scatter over objects holds the interaction already). The scatter of networks is that of an earlier
evaluation with several seeds (git show 1aa66de:trained_models/freeshapes/evaluation.json, trained without programs), of
which nothing newer exists: Chamfer ×100, L1 and L2 two seeds each, direct regression two, λ = 0, 0.5, 5.5 three each.
What none has measured is assumed and called so. With S seeds a fold the result has the variance
objects² / O + networks² / (5 S), and the interval is Student's over five folds (``lmnet_utils.evaluation.statistics``);
``decided`` is how often it leads to a verdict if the difference is what it was. Networks of two methods with the same
seed are taken as independent, which they are not: the real intervals should be narrower.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
from intervals import fold_numbers
from scipy.special import stdtrit

from lmnet_utils.core import paths
from lmnet_utils.core.files import read_json, write_json
from lmnet_utils.data import freeshapes, splits
from lmnet_utils.data.programs.catalogue import listed
from lmnet_utils.data.taxonomy import synsets_of
from lmnet_utils.evaluation.claims import Folds, comparisons
from lmnet_utils.evaluation.records import scored_of, study_of
from lmnet_utils.evaluation.statistics import group_means, verdict
from lmnet_utils.run.profiles import load_profile

SEEDS = (1, 2, 3, 5)
MATCHING, DIRECT, VARIANT_II = 0.034, 0.391, 0.099
"""Standard deviations of networks of one method, trained from different seeds: root of the mean variance."""
NETWORKS = (
    (np.hypot(MATCHING, MATCHING), "measured"),
    (np.hypot(MATCHING, DIRECT), "measured"),
    (np.hypot(MATCHING, DIRECT), "assumed: as direct regression's"),
    (0.1, "assumed"),
    (np.hypot(VARIANT_II, VARIANT_II), "measured"),
    (0.05, "assumed"),
)
"""Of each claim, in their order, the scatter of the difference over networks, and where it is from."""
IMAGES_PER_S = {"matching": 530, "chamfer": 225}
"""Quarter width, batches of 64, two cores with AVX512-BF16; Chamfer through a decoder of its own or the frozen one."""
AUTOENCODER_STEP_S, VIEWS_MINUTES, NOTEBOOK_S, DATA_MINUTES = 0.17, 5 / 24, 25, 8
"""Seconds a step (batches of 32); minutes a view of the evaluation of a fold and seed; of a notebook around its training; minutes of notebook 01."""


def design(trials: int = 20_000) -> list[dict[str, Any]]:
    """Of each claim and number of seeds the expected half-width, and how often there is a verdict, in percent."""
    record = read_json(paths.trained_models_root() / "freeshapes" / "evaluation.json")["results"]["objects"]
    groups, rows = Folds({}, freeshapes.duplicate_groups()), []
    found = comparisons(scored_of(record), study_of(record), "exact")
    for one, (networks, source) in zip(found, NETWORKS, strict=True):
        shown = found[1] if one.why else one  # Chamfer through the frozen decoder: as direct regression
        means = group_means(shown.sides[0][0] - shown.sides[1][0], groups.distinct(shown.objects))
        differences = np.array(list(means.values()))
        count = len(fold_numbers("chair" if len(differences) < 20 else "13"))
        center, scatter = float(differences.mean()), float(differences.std(ddof=1))
        row = {
            "claim": one.claim,
            "difference": center,
            "objects_sd": scatter,
            "networks_sd": networks,
            "networks": source,
        }
        for seeds in SEEDS:
            variance = scatter**2 / count + networks**2 / (5 * seeds)
            generator, quantile = np.random.default_rng(seeds), float(stdtrit(4, 0.975))
            middle = center + np.sqrt(variance) * generator.normal(size=trials)
            half = quantile * np.sqrt(variance * generator.chisquare(4, trials) / 4)
            said = [verdict((m - h, m + h), **shown.verdict) for m, h in zip(middle, half, strict=True)]
            decided = 100 * np.mean([word != "undecided" for word in said])
            width = {"half_width": quantile * float(np.sqrt(variance)), "decided": float(decided)}
            row[f"seeds_{seeds}"] = width
        rows.append(row | {"objects": count})
    return rows


def minutes(seeds: int) -> dict[str, float]:
    """What the profile ``verdicts`` takes on two cores with AVX512-BF16, by the rates above."""
    notebooks = load_profile("verdicts").notebooks
    data, autoencoder = notebooks["01_data_preparation"], notebooks["02_autoencoder_training"]
    train = splits.folds(freeshapes.duplicate_groups())[splits.FOLDS[0]].train

    def objects(classes: str) -> int:
        synsets = synsets_of(classes)
        made = sum(model.split("/")[0] in synsets for model in listed(data["programs"]))
        return made + (data["copies"] + 1) * sum(model.split("/")[0] in synsets for model in train)

    def images(stem: str) -> float:
        values = notebooks[stem]
        return values["epochs"] * values["views_per_model"] * objects(values["classes"])

    matching, direct = (
        images("03_encoder_l1") / IMAGES_PER_S["matching"],
        images("03_encoder_l1") / IMAGES_PER_S["chamfer"],
    )
    variant_ii = 3 * images("05_encoder_probabilistic") / IMAGES_PER_S["matching"]
    steps = autoencoder["epochs"] * (objects("13") // autoencoder["batch_size"])
    found = {
        "autoencoders": steps * AUTOENCODER_STEP_S / 60,
        "encoders": (2 * matching + 2 * direct + variant_ii) / 60,
        "notebooks": 9 * NOTEBOOK_S / 60,
        "evaluation": VIEWS_MINUTES * notebooks["08_evaluation"]["views"],
    }
    found = {name: 5 * seeds * value for name, value in found.items()} | {"data": DATA_MINUTES}
    return found | {"all": sum(found.values())}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--write", help="also write the results as JSON")
    arguments = parser.parse_args()
    results = {"claims": design(), "minutes": {str(seeds): minutes(seeds) for seeds in SEEDS}}
    for row in results["claims"]:
        print(f"{row['claim']}\n   {row['difference']:+.2f}, objects {row['objects_sd']:.2f} ({row['objects']}), "
              f"networks {row['networks_sd']:.2f} ({row['networks']})")  # fmt: skip
        shown = (
            f"{seeds}: ±{one['half_width']:.2f} {one['decided']:.0f} %"
            for seeds in SEEDS
            for one in [row[f"seeds_{seeds}"]]
        )
        print("   seeds a fold, half-width, decided: " + ", ".join(shown))
    for seeds, found in results["minutes"].items():
        print(f"{seeds} seeds: " + ", ".join(f"{name} {value:.0f} min" for name, value in found.items()))
    if arguments.write:
        write_json(arguments.write, {"command": "python benchmarks/verdict_design.py", "results": results})


if __name__ == "__main__":
    main()
