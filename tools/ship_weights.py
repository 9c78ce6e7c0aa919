"""Weights to be shipped: the models of a run in half precision, their histories, their evaluation and a model card.

::

    python tools/ship_weights.py RUN       # after `lmnet run freeshapes`: weights, card, and the tables of README and docs
    python tools/ship_weights.py --evaluation RUN  # a new evaluation of the weights that are shipped already
    python tools/ship_weights.py --strong RUN  # after `lmnet run strong`: the strong variant beside them
    python tools/ship_weights.py --tables  # only the tables of README.md and docs/{results,speed,programs,ambiguity}.md

After new weights ``tools/make_residuals.py --write`` and ``benchmarks/posteriors.py --write benchmarks/posteriors.json`` follow: residuals of other
weights are refused. Every number on the card and in these tables is read from files that are in the repository.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import draw_ambiguity
import draw_curve
import draw_programs
import draw_verdicts
import posterior_tables

from lmnet_utils.core import paths
from lmnet_utils.core.files import atomic_path, read_json, write_json
from lmnet_utils.evaluation.records import remade
from lmnet_utils.evaluation.results import BEST, COLUMN_TITLES
from lmnet_utils.evaluation.tables import ICP_WORDS, table
from lmnet_utils.models.registry import describe, find_networks, first_seeds, read_info
from lmnet_utils.models.weights import load_model, save_model
from lmnet_utils.run.profiles import load_profile

SIZE_LIMIT = 30_000_000  # bytes, all weights of the reproduction together
STRONG_LIMIT = 12_000_000  # bytes, the strong variant beside it
SHIPPED = paths.project_root() / "trained_models" / "freeshapes"
COLUMNS = ("model", "n_seeds", "chamfer", "emd", "f_score_1", "f_score_2")
README_COLUMNS = ("model", "chamfer", "emd", "f_score_2")
README_ROWS = ("sampling floor", "autoencoder", "L1", "L2", "strong (end to end)", "retrieval by L1's latent")


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point of the script. Returns the exit status: 0 done, 1 a run that cannot be shipped."""
    parser = argparse.ArgumentParser(
        description="Store a run's weights as the shipped ones, with model card and the tables of README and docs."
    )
    parser.add_argument(
        "run", nargs="?", default="freeshapes-scratch", help="a run whose notebook 08 has scored its models"
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--tables", action="store_true", help="only write the tables of README and docs again")
    what.add_argument("--strong", action="store_true", help="only the strong variant: RUN executed notebook 12")
    what.add_argument(
        "--evaluation", action="store_true", help="only the evaluation and the card: RUN scored the shipped weights"
    )
    options = parser.parse_args(argv)
    try:
        if options.strong:
            print(paths.display(ship_strong(options.run)))
            return 0  # its scores are in the tables once they are in the evaluation
        if not options.tables:
            print(paths.display((ship_evaluation if options.evaluation else ship)(options.run)))
        for document in update_tables():
            print(paths.display(document))
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
        ValueError: the weights would be larger than 30 MB together.
    """
    folders = find_networks(run)
    evaluation = _evaluation_of(run)
    destination = paths.model_dir(name, "")
    for network in first_seeds(map(read_info, folders.values())):
        save_model(destination / network, load_model(folders[network]), half=True)
        shutil.copyfile(folders[network] / "metrics.json", destination / network / "metrics.json")
    _describe(destination, evaluation, f"(run `{run}`), then `python tools/ship_weights.py {run}`")
    return destination


def ship_strong(run: str, name: str = "freeshapes") -> Path:
    """Store the strong variant of a run beside the shipped weights, with what notebook 12 found of its steps.

    Args:
        run: a run whose notebook 12 has trained it: ``lmnet run strong --run-name RUN``.
        name: the folder of the shipped weights.

    Raises:
        FileNotFoundError: the run did not execute notebook 12, or without the features.
        ValueError: the weights would be larger than 12 MB.
    """
    found = paths.runs_root() / run / "12_strong_variant" / "metrics.json"
    source = paths.model_dir(f"{run}-strong", "encoder_strong")
    if not found.is_file() or not source.is_dir():
        raise FileNotFoundError(
            f"no {paths.display(found)} or no {paths.display(source)}: train first, `lmnet run strong`."
        )
    destination = save_model(paths.model_dir(name, source.name), load_model(source), half=True)
    size = (destination / "model.safetensors").stat().st_size
    if size > STRONG_LIMIT:
        raise ValueError(f"{paths.display(destination)}: {size / 1e6:.1f} MB of weights, expected at most 12 MB.")
    shutil.copyfile(source / "metrics.json", destination / "metrics.json")
    record = read_json(found)
    kept = {key: record[key] for key in ("settings", "data", "environment")} | {"table": record["results"]["table"]}
    write_json(destination / "comparison.json", kept)
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
    folders = [path.parent for path in destination.glob("*/model.safetensors")]
    infos = sorted(map(read_info, folders), key=lambda info: info.order)
    sizes = {info.name: (destination / info.name / "model.safetensors").stat().st_size for info in infos}
    size = sum(sizes.values())
    if (papers := size - sum(sizes[info.name] for info in infos if info.strong)) > SIZE_LIMIT:
        raise ValueError(f"{paths.display(destination)}: {papers / 1e6:.1f} MB of weights, expected at most 30 MB.")
    trainings = {info.name: read_json(destination / info.name / "metrics.json") for info in infos}
    write_json(destination / "evaluation.json", evaluation)
    with atomic_path(destination / "MODEL_CARD.md") as temporary:
        card = model_card(destination.name, made_by, trainings, evaluation, size)
        temporary.write_text(card, encoding="utf-8")


def results_tables(evaluation: dict[str, Any]) -> str:
    """The results of all classes and of chairs as Markdown, each table below a line that says what it shows.

    Of the kinds of ICP the last, as in the notebook. Best values are bold, of what does not see the truth.
    """
    parts = [_results(evaluation, "13", _class_words(evaluation)), _results(evaluation, "chair", "chairs")]
    return "\n\n".join(filter(None, parts))


def summary(evaluation: dict[str, Any], folds: dict[str, Any] | None = None) -> str:
    """The README's table: the rows of :data:`README_ROWS`, and below it how many claims have which verdict.

    Args:
        evaluation: of the shipped weights.
        folds: of the cross-validation, whose verdicts go before theirs.

    Raises:
        ValueError: the evaluation lacks one of the rows.
    """
    rows = (folds or evaluation)["results"]["verdicts"]
    who = "five-fold cross-validation gives" if folds else "these networks give"
    return (
        _results(evaluation, "13", _class_words(evaluation), README_COLUMNS, README_ROWS)
        + f"\n\nOf {len(rows)} claims about the method, {who} {draw_verdicts.counted(rows)}."
    )


def _results(
    evaluation: dict[str, Any],
    classes: str,
    words: str,
    columns: Sequence[str] = COLUMNS,
    models: Sequence[str] | None = None,
) -> str:
    """One group's rows (of ``models``, or all), below a line with the objects and the ICP; empty without rows."""
    rows = [row for row in evaluation["results"]["table"] if row["classes"] == classes]
    rows = [row for row in rows if row["icp"] == rows[-1]["icp"]]
    missing = sorted(set(models or ()) - {row["model"] for row in rows})
    if missing:
        raise ValueError(f"the evaluation has no row {', '.join(missing)}, which the README's table shows.")
    rows = [row for row in rows if models is None or row["model"] in models]
    if not rows:
        return ""
    shown = table(rows, columns=columns, titles=COLUMN_TITLES, best=BEST, intervals=True)
    return f"Of {words}, {rows[-1]['n_models']} test objects, {ICP_WORDS[rows[-1]['icp']]}:\n\n{shown}"


def _class_words(evaluation: dict[str, Any]) -> str:
    """How many classes have test objects: fewer than 13 on FreeShapes."""
    found = {row["classes"] for row in evaluation["results"].get("per_class", ())}
    return f"{len(found)} classes" if found else "all classes"


def origin(evaluation: dict[str, Any]) -> str:
    """Which networks an evaluation scored, on how many views, and by which rule its intervals are made."""
    settings = evaluation["settings"]
    run, weights_run = settings["run"], settings["weights_run"]
    if weights_run:
        scoring = f"lmnet run freeshapes --only 01,08 --run-name {run} --set 08.weights_run={weights_run}"
        networks = f"The networks in `trained_models/{weights_run}/`, as they are stored, were scored by `{scoring}`."
    else:
        networks = f"The networks of the run `{run}` (`lmnet run freeshapes`) were scored, before they were halved in precision."
    views = "All 24 views of every object were used." if settings["views"] is None else f"Views: {settings['views']}."
    rule = (
        "The intervals are taken over objects and, where several training seeds were scored, over seeds too. The rule "
        "was chosen by simulation"
    )
    sources = "[`intervals.py`](../benchmarks/intervals.py), [`intervals.json`](../benchmarks/intervals.json)"
    return f"{networks} {views} {rule} ({sources})."


def strong_table(comparison: dict[str, Any]) -> str:
    """What each step of the strong variant gives, as notebook 12 found it: the rows of its table."""
    rows = [{"": name, **row} for name, row in comparison["table"].items()]
    shown = [{key: _figure(value) for key, value in row.items()} for row in rows]
    settings, data = comparison["settings"], comparison["data"]
    views = "all 24 views" if settings["validation_views"] is None else f"{settings['validation_views']} views"
    head = f"{data['validation_models']} validation objects, {views}, with ICP, ×100, one training seed:"
    return f"{head}\n\n{table(shown)}"


def _figure(value: Any) -> Any:
    return "" if value is None else f"{value:.2f}" if isinstance(value, float) else value


def verdict_table(evaluation: dict[str, Any]) -> str:
    """Claim, evidence and verdict, as notebook 08 computed them."""
    return table(evaluation["results"]["verdicts"], columns=("claim", "evidence", "verdict"))


def speed_table(history: list[dict[str, Any]]) -> str:
    """Of ``benchmarks/history.json`` each row's last run on every kind of machine, as a Markdown table."""
    last: dict[tuple[str, str], dict[str, Any]] = {}
    for record in history:
        load = "" if record["load"] is None else f", load {record['load']:.0f}"
        for name, row in record["results"].items():
            without = row.get("ratio_without_numba")
            last[name, f"{record['precision']}; {record['time']}"] = {
                "step": name,
                "usual way": f"{row['usual_s']:.2f} s",
                "here": f"{row['ours_s']:.3f} s",
                "ratio": f"×{row['ratio']:.1f}",
                "without numba": "" if without is None else f"×{without:.1f}",
                "arithmetic; time": f"{record['precision']}; {record['time']}",
                "measured": f"{record['date'][:10]}{load}",
            }
    return table([last[key] for key in sorted(last)])


def generated_tables() -> dict[str, dict[str, str]]:
    """File → marker → Markdown, from the committed evaluation and benchmarks, by today's rules."""
    evaluation = remade(read_json(SHIPPED / "evaluation.json"))
    history = read_json(paths.project_root() / "benchmarks" / "history.json")
    folds = draw_verdicts.known()
    return {
        "README.md": {"summary": summary(evaluation, folds)},
        "docs/results.md": {
            "origin": origin(evaluation),
            "results": results_tables(evaluation),
            "verdicts": verdict_table(evaluation),
            "design": draw_verdicts.design(),
            "folds": draw_verdicts.verdicts(folds),
            "strong": strong_table(read_json(SHIPPED / "encoder_strong" / "comparison.json")),
            "curve": draw_curve.curves_table(draw_curve.known()),
        },
        "docs/speed.md": {"speed": speed_table(history)},
        "docs/ambiguity.md": {
            "images": draw_ambiguity.summary(),
            "samplers": draw_ambiguity.samplers(),
            "networks": posterior_tables.on_known("open"),
            "apart": posterior_tables.apart(),
            "chairs": posterior_tables.on_known("chairs"),
            "objects": posterior_tables.on_objects(),
            "aims": posterior_tables.aims(),
            "residuals": posterior_tables.residuals(),
            "settings": posterior_tables.settings(),
        },
        "docs/own_data.md": {"silhouettes": posterior_tables.silhouettes()},
        "docs/programs.md": {
            "programs": draw_programs.kinds(),
            "coverage": draw_programs.coverage(),
            "gain": draw_programs.gain(),
            "classes": draw_programs.gain_by_class(),
        },
    }


def update_tables() -> list[Path]:
    """Write :func:`generated_tables` between the markers of their files; returns the files.

    Raises:
        ValueError: a file lacks a pair of markers, or has it twice. No file is changed then.
    """
    texts = {}
    for name, tables in generated_tables().items():
        document = paths.project_root() / name
        text = document.read_text(encoding="utf-8")
        for marker, markdown in tables.items():
            pattern = rf"(<!-- {marker}: .*?-->\n).*?(<!-- end of {marker} -->)"
            text, found = re.subn(
                pattern, lambda match, new=markdown: f"{match[1]}\n{new}\n\n{match[2]}", text, flags=re.DOTALL
            )
            if found != 1:
                raise ValueError(
                    f"{name}: expected one pair of markers '<!-- {marker}: … -->' and its end, found {found}."
                )
        texts[document] = text
    for document, text in texts.items():
        with atomic_path(document) as temporary:
            temporary.write_text(text, encoding="utf-8")
    return list(texts)


def _label(name: str, record: dict[str, Any]) -> str:
    kind = "autoencoder" if name == "autoencoder" else "image_encoder"
    given = record["settings"]
    config = {"kind": kind, "variational": given.get("loss") == "probabilistic"}
    config |= {name: given[name] for name in ("architecture",) if name in given}
    return describe(name, {**config, "training": {"settings": given}}).label


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


def _data_words(training_models: int) -> str:
    """What the training clouds are, by the profile that made them."""
    settings = load_profile("freeshapes").notebooks["01_data_preparation"]
    programs, copies = settings["programs"], settings["copies"]
    real = training_models - programs
    if real <= 0 or real % (copies + 1):
        return "of the profile `freeshapes`"
    return (
        f"{programs:,} of them [objects from programs](../../docs/programs.md), {real // (copies + 1)} real objects, and of each of these "
        f"{copies} altered copies (mirrored, stretched, recoloured)"
    )


def model_card(name: str, made_by: str, trainings: dict[str, Any], evaluation: dict[str, Any], size: int) -> str:
    """The model card of ``trained_models/<name>`` as Markdown, from the trainings' and the evaluation's records."""
    first = next(iter(trainings.values()))
    data, machine = first["data"], first["environment"]
    encoders = [_label(name, record) for name, record in trainings.items() if name.startswith("encoder_")]
    encoders = [label for label in encoders if not label.startswith("strong")]
    strong = (
        "\nBeside them stands the strong variant, which is not the paper's: frozen features of EfficientNet-lite0 (Apache-2.0, a package of its own), a\n"
        "head and a decoder, trained by `lmnet run strong` ([notebook 12](../../notebooks/12_strong_variant.ipynb))."
        if "encoder_strong" in trainings
        else ""
    )
    decoder = "; direct regression carries a decoder of its own" if "encoder_chamfer" in trainings else ""
    several = "s" if len(encoders) > 1 else ""
    return f"""# Model card: {name}

Networks of 3D-LMNet, trained on the embedded data set FreeShapes and on objects from programs: the point-cloud autoencoder in full size and {len(encoders) if several else "one"} image
encoder{several} ({", ".join(encoders)}) in quarter width, port architecture{decoder}.{strong}
Half-precision safetensors, {size / 1e6:.1f} MB together; `lmnet_utils.models.weights.load_model(folder)` loads one.

**Data.** Data set {data["dataset"]}, split {data["split"]} (checksum {data["split_checksum"][:16]}…), training part only: {data["training_models"]:,} clouds,
{_data_words(data["training_models"])}; {data["validation_models"]} further objects chose the epoch (Variant II keeps the last). Objects and licences:
[ATTRIBUTION.csv](../../data/freeshapes/source/ATTRIBUTION.csv). Weights trained on CC BY objects: name their creators when you pass them on.

**Made by** `lmnet run freeshapes` {made_by}. All settings stand in each folder's `config.json`, the histories in
`metrics.json`. Machine: {machine["processor"]}, {machine["cores"]} cores, {machine["gpu"] or "no GPU"}, torch {machine["packages"].get("torch")}.

{table([_training_row(name, record) for name, record in trainings.items()])}

Minutes are those of the training steps; other work shared the machine.

**Results** on the test split by the paper's protocol, ×100 (F-scores in %): means over objects with 95 % intervals over objects; where several
training seeds were scored, over them too (the rule: `lmnet_utils/evaluation/statistics.py`), and seed 0 is the one that is stored here. Everything else is in [evaluation.json](evaluation.json).

{results_tables(evaluation)}

**Limits.** Furniture, mostly: chairs, tables, cabinets, lamps and sofas make up most of the real training objects; airplanes, rifles and boats are known from programs alone, as no real one is in the training set.
Renderings in the camera of 3D-R2N2 on black only. The intervals are wide, because the test set is small. Not
comparable with figures on ShapeNet.
"""


if __name__ == "__main__":
    sys.exit(main())
