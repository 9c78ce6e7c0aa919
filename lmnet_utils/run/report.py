"""``runs/<name>/report.html``: one page that holds a whole run, images included, and asks the network for nothing.

It opens with pictures (image, cloud, truth), goes on with the five numbers that matter most, and then has the tables.
Its looks stand in ``templates/report.html.j2``. Every number on it comes from a ``metrics.json`` or from the run's ``steps.json``; pictures are the files that the
notebooks left in the run's folder. A ``figures.json`` beside them ({file name: caption}) gives captions and order. Other
pages of the run, such as notebook 09's gallery, stay files of their own, and the report links to them.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd

from lmnet_utils.core import paths
from lmnet_utils.core.files import atomic_path, read_json
from lmnet_utils.evaluation.tables import ICP_WORDS
from lmnet_utils.rendering import pages
from lmnet_utils.run.report_tables import (
    cell_macros,
    figures_table,
    for_the_eye,
    is_finite,
    is_rows,
    is_single,
    key_words,
    pairs_frame,
    with_unit,
)
from lmnet_utils.run.state import duration, load_state, stored_path

PICTURES = {".png": "image/png", ".gif": "image/gif"}
OPENING = {"06_inference": "single_view.png", "07_rendering": "encoder_l1.png"}
"""The pictures that the page opens with: image, cloud and truth, of these notebooks."""
KEY_ROWS = {
    "sampling floor": "the same surface, sampled twice",
    "autoencoder": "the true cloud, through the latent and back",
    "L1": "from one image, by latent matching with L1",
    "retrieval by L1's latent": "the nearest training object",
    "mean shape of the class": "one cloud for each class; no image is looked at",
}
"""The five rows of a table of results that say most: how far the networks are from the best and from knowing nothing."""
TITLES = {
    "01_data_preparation": "Data preparation",
    "02_autoencoder_training": "Point-cloud autoencoder",
    "03_encoder_l1": "Image encoder, L1",
    "04_encoder_l2": "Image encoder, L2",
    "05_encoder_probabilistic": "Image encoder, probabilistic",
    "06_inference": "Inference and figures of merit",
    "07_rendering": "Rendering",
    "08_evaluation": "Evaluation",
    "09_explorer": "Explorer",
    "10_pix3d": "Pix3D",
    "11_own_photo": "Your own photo",
    "12_strong_variant": "The strong variant",
    "13_how_much_data": "How much data?",
    "14_posteriors": "What could it be from behind?",
    "all_folds": "All folds together",
}


def write_report(run: str) -> Path:
    """Write ``runs/<run>/report.html`` from what the run has left so far; also after a failure, saying so.

    Raises:
        ValueError: a metrics file is no valid JSON.
    """
    path = paths.runs_root() / run / "report.html"
    with atomic_path(path) as temporary:
        temporary.write_text(report_html(run), encoding="utf-8")
    return path


def report_html(run: str) -> str:
    """The page itself, as text."""
    state = load_state(run)
    steps = _steps(run, state)
    metrics = [record for step in steps for record in step["metrics"]]
    environment = next((m["environment"] for m in reversed(metrics) if m.get("environment")), {})
    done = sum(step["status"] in ("done", "by hand") for step in steps)
    finished = bool(steps) and done == len(steps)
    status = "finished" if finished else f"{done} of {len(steps)} steps finished" if steps else "nothing has run yet"
    opening = _opening(steps)
    *earlier, last = [m for m in metrics if is_rows(m.get("results", {}).get("table"))] or [None]
    return pages.render(
        "report.html.j2",
        run=run,
        description=state.get("description") or "",
        status=status,
        finished=finished,
        run_facts=_run_facts(state, steps, environment),
        failed=[step for step in steps if step["status"] in ("failed", "interrupted")],
        opening=[(_source(path), caption) for path, caption in opening],
        key_numbers=last and _key_numbers(last),
        last=last and _results_of(last),
        earlier=[(_title(str(record.get("notebook"))), _results_of(record)) for record in earlier],
        claims=_claims(metrics),
        overview=_overview(steps),
        steps=[{**step, **_parts(step, opening)} if step["has_section"] else step for step in steps],
        environment=_environment(environment),
    )


# ------------------------------------------------------------------------------------------------------ what is there
def _steps(run: str, state: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One dictionary for each planned step, and for each folder of a notebook that was executed by hand."""
    root = paths.runs_root() / run
    records = state["steps"]
    steps = []
    for key in state.get("planned", list(records)):
        record = records.get(key, {})
        steps.append({"key": key, "notebook": record.get("notebook", key.partition("--")[0]), "record": record})
    names = {step["notebook"] for step in steps}
    for folder in sorted(path.parent for path in root.glob("*/**/metrics.json")):
        notebook = folder.relative_to(root).parts[0]
        if notebook not in names:
            names.add(notebook)
            steps.append({"key": notebook, "notebook": notebook, "record": {"status": "by hand"}})
    for step in steps:
        record = step["record"]
        step["status"] = record.get("status", "not run")
        step["error"] = record.get("error")
        step["title"] = _title(step["notebook"])
        step["variant"] = key_words(step["key"].partition("--")[2]).replace("=", " = ").replace(",", ", ")
        files = [stored_path(name) for name in record.get("outputs", [])]
        if sum(other["notebook"] == step["notebook"] for other in steps) == 1:  # not a sweep: its folder is its own
            files += (root / step["notebook"]).rglob("*")
        files = sorted({path for path in files if path.is_file()})
        found = [(path, read_json(path)) for path in files if path.name == "metrics.json"]
        step["metrics"] = [record for path, record in found if root in path.parents]
        step["models"] = {path.parent.name: record for path, record in found if root not in path.parents}
        pictures = [path for path in files if path.suffix in PICTURES and root in path.parents]
        step["pictures"] = _captioned([path for path in pictures if not _is_a_result(path, root)])
        step["pages"] = _captioned([path for path in files if path.suffix == ".html" and root in path.parents])
        step["has_section"] = bool(step["metrics"] or step["pictures"] or step["error"])
    return steps


def _is_a_result(picture: Path, root: Path) -> bool:
    """Whether it lies in a folder of results, such as notebook 11's clouds, below the folder of the figures that show them."""
    above = list(picture.parents)[1 : len(picture.relative_to(root).parts) - 1]
    return any((folder / "figures.json").is_file() for folder in above)


def _captioned(files: Sequence[Path]) -> list[tuple[Path, str]]:
    """Files with their captions, those of a ``figures.json`` first and in its order."""
    captions: dict[Path, str] = {}
    for folder in dict.fromkeys(path.parent for path in files):
        if (folder / "figures.json").is_file():
            captions.update({folder / name: str(text) for name, text in read_json(folder / "figures.json").items()})
    order = list(captions)
    ranked = sorted(files, key=lambda path: (order.index(path) if path in captions else len(order), path))
    return [(path, captions.get(path) or key_words(path.stem).capitalize()) for path in ranked]


def _opening(steps: Sequence[Mapping[str, Any]]) -> list[tuple[Path, str]]:
    """The :data:`OPENING` pictures with their captions; in place of one that is not there, the first whose caption names the truth."""
    chosen = []
    for notebook, file in OPENING.items():
        pictures = [found for step in steps if step["notebook"] == notebook for found in step["pictures"]]
        named = [found for found in pictures if found[0].name == file]
        chosen += (named or [found for found in pictures if "truth" in found[1].lower()])[:1]
    return chosen


# ------------------------------------------------------------------------------------------------------------- parts
Facts = list[tuple[str, str]]


def _run_facts(state: Mapping[str, Any], steps: Sequence[Mapping], environment: Mapping[str, Any]) -> Facts:
    total = sum(step["record"].get("wall_s") or 0 for step in steps)
    commit = environment.get("git_commit")
    facts = [
        ("profile", state.get("profile")),
        ("updated", (state.get("updated") or "").replace("T", " ").replace("+00:00", " UTC")),
        ("wall time", duration(total) if total else None),
        ("machine", environment.get("gpu") or environment.get("processor")),
        ("git commit", commit and commit[:10] + (" + uncommitted changes" if environment.get("git_dirty") else "")),
    ]
    return [(name, value) for name, value in facts if value]


def _results_of(record: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """A notebook's rows: title and table of each group of classes and kind of ICP."""
    data, results = record.get("data") or {}, record["results"]
    about = ", ".join(f"{key_words(name)} {data[name]}" for name in ("dataset", "split", "classes") if data.get(name))
    note = results.get("note") or "Chamfer distances are ×100, without ICP; lower is better."
    subset = results.get("subset")
    caption = f"{note} {f'{subset}.' if subset else ''} {f'Test models: {about}.' if about else ''}"
    values = pd.DataFrame(results["table"], dtype=object)
    by = {"classes": _class_words, "icp": lambda icp: ICP_WORDS.get(icp, icp)}
    names = [name for name in by if name in values]
    parts = []
    for key, rows in values.groupby(names, sort=False, dropna=False) if names else [((), values)]:
        title = ", ".join(by[name](str(value)) for name, value in zip(names, key, strict=True) if pd.notna(value))
        rows = rows.drop(columns=[*names, "contender"], errors="ignore").dropna(axis="columns", how="all")
        parts.append((title, figures_table(rows, note if parts else caption)))
    return parts


def _class_words(group: str) -> str:
    if group == "13":  # the whole set, also of a data set that lacks some of the 13 classes
        return "All classes"
    return f"{group} classes" if group.isdigit() else f"{group.capitalize()}s only"


def _key_numbers(record: Mapping[str, Any]) -> dict[str, Any] | None:
    """The :data:`KEY_ROWS` of a notebook's table, with what they are of; None where there are fewer than two of them.

    Of several groups of classes the first counts, of several kinds of ICP the last, which is the paper's.
    """
    rows, data = [row for row in record["results"]["table"] if is_finite(row.get("chamfer"))], record.get("data") or {}
    for name, place in (("icp", -1), ("classes", 0)):
        known = list(dict.fromkeys(row.get(name) for row in rows))
        rows = [row for row in rows if row.get(name) == known[place]]
    found = {str(row.get("model")): row for row in reversed(rows)}
    cards = [
        (name, for_the_eye(found[name]["chamfer"]), for_the_eye(found[name].get("emd")), about)
        for name, about in KEY_ROWS.items()
        if name in found
    ]
    if len(cards) < 2:
        return None
    first = found[cards[0][0]]
    about = [
        _class_words(str(first["classes"])).lower() if first.get("classes") else None,
        record["results"].get("subset") or (f"{first['n_models']} test objects" if first.get("n_models") else None),
        f"split {data['split']}" if data.get("split") else None,
        ICP_WORDS.get(str(first.get("icp")), "without ICP"),
    ]
    return {"cards": cards, "about": ", ".join(part for part in about if part)}


def _claims(metrics: Sequence[Mapping[str, Any]]) -> pd.DataFrame | None:
    """What the figures say of the paper's claims: ``results.verdicts``, as notebook 08 computes them."""
    rows = [row for m in metrics if is_rows(m.get("results", {}).get("verdicts")) for row in m["results"]["verdicts"]]
    cells = [
        (row.get("claim", ""), row.get("evidence", ""), cell_macros().verdict(row.get("verdict", ""))) for row in rows
    ]
    return pd.DataFrame(cells, columns=["claim", "evidence", "verdict"], dtype=object) if rows else None


def _overview(steps: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    cells = cell_macros()
    rows = [
        (cells.notebook(step), cells.state(step["status"]), duration(step["record"].get("wall_s"))) for step in steps
    ]
    return pd.DataFrame(rows, columns=["notebook", "state", "wall time"], dtype=object)


def _parts(step: Mapping[str, Any], opening: Sequence[tuple[Path, str]] = ()) -> dict[str, Any]:
    """What a step's section shows; the pictures that the page opens with are not shown again."""
    records = step["metrics"] or [{"settings": step["record"].get("parameters")}]
    return {
        "merits": [_merits(record.get("results", {})) for record in step["metrics"]],
        "curves": _curves_of(step),
        "images": [(_source(path), caption) for path, caption in step["pictures"] if (path, caption) not in opening],
        "above": [caption for path, caption in step["pictures"] if (path, caption) in opening],
        "links": [_link(path, caption) for path, caption in step["pages"]],
        "settings": [settings for record in records if (settings := _settings(record)) is not None],
    }


def _merits(results: Mapping[str, Any]) -> dict[str, Any]:
    """Single figures as a list of facts, rows and dictionaries of figures as tables; what has more structure is left."""
    single = {key: value for key, value in results.items() if is_single(value) and key not in ("note", "subset")}
    tables = []
    for key, value in results.items():
        if key in ("table", "verdicts", "history", "note"):
            continue
        rows: list[dict[str, Any]] = []
        if is_rows(value) and "epoch" not in value[0]:
            rows = value
        elif isinstance(value, dict) and value:
            if all(isinstance(item, dict) for item in value.values()):
                rows = [
                    {"name": name, **{k: v for k, v in item.items() if is_single(v)}} for name, item in value.items()
                ]
                if all(len(row) == 1 for row in rows):  # all structure, such as curves: the figures show it
                    rows = []
            elif all(is_single(item) for item in value.values()):
                rows = [{"name": key_words(name), "value": item} for name, item in value.items()]
        if rows:
            tables.append(figures_table(pd.DataFrame(rows, dtype=object), key_words(key).capitalize()))
    return {"facts": [(key_words(key), with_unit(key, value)) for key, value in single.items()], "tables": tables}


def _curves_of(step: Mapping[str, Any]) -> dict[str, Any] | None:
    """Training curves, from whichever ``metrics.json`` of the step holds a history: rows with an ``epoch``."""
    if any("curve" in path.stem for path, _ in step["pictures"]):
        return None  # the notebook has drawn them itself
    records = [("", record.get("results", {})) for record in step["metrics"]]
    records += [(name, {**record, **(record.get("results") or {})}) for name, record in step["models"].items()]
    for name, holder in records:
        for value in holder.values():
            if is_rows(value) and "epoch" in value[0] and len(value) > 1:
                history = pd.DataFrame(value, dtype=object).set_index("epoch")
                shown = history.drop(columns=["learning_rate", "seconds"], errors="ignore")
                charts = [chart for key in shown if (chart := _curve(shown[key], key_words(key)))]
                if charts:
                    return {"of": name, "charts": charts}
    return None


def _curve(values: pd.Series, name: str) -> dict[str, Any] | None:
    """A line in a box of 300 × 112, from values by epoch; None where there are not two numbers."""
    points = [(float(x), float(y)) for x, y in values.items() if is_finite(y) and not isinstance(y, bool)]
    if len(points) < 2:
        return None
    ys = [y for _, y in points]
    low, high = min(ys), max(ys)
    logarithmic = low > 0 and high / low > 20
    scale = math.log if logarithmic else float
    bottom, span = scale(low), (scale(high) - scale(low)) or 1.0
    x0, x1 = points[0][0], points[-1][0]
    line = [
        f"{4 + 292 * (x - x0) / ((x1 - x0) or 1):.1f},{104 - 96 * (scale(y) - bottom) / span:.1f}" for x, y in points
    ]
    first, last = for_the_eye(ys[0]), for_the_eye(ys[-1])
    return {
        "name": name,
        "points": " ".join(line),
        "said": f"{name}: {first} at epoch {x0:g}, {last} at epoch {x1:g}",
        "logarithmic": logarithmic,
        "first": first,
        "last": last,
        "lowest": for_the_eye(low),
        "epochs": f"{x0:g}–{x1:g}",
    }


def _source(picture: Path) -> str:
    return f"data:{PICTURES[picture.suffix]};base64,{base64.b64encode(picture.read_bytes()).decode()}"


def _link(path: Path, caption: str) -> tuple[str, str, str]:
    """Address, caption and file of a page of the run, from the report's place; ``path`` is ``runs/<run>/…``."""
    relative = path.relative_to(paths.runs_root()).as_posix().partition("/")[2]
    return quote(relative), caption, f"{relative}, {path.stat().st_size / 1e6:.1f} MB"


def _settings(record: Mapping[str, Any]) -> pd.DataFrame | None:
    data = {f"data: {key_words(key)}": value for key, value in (record.get("data") or {}).items()}
    return pairs_frame({**(record.get("settings") or {}), **data})


def _environment(environment: Mapping[str, Any]) -> pd.DataFrame | None:
    facts = {key_words(key): value for key, value in environment.items() if key != "packages" and value is not None}
    return pairs_frame({**facts, **(environment.get("packages") or {})})


def _title(notebook: str) -> str:
    return TITLES.get(notebook, key_words(notebook))
