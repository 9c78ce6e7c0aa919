"""Weights to be shipped: the models of a run in half precision, their histories, their evaluation and a model card.

::

    python tools/ship_weights.py RUN       # after `lmnet run freeshapes`: weights, card and the README's tables
    python tools/ship_weights.py --evaluation RUN  # a new evaluation of the weights that are shipped already
    python tools/ship_weights.py --readme  # only the README's tables

Every number on the card, and in the README's tables, is read from files that are in the repository.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lmnet_utils.core import paths
from lmnet_utils.core.files import atomic_path, read_json, write_json
from lmnet_utils.evaluation.records import remade
from lmnet_utils.evaluation.results import BEST, COLUMN_TITLES, ICP_WORDS, contenders
from lmnet_utils.evaluation.tables import table
from lmnet_utils.models.registry import describe, find_networks, first_seeds, read_info
from lmnet_utils.models.weights import load_model, save_model

SIZE_LIMIT = 25_000_000  # bytes, all weights together
COLUMNS = ("model", "n_seeds", "chamfer", "emd", "f_score_1", "f_score_2")
GROUP_WORDS = {"13": "all 13 classes", "chair": "chairs"}


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point of the script. Returns the exit status: 0 done, 1 a run that cannot be shipped."""
    parser = argparse.ArgumentParser(
        description="Store a run's weights as the shipped ones, with model card and README tables."
    )
    parser.add_argument(
        "run", nargs="?", default="freeshapes-scratch", help="a run whose notebook 08 has scored its models"
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--readme", action="store_true", help="only write the README's tables again")
    what.add_argument(
        "--evaluation", action="store_true", help="only the evaluation and the card: RUN scored the shipped weights"
    )
    options = parser.parse_args(argv)
    try:
        if not options.readme:
            print(paths.display((ship_evaluation if options.evaluation else ship)(options.run)))
        print(paths.display(update_readme()))
    except (FileNotFoundError, ValueError) as error:
        print(f"ship_weights: {error}", file=sys.stderr)
        return 1
    return 0


def ship(run: str, name: str = "freeshapes") -> Path:
    """Store the models of ``run`` in ``trained_models/<name>/``, fp16, with ``evaluation.json`` and ``MODEL_CARD.md``.

    Of several training seeds the first, seed 0, is stored; the evaluation is of all.

    Args:
        run: a run whose notebook 08 has scored its models.
        name: the folder of the shipped weights.

    Raises:
        FileNotFoundError: the run has no models, or they were not scored.
        ValueError: the weights would be larger than 25 MB together.
    """
    folders = find_networks(run)
    evaluation = _evaluation_of(run)
    destination = paths.model_dir(name, "")
    for network in first_seeds(map(read_info, folders.values())):
        save_model(destination / network, load_model(folders[network]), half=True)
        shutil.copyfile(folders[network] / "metrics.json", destination / network / "metrics.json")
    _describe(destination, evaluation, f"(run `{run}`), then `python tools/ship_weights.py {run}`")
    return destination


def ship_evaluation(run: str, name: str = "freeshapes") -> Path:
    """Store the evaluation of weights that are shipped already, and their card anew.

    Args:
        run: a run whose notebook 08 scored these very weights: ``lmnet run freeshapes --only 01,08 --run-name RUN --set
            08.weights_run=freeshapes``.
        name: the folder of the shipped weights.

    Raises:
        FileNotFoundError: the run was not scored.
        ValueError: it scored other weights.
    """
    evaluation = _evaluation_of(run)
    scored = evaluation["settings"]["weights_run"]
    if scored != name:
        raise ValueError(f"run {run!r} scored the weights of {scored or run!r}, expected those of {name!r}.")
    destination = paths.model_dir(name, "")
    made = read_json(destination / "autoencoder" / "metrics.json")["settings"]["run"]
    scoring = f"lmnet run freeshapes --only 01,08 --run-name {run} --set 08.weights_run={name}"
    _describe(destination, evaluation, f"(run `{made}`); these files, as they are stored, were scored by `{scoring}`")
    return destination


def _evaluation_of(run: str) -> dict[str, Any]:
    scores = paths.runs_root() / run / "08_evaluation" / "metrics.json"
    if not scores.is_file():
        raise FileNotFoundError(f"no {paths.display(scores)}: score the models first, `lmnet run … --only 08`.")
    return remade(read_json(scores))


def _describe(destination: Path, evaluation: dict[str, Any], made_by: str) -> None:
    """Write ``evaluation.json`` and ``MODEL_CARD.md`` beside stored weights."""
    size = sum(path.stat().st_size for path in destination.glob("*/model.safetensors"))
    if size > SIZE_LIMIT:
        raise ValueError(f"{paths.display(destination)}: {size / 1e6:.1f} MB of weights, expected at most 25 MB.")
    folders = [path.parent for path in destination.glob("*/model.safetensors")]
    infos = sorted(map(read_info, folders), key=lambda info: info.order)
    trainings = {info.name: read_json(destination / info.name / "metrics.json") for info in infos}
    write_json(destination / "evaluation.json", evaluation)
    with atomic_path(destination / "MODEL_CARD.md") as temporary:
        temporary.write_text(model_card(made_by, trainings, evaluation, size), encoding="utf-8")


def results_markdown(evaluation: dict[str, Any], classes: str) -> str:
    """The rows of one group of classes of an evaluation (notebook 08's ``metrics.json``) as a Markdown table.

    Of the kinds of ICP the last, as in the notebook. Best values are bold, of what does not see the truth.
    """
    rows = [row for row in evaluation["results"]["table"] if row["classes"] == classes]
    rows = [row for row in rows if row["icp"] == rows[-1]["icp"]]
    return table(rows, columns=COLUMNS, titles=COLUMN_TITLES, best=BEST, contenders=contenders(rows), intervals=True)


def results_tables(evaluation: dict[str, Any]) -> str:
    """:func:`results_markdown` for all classes and for chairs, each with a line that says what it shows."""
    parts = []
    for classes, words in GROUP_WORDS.items():
        rows = [row for row in evaluation["results"]["table"] if row["classes"] == classes]
        if rows:
            count, icp = rows[-1]["n_models"], ICP_WORDS[rows[-1]["icp"]]
            parts.append(f"Of {words}, {count} test objects, {icp}:\n\n{results_markdown(evaluation, classes)}")
    return "\n\n".join(parts)


def verdict_table(evaluation: dict[str, Any]) -> str:
    """Claim, evidence and verdict, as notebook 08 computed them."""
    return table(evaluation["results"]["verdicts"], columns=("claim", "evidence", "verdict"))


def speed_table(benchmark: dict[str, Any]) -> str:
    """The ratios of ``benchmarks/metrics.json`` as a Markdown table."""
    rows = [
        {
            "step": name,
            "port": f"{row['port_s']:.2f} s",
            "here": f"{row['ours_s']:.2f} s",
            "ratio": f"×{row['ratio']:.1f}",
        }
        for name, row in benchmark["results"].items()
    ]
    return table(rows)


def readme_tables() -> dict[str, str]:
    """The README's tables: marker → Markdown, from the committed evaluation and benchmark, by today's rules."""
    evaluation = remade(read_json(paths.project_root() / "trained_models" / "freeshapes" / "evaluation.json"))
    benchmark = read_json(paths.project_root() / "benchmarks" / "metrics.json")
    return {
        "results": results_tables(evaluation),
        "verdicts": verdict_table(evaluation),
        "speed": speed_table(benchmark),
    }


def update_readme() -> Path:
    """Write :func:`readme_tables` between the README's markers."""
    readme = paths.project_root() / "README.md"
    text = readme.read_text(encoding="utf-8")
    for name, markdown in readme_tables().items():
        pattern = rf"(<!-- {name}: .*?-->\n).*?(<!-- end of {name} -->)"
        text, found = re.subn(
            pattern, lambda match, new=markdown: f"{match[1]}\n{new}\n\n{match[2]}", text, flags=re.DOTALL
        )
        if found != 1:
            raise ValueError(
                f"README.md: expected one pair of markers '<!-- {name}: … -->' and its end, found {found}."
            )
    with atomic_path(readme) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return readme


def _label(name: str, record: dict[str, Any]) -> str:
    kind = "autoencoder" if name == "autoencoder" else "image_encoder"
    config = {"kind": kind, "variational": record["settings"].get("loss") == "probabilistic"}
    return describe(name, {**config, "training": {"settings": record["settings"]}}).label


def _training_row(name: str, record: dict[str, Any]) -> dict[str, Any]:
    settings, history = record["settings"], record["results"]["history"]
    kept = next(row for row in history if row["epoch"] == record["results"]["best_epoch"])
    return {
        "model": _label(name, record),
        "classes": settings["classes"],
        "objects": record["data"]["training_models"],
        "epochs": settings["epochs"],
        "batch": settings["batch_size"],
        "peak learning rate": f"{settings['learning_rate']:g}",
        "precision": settings["precision"],
        "kept epoch": kept["epoch"],
        "validation Chamfer": kept["validation_chamfer"],
        "minutes": round(sum(row["seconds"] for row in history) / 60, 1),
    }


def model_card(made_by: str, trainings: dict[str, Any], evaluation: dict[str, Any], size: int) -> str:
    """The model card as Markdown, from the trainings' and the evaluation's records."""
    first = next(iter(trainings.values()))
    data, machine = first["data"], first["environment"]
    encoders = [_label(name, record) for name, record in trainings.items() if name != "autoencoder"]
    return f"""# Model card: FreeShapes weights

Networks of 3D-LMNet, trained on the embedded data set FreeShapes: the point-cloud autoencoder in full size and {len(encoders)} image
encoders ({", ".join(encoders)}) in quarter width, port architecture; direct regression carries a decoder of its own.
Half-precision safetensors, {size / 1e6:.1f} MB together; `lmnet_utils.models.weights.load_model(folder)` loads one.

**Data.** Data set {data["dataset"]}, split {data["split"]} (checksum {data["split_checksum"][:16]}…), training part only: {data["training_models"]} clouds, of
which three in four are altered copies (mirrored, stretched, recoloured) of the others; {data["validation_models"]} further objects chose the epoch (Variant II keeps the last). Objects and licences:
[ATTRIBUTION.csv](../../data/freeshapes/source/ATTRIBUTION.csv). Weights trained on CC BY objects: name their creators when you pass them on.

**Made by** `lmnet run freeshapes` {made_by}. All settings stand in each folder's `config.json`, the histories in
`metrics.json`. Machine: {machine["processor"]}, {machine["cores"]} cores, {machine["gpu"] or "no GPU"}, torch {machine["packages"].get("torch")}.

{table([_training_row(name, record) for name, record in trainings.items()])}

Seconds are those of the training steps; several trainings shared the machine.

**Results** on the test split by the paper's protocol, ×100 (F-scores in %): means over objects with 95 % intervals over objects; where several
training seeds were scored, over them too (the rule: `lmnet_utils/evaluation/statistics.py`), and seed 0 is the one that is stored here. Everything else is in [evaluation.json](evaluation.json).

{results_tables(evaluation)}

**Limits.** Furniture, mostly: chairs, tables, cabinets, lamps and sofas make up most of the training objects; airplanes and boats appear in no or next to
no training object. Renderings in the camera of 3D-R2N2 on black only. The intervals are wide, because the test set is small. Not
comparable with figures on ShapeNet.
"""


if __name__ == "__main__":
    sys.exit(main())
