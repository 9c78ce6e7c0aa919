"""``runs/<name>/report.html``: one page that holds a whole run, images included, and asks the network for nothing.

Every number on it comes from a ``metrics.json`` or from the run's ``steps.json``; pictures are the files that the
notebooks left in the run's folder. A ``figures.json`` beside them ({file name: caption}) gives captions and order. Other
pages of the run, such as notebook 09's gallery, stay files of their own, and the report links to them.
"""

from __future__ import annotations

import base64
import html
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from lmnet_utils import paths
from lmnet_utils.pipeline import duration, load_state, stored_path
from lmnet_utils.reproducibility import atomic_path, read_json

PICTURES = {".png": "image/png", ".gif": "image/gif"}
LONG_TABLE = 40  # rows; a longer one is folded away
WORDS = {
    "n_models": "objects",
    "n_views": "views",
    "n_seeds": "seeds",
    "emd": "EMD",
    "f_score_1": "F-score at 1 %",
    "f_score_2": "F-score at 2 %",
    "chamfer_seed_std": "± over seeds",
    "emd_seed_std": "EMD ± over seeds",
    "wall_time_s": "wall time",
    "git_commit": "git commit",
    "git_dirty": "uncommitted changes",
}
ICP_WORDS = {"none": "without ICP", "exact": "with ICP", "official": "with the official code's ICP"}
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
    failed = [step for step in steps if step["status"] in ("failed", "interrupted")]
    finished = bool(steps) and all(step["status"] in ("done", "by hand") for step in steps)
    body = [
        _header(run, state, steps, environment, finished),
        _failure(failed),
        _results(metrics),
        _claims(metrics),
        _overview(steps),
        *[_section(step) for step in steps if step["metrics"] or step["pictures"] or step["error"]],
        _environment(environment),
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>3D-LMNet · {_text(run)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(filter(None, body))
        + "\n</main>\n</body>\n</html>\n"
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
        step["title"] = TITLES.get(step["notebook"], _words(step["notebook"]))
        step["variant"] = _words(step["key"].partition("--")[2]).replace("=", " = ").replace(",", ", ")
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
    return [(path, captions.get(path) or _words(path.stem).capitalize()) for path in ranked]


# ------------------------------------------------------------------------------------------------------------- parts
def _header(run: str, state: Mapping[str, Any], steps: Sequence[Mapping], environment: Mapping, finished: bool) -> str:
    done = sum(step["status"] in ("done", "by hand") for step in steps)
    status = "finished" if finished else f"{done} of {len(steps)} steps finished" if steps else "nothing has run yet"
    total = sum(step["record"].get("wall_s") or 0 for step in steps)
    facts = [
        ("profile", state.get("profile")),
        ("updated", (state.get("updated") or "").replace("T", " ").replace("+00:00", " UTC")),
        ("wall time", duration(total) if total else None),
        ("machine", environment.get("gpu") or environment.get("processor")),
        ("git commit", _commit(environment)),
    ]
    items = "".join(f"<div><dt>{_text(name)}</dt><dd>{_text(value)}</dd></div>" for name, value in facts if value)
    description = state.get("description") or ""
    return (
        f'<header><p class="status {"good" if finished else "bad"}">{_text(status)}</p>'
        f"<h1>3D-LMNet <span>{_text(run)}</span></h1>"
        "<p>From one image to a 3-D point cloud, by matching an image encoder to the latent space of a point-cloud "
        "autoencoder (Mandikal et al., BMVC 2018). This page shows one run of the notebooks, from data to figures. "
        f"{_text(description)}</p><dl class=facts>{items}</dl></header>"
    )


def _commit(environment: Mapping[str, Any]) -> str | None:
    commit = environment.get("git_commit")
    return commit and commit[:10] + (" + uncommitted changes" if environment.get("git_dirty") else "")


def _failure(failed: Sequence[Mapping[str, Any]]) -> str:
    parts = [
        f'<section class="failure"><h2>{_text(step["key"])} {_text(step["status"])}</h2>'
        + (f"<pre>{_text(step['error'])}</pre>" if step["error"] else "")
        + "<p>Everything below is what was there before that.</p></section>"
        for step in failed
    ]
    return "".join(parts)


def _results(metrics: Sequence[Mapping[str, Any]]) -> str:
    """The results tables: ``results.table`` of the last notebook that has one, those of earlier ones folded away."""
    *earlier, last = [m for m in metrics if _is_rows(m.get("results", {}).get("table"))] or [None]
    if last is None:
        return ""
    parts = [_results_of(last)]
    for record in earlier:
        title = TITLES.get(record.get("notebook"), _words(str(record.get("notebook"))))
        parts.append(f"<details><summary>{_text(title)}: its own table</summary>{_results_of(record)}</details>")
    return f'<section id="results"><h2>Results</h2>{"".join(parts)}</section>'


def _results_of(record: Mapping[str, Any]) -> str:
    """A notebook's rows, a table for each group of classes and kind of ICP."""
    data = record.get("data") or {}
    about = ", ".join(f"{_words(name)} {data[name]}" for name in ("dataset", "split", "classes") if data.get(name))
    note = record["results"].get("note") or "Chamfer distances are ×100, without ICP; lower is better."
    subset = record["results"].get("subset")
    caption = f"{note} {f'{subset}.' if subset else ''} {f'Test models: {about}.' if about else ''}"
    groups: dict[Any, list[dict[str, Any]]] = {}
    for row in record["results"]["table"]:
        groups.setdefault((row.get("classes"), row.get("icp")), []).append(row)
    parts = []
    for (group, icp), rows in groups.items():
        rows = [
            {key: value for key, value in row.items() if key not in ("classes", "icp", "contender")} for row in rows
        ]
        title = ", ".join(
            [_class_words(str(group))] * (group is not None) + [ICP_WORDS.get(icp, str(icp))] * (icp is not None)
        )
        parts.append((f"<h3>{_text(title)}</h3>" if title else "") + _row_table(rows, caption))
        caption = note
    return "".join(parts)


def _claims(metrics: Sequence[Mapping[str, Any]]) -> str:
    """What the figures say of the paper's claims: ``results.verdicts``, as notebook 08 computes them."""
    rows = [row for m in metrics if _is_rows(m.get("results", {}).get("verdicts")) for row in m["results"]["verdicts"]]
    if not rows:
        return ""
    body = "".join(
        f'<tr><th scope="row">{_text(row.get("claim", ""))}</th><td>{_text(row.get("evidence", ""))}</td>'
        f"<td><b>{_text(row.get('verdict', ''))}</b></td></tr>"
        for row in rows
    )
    return (
        '<section id="claims"><h2>Claims</h2><p class="source">computed from the figures of this run</p>'
        '<div class="scroll" tabindex="0" role="region" aria-label="Claims"><table class=claims><thead><tr>'
        '<th scope="col">claim</th><th scope="col">evidence</th><th scope="col">verdict</th></tr></thead>'
        f"<tbody>{body}</tbody></table></div></section>"
    )


def _class_words(group: str) -> str:
    return f"All {group} classes" if group.isdigit() else f"{group.capitalize()}s only"


def _overview(steps: Sequence[Mapping[str, Any]]) -> str:
    rows = []
    for step in steps:
        record, shown = (
            step["record"],
            step["title"] + (f" <small>{_text(step['variant'])}</small>" if step["variant"] else ""),
        )
        has_section = step["metrics"] or step["pictures"] or step["error"]
        name = f'<a href="#{_anchor(step)}">{shown}</a>' if has_section else shown
        rows.append(
            f'<tr><th scope="row">{name}</th><td><span class="state {_text(step["status"].split()[0])}">'
            f"{_text(step['status'])}</span></td><td class=n>{duration(record.get('wall_s'))}</td></tr>"
        )
    if not rows:
        return "<section><p>There is nothing to show: no notebook of this run has left results yet.</p></section>"
    return (
        '<section id="steps"><h2>Steps</h2><div class="scroll" tabindex="0" role="region" aria-label="Steps"><table>'
        '<thead><tr><th scope="col">notebook</th><th scope="col">state</th><th scope="col" class=n>wall time</th></tr>'
        f"</thead><tbody>{''.join(rows)}</tbody></table></div></section>"
    )


def _anchor(step: Mapping[str, Any]) -> str:
    return html.escape(step["key"], quote=True)


def _section(step: Mapping[str, Any]) -> str:
    variant = f" <small>{_text(step['variant'])}</small>" if step["variant"] else ""
    parts = [f'<section id="{_anchor(step)}"><h2>{_text(step["title"])}{variant}</h2>']
    notebook = f"{step['key']}.ipynb"
    parts.append(f'<p class="source">{_text(notebook)}</p>')
    for record in step["metrics"]:
        parts.append(_figures_of_merit(record.get("results", {})))
    parts.append(_curves_of(step))
    parts += [_figure(path, caption) for path, caption in step["pictures"]]
    parts += [_link(path, caption) for path, caption in step["pages"]]
    for record in step["metrics"] or [{"settings": step["record"].get("parameters")}]:
        parts.append(_settings(record))
    return "".join(parts) + "</section>"


def _figures_of_merit(results: Mapping[str, Any]) -> str:
    """Single figures as a list of facts, rows and dictionaries of figures as tables; what has more structure is left."""
    single = {key: value for key, value in results.items() if _is_single(value) and key not in ("note", "subset")}
    parts = []
    if single:
        items = "".join(
            f"<div><dt>{_text(_words(key))}</dt><dd>{_unit(key, value)}</dd></div>" for key, value in single.items()
        )
        parts.append(f'<dl class="facts merit">{items}</dl>')
    for key, value in results.items():
        if key in ("table", "verdicts", "history", "note"):
            continue
        if _is_rows(value) and "epoch" not in value[0]:
            parts.append(_row_table(value, _words(key).capitalize()))
        elif isinstance(value, dict) and value:
            if all(isinstance(item, dict) for item in value.values()):
                rows = [
                    {"name": name, **{k: v for k, v in item.items() if _is_single(v)}} for name, item in value.items()
                ]
                if any(len(row) > 1 for row in rows):  # else it is all structure, such as curves: the figures show it
                    parts.append(_row_table(rows, _words(key).capitalize()))
            elif all(_is_single(item) for item in value.values()):
                parts.append(
                    _row_table(
                        [{"name": _words(name), "value": item} for name, item in value.items()],
                        _words(key).capitalize(),
                    )
                )
    return "".join(parts)


def _curves_of(step: Mapping[str, Any]) -> str:
    """Training curves, from whichever ``metrics.json`` of the step holds a history: rows with an ``epoch``."""
    if any("curve" in path.stem for path, _ in step["pictures"]):
        return ""  # the notebook has drawn them itself
    records = [("", record.get("results", {})) for record in step["metrics"]]
    records += [(name, {**record, **(record.get("results") or {})}) for name, record in step["models"].items()]
    for name, holder in records:
        for value in holder.values():
            if _is_rows(value) and "epoch" in value[0] and len(value) > 1:
                left_out = ("epoch", "learning_rate", "seconds")
                names = [key for key in dict.fromkeys(key for row in value for key in row) if key not in left_out]
                charts = [
                    _curve([row["epoch"] for row in value], [row.get(key) for row in value], _words(key))
                    for key in names
                ]
                if any(charts):
                    return f'<div class="curves" aria-label="Training curves {_text(name)}">{"".join(charts)}</div>'
    return ""


def _curve(epochs: Sequence[float], values: Sequence[Any], name: str) -> str:
    points = [
        (float(x), float(y))
        for x, y in zip(epochs, values, strict=True)
        if isinstance(y, (int, float)) and not isinstance(y, bool) and math.isfinite(y)
    ]
    if len(points) < 2:
        return ""
    ys = [y for _, y in points]
    low, high = min(ys), max(ys)
    logarithmic = low > 0 and high / low > 20
    scale = math.log if logarithmic else float
    bottom, span = scale(low), (scale(high) - scale(low)) or 1.0
    x0, x_span = points[0][0], (points[-1][0] - points[0][0]) or 1.0
    line = " ".join(f"{4 + 292 * (x - x0) / x_span:.1f},{104 - 96 * (scale(y) - bottom) / span:.1f}" for x, y in points)
    said = f"{name}: {_number(ys[0])} at epoch {points[0][0]:g}, {_number(ys[-1])} at epoch {points[-1][0]:g}"
    return (
        f'<figure class="curve"><svg viewBox="0 0 300 112" role="img" aria-label="{_text(said)}">'
        '<path d="M4 8H296M4 56H296M4 104H296" class="grid"/>'
        f'<polyline points="{line}"/></svg>'
        f"<figcaption><b>{_text(name)}</b>{' (log scale)' if logarithmic else ''} {_number(ys[0])} → {_number(ys[-1])}, "
        f"lowest {_number(low)}; epochs {points[0][0]:g}–{points[-1][0]:g}</figcaption></figure>"
    )


def _figure(path: Path, caption: str) -> str:
    content = base64.b64encode(path.read_bytes()).decode()
    return (
        f'<figure><img src="data:{PICTURES[path.suffix]};base64,{content}" alt="{_text(caption)}">'
        f"<figcaption>{_text(caption)}</figcaption></figure>"
    )


def _link(path: Path, caption: str) -> str:
    """A link to a page of the run, from the report's place; ``path`` is ``runs/<run>/…``."""
    relative = path.relative_to(paths.runs_root()).as_posix().partition("/")[2]
    size = f"{path.stat().st_size / 1e6:.1f} MB"
    return f'<p><a href="{_text(quote(relative))}">{_text(caption)}</a> <small>({_text(relative)}, {size})</small></p>'


def _settings(record: Mapping[str, Any]) -> str:
    settings = record.get("settings") or {}
    data = {f"data: {_words(key)}": value for key, value in (record.get("data") or {}).items()}
    rows = {**{key: value for key, value in settings.items()}, **data}
    if not rows:
        return ""
    cells = "".join(
        f'<tr><th scope="row">{_text(name)}</th><td>{_text(_plain(value))}</td></tr>' for name, value in rows.items()
    )
    return (
        '<details><summary>Settings</summary><div class="scroll" tabindex="0" role="region" aria-label="Settings">'
        f"<table class=plain><tbody>{cells}</tbody></table></div></details>"
    )


def _environment(environment: Mapping[str, Any]) -> str:
    if not environment:
        return ""
    packages = environment.get("packages") or {}
    rows = {_words(key): value for key, value in environment.items() if key != "packages" and value is not None}
    rows.update(packages)
    cells = "".join(
        f'<tr><th scope="row">{_text(name)}</th><td>{_text(_plain(value))}</td></tr>' for name, value in rows.items()
    )
    return (
        '<section id="environment"><h2>Machine and versions</h2>'
        '<div class="scroll" tabindex="0" role="region" aria-label="Machine and versions">'
        f"<table class=plain><tbody>{cells}</tbody></table></div></section>"
    )


# ------------------------------------------------------------------------------------------------------------ tables
def _is_single(value: Any) -> bool:
    return value is None or isinstance(value, (str, int, float, bool))


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def _row_table(rows: Sequence[Mapping[str, Any]], caption: str) -> str:
    """Rows of figures. ``x``, ``x_low``, ``x_high`` become one column with its interval, drawn beside the figure."""
    names = list(dict.fromkeys(key for row in rows for key in row if all(_is_single(other.get(key)) for other in rows)))
    intervals = [name for name in names if f"{name}_low" in names and f"{name}_high" in names]
    names = [name for name in names if not any(name in (f"{x}_low", f"{x}_high") for x in intervals)]
    names.sort(key=lambda name: name.startswith("n_"))  # on a narrow screen the result is worth more than its counts
    numeric = {
        name: all(
            isinstance(row.get(name), (int, float, type(None))) and not isinstance(row.get(name), bool) for row in rows
        )
        for name in names
    }
    head, ranges = "", {}
    for name in names:
        head += f'<th scope="col"{" class=n" if numeric[name] else ""}>{_text(_words(name))}</th>'
        if name in intervals:
            bounds = [
                row[key] for row in rows for key in (f"{name}_low", f"{name}_high", name) if _is_finite(row.get(key))
            ]
            ranges[name] = (min(bounds, default=0.0), max(bounds, default=1.0))
            head += '<th scope="col">95 % interval</th>'
    body = ""
    for row in rows:
        cells = ""
        for position, name in enumerate(names):
            value = row.get(name)
            if position == 0:
                cells += f'<th scope="row">{_text(_plain(value))}</th>'
            else:
                cells += f"<td{' class=n' if numeric[name] else ''}>{_unit(name, value)}</td>"
            if name in intervals:
                cells += f"<td>{_interval(value, row.get(f'{name}_low'), row.get(f'{name}_high'), *ranges[name])}</td>"
        body += f"<tr>{cells}</tr>"
    table = (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{_text(caption)}"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )
    if len(rows) > LONG_TABLE:
        return f"<details><summary>{_text(caption)} ({len(rows)} rows)</summary>{table}</details>"
    return f'<figure class="table"><figcaption>{_text(caption)}</figcaption>{table}</figure>'


def _is_finite(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)


def _interval(value: Any, low: Any, high: Any, least: float, most: float) -> str:
    if not all(map(_is_finite, (value, low, high))):
        return "–"
    span = (most - least) or 1.0
    x, x0, x1 = (4 + 112 * (number - least) / span for number in (value, low, high))
    return (
        f'<svg class="interval" viewBox="0 0 120 14" role="img" aria-label="{_number(low)} to {_number(high)}">'
        f'<path d="M{x0:.1f} 7H{x1:.1f}"/><circle cx="{x:.1f}" cy="7" r="3.2"/></svg>'
        f"<small>{low:.2f}{'–' if low >= 0 else ' to '}{high:.2f}</small>"
    )


# -------------------------------------------------------------------------------------------------------------- text
def _text(value: Any) -> str:
    return html.escape(str(value), quote=True)


def _words(name: str) -> str:
    bare = name[:-2] if name.endswith("_s") and not name.endswith("_per_s") else name  # the value says its unit
    return WORDS.get(name) or str(bare).replace("_", " ").strip()


def _number(value: Any) -> str:
    """Numbers to the eye: four significant digits, thousands separated, never a wall of decimals."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return _text("–" if value is None else value)
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    if not math.isfinite(value):
        return str(value)
    if value == 0 or 0.01 <= abs(value) < 1000:
        return f"{value:.2f}" if abs(value) >= 1 else f"{value:.3f}"
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e7 else f"{value:.2e}"


def _unit(name: str, value: Any) -> str:
    if (
        isinstance(value, (int, float))
        and not isinstance(value, bool)
        and (name.endswith("_s") and not name.endswith("_per_s"))
    ):
        return duration(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _number(value)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "–"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


STYLE = """
:root { color-scheme: light dark; --paper: #fdfdfb; --ink: #1d2127; --soft: #5d6672; --line: #dfe2e4; --tint: #f3f4f2;
  --accent: #1f5f8b; --good: #2c6e49; --bad: #a8321f; }
@media (prefers-color-scheme: dark) { :root { --paper: #15181c; --ink: #e4e6e8; --soft: #9aa3ad; --line: #31363c;
  --tint: #1d2126; --accent: #7db8e0; --good: #7cc49a; --bad: #f08a76; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); overflow-wrap: break-word; -webkit-text-size-adjust: 100%;
  font: 16px/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "Liberation Sans", sans-serif; }
main { max-width: 64rem; margin: 0 auto; padding: 3rem 1.5rem 5rem; }
header { border-bottom: 1px solid var(--line); padding-bottom: 1.75rem; }
header > p { max-width: 44rem; margin: .5rem 0; }
h1 { font-size: 2.1rem; line-height: 1.2; font-weight: 650; letter-spacing: -.015em; margin: .3rem 0 .8rem; }
h1 span { color: var(--soft); font-weight: 400; }
h2 { font-size: 1.3rem; line-height: 1.3; font-weight: 620; margin: 0 0 .35rem; letter-spacing: -.005em; }
h2 small { font-size: .95rem; font-weight: 400; color: var(--soft); margin-left: .35rem; }
h3 { font-size: 1.02rem; font-weight: 600; margin: 1.75rem 0 -.9rem; }
section { padding-top: 2.75rem; }
a { color: var(--accent); text-decoration-thickness: 1px; text-underline-offset: 3px; }
small, figcaption, .source { color: var(--soft); }
.source { font: .85rem/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; margin: 0 0 1rem; }
.status { font-size: .85rem; font-weight: 600; margin: 0; }
.good, .state.done { color: var(--good); } .bad, .state.failed, .state.interrupted { color: var(--bad); }
.state.not { color: var(--soft); }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(10rem, 1fr)); gap: .9rem 1.5rem; margin: 1.4rem 0 0; }
.facts div { min-width: 0; } .facts dt { font-size: .82rem; color: var(--soft); line-height: 1.35; }
.facts dd { margin: 0; font-variant-numeric: tabular-nums; }
.merit { margin: 0 0 1.5rem; } .merit dd { font-size: 1.12rem; font-weight: 560; }
figure { margin: 1.5rem 0 0; } figcaption { font-size: .88rem; line-height: 1.45; margin-top: .5rem; max-width: 44rem; }
figure img { display: block; max-width: 100%; height: auto; background: #fff; border-radius: 4px; border: 1px solid var(--line); }
figure.table figcaption { margin: 0 0 .5rem; }
.scroll { overflow-x: auto; max-width: 100%; }
.scroll:focus-visible { outline: 2px solid var(--accent); outline-offset: 3px; }
table { border-collapse: collapse; font-size: .92rem; line-height: 1.4; font-variant-numeric: tabular-nums; min-width: min(100%, 26rem); }
th, td { text-align: left; padding: .42rem 1.4rem .42rem 0; border-bottom: 1px solid var(--line); white-space: nowrap;
  vertical-align: baseline; }
thead th { font-size: .82rem; font-weight: 500; color: var(--soft); } tbody th { font-weight: 500; }
tr > :last-child { padding-right: .25rem; } .n { text-align: right; }
table.plain td { white-space: normal; overflow-wrap: anywhere; min-width: 12rem; } table.plain th { font-weight: 400; color: var(--soft); }
table.claims th, table.claims td { white-space: normal; min-width: 9rem; max-width: 26rem; }
details { margin-top: 1.25rem; } summary { cursor: pointer; color: var(--accent); font-size: .92rem; }
details .scroll { margin-top: .5rem; }
pre { background: var(--tint); border-radius: 4px; padding: .9rem 1rem; overflow-x: auto; font-size: .82rem; line-height: 1.5; }
.failure h2 { color: var(--bad); }
.curves { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 17rem), 1fr)); gap: 1rem 2rem; }
.curve { margin: .5rem 0 0; } .curve svg { display: block; width: 100%; height: auto; } .curve b { color: var(--ink); font-weight: 560; }
svg polyline { fill: none; stroke: var(--accent); stroke-width: 1.8; stroke-linejoin: round; } svg .grid { stroke: var(--line); fill: none; }
svg.interval { width: 7.5rem; height: .9rem; vertical-align: -.1rem; margin-right: .6rem; }
svg.interval path { stroke: var(--accent); stroke-width: 1.6; fill: none; } svg.interval circle { fill: var(--accent); }
@media (max-width: 36rem) { main { padding: 1.75rem 1rem 3rem; } h1 { font-size: 1.7rem; } h1 span { display: block; }
  tbody th { white-space: normal; min-width: 8.5rem; }
  .facts { grid-template-columns: repeat(2, minmax(0, 1fr)); } th, td { padding-right: 1rem; } }
@media print { main { max-width: none; padding: 0; } details > * { display: block; } }
"""
