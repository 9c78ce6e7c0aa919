"""What a run has done, what each notebook needs, and what is out of date."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from lmnet_utils.core import cache, paths
from lmnet_utils.core.files import read_json, sha256_of, write_json
from lmnet_utils.core.runtime import RECORDED_PACKAGES, utc_now
from lmnet_utils.data.images import SUFFIXES
from lmnet_utils.run.profiles import (
    DATA_PREPARATION,
    Profile,
    is_code,
    is_tagged,
    notebook_path,
    read_notebook,
)
from lmnet_utils.run.steps import WEIGHTS, Step

STATE_FILE = "steps.json"
# Files by which a step's results are known, beside weights and pictures.
OUTPUTS = ("metrics.json", "config.json", "index.csv")


@dataclasses.dataclass(frozen=True)
class Uses:
    """What decides a notebook's results beside its own code and parameters.

    ``needs``: notebooks whose results it cannot do without; ``reads``: those whose results it reads if they are there.
    ``parts``: of :data:`lmnet_utils.core.cache.VERSIONS`. ``apart``: parameters that name its folders, so that steps in which
    one of them differs never write into the same.
    """

    needs: tuple[str, ...]
    parts: tuple[str, ...]
    reads: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()


_DATA, _AUTOENCODER, _L1 = DATA_PREPARATION, "02_autoencoder_training", "03_encoder_l1"
_TRAININGS = (_AUTOENCODER, _L1, "04_encoder_l2", "05_encoder_probabilistic")
_TRAINING_PARTS = ("training", "frames", "inference", "rendering")
USES = {
    _DATA: Uses((), ("freeshapes", "splits", "pack", "geometry", "networks", "rendering")),
    _AUTOENCODER: Uses((_DATA,), ("splits", *_TRAINING_PARTS)),
    _L1: Uses((_DATA, _AUTOENCODER), ("splits", "statistics", *_TRAINING_PARTS), apart=("loss", "seed")),
    "04_encoder_l2": Uses((_DATA, _AUTOENCODER), ("splits", *_TRAINING_PARTS), reads=(_L1,), apart=("seed",)),
    "05_encoder_probabilistic": Uses(
        (_DATA, _AUTOENCODER), ("splits", *_TRAINING_PARTS), apart=("diversity_weight", "alpha", "seed")
    ),
    "06_inference": Uses((_DATA, *_TRAININGS), ("splits", "frames", "methods", "statistics", "rendering")),
    "07_rendering": Uses(("06_inference",), ("predictions", "axes", "rendering", "splits")),
    "08_evaluation": Uses(
        (_DATA, *_TRAININGS),
        ("splits", "frames", "methods", "diversity", "losses", "statistics", "rendering"),
        reads=("06_inference",),
    ),
    "09_explorer": Uses((_DATA, *_TRAININGS), ("splits", "diversity", "explorer")),
    "10_pix3d": Uses(_TRAININGS, ("splits", "frames", "pix3d", "rendering"), reads=(_DATA,)),
    "11_own_photo": Uses(_TRAININGS, ("photos", "familiarity", "rendering"), reads=(_DATA,)),
    "12_strong_variant": Uses((_DATA, _AUTOENCODER), ("splits", "features", "statistics", "photos", *_TRAINING_PARTS)),
    "13_how_much_data": Uses((_DATA,), ("splits", "statistics", *_TRAINING_PARTS)),
    "14_posteriors": Uses((_DATA, *_TRAININGS), ("splits", "diversity", "ambiguity", "explorer", "rendering")),
}
"""Notebook → what it uses. A notebook that does not stand here uses all notebooks before it, and all parts."""


def writes_apart(one: Step, other: Step) -> bool:
    """Whether two steps of the same notebook and run write into folders of their own; of a notebook not known, never."""
    names = USES[one.notebook].apart if one.notebook in USES else ()
    return any(one.values.get(name) != other.values.get(name) for name in names)


# -------------------------------------------------------------------------------------------- what is up to date
def _package_versions() -> dict[str, str]:
    versions = {"python": f"{sys.version_info.major}.{sys.version_info.minor}"}
    for name in RECORDED_PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            versions[name] = metadata.version(name)
    return versions


def _files_hash(*values: str) -> str:
    """Hash of files, and of the weights, pictures, masks and clouds in folders, given as parameters give them."""
    found = []
    for path in map(paths.resolve, values):
        files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if _is_input(file))
        found += [[file.relative_to(path).as_posix(), sha256_of(file)] for file in files]
    return cache.fingerprint(found)


def _is_input(file: Path) -> bool:
    kinds = (".safetensors", ".pth", ".npy", *SUFFIXES)
    return file.is_file() and (file.name in ("config.json", "index.csv") or file.suffix.lower() in kinds)


def _source_state(dataset: str) -> str:
    """State of what a data set is made from: the embedded source, or how many models a downloaded tree holds."""
    for source in (paths.dataset_dir(dataset) / "source", paths.project_root() / "data" / dataset / "source"):
        if source.is_dir():
            return cache.fingerprint(
                {path.name: sha256_of(path) for path in sorted(source.iterdir()) if path.is_file()}
            )
    counts = {}
    for part in ("ShapeNetRendering", "ShapeNet_pointclouds"):
        folder = paths.dataset_dir(dataset) / part
        if folder.is_dir():
            counts[part] = {entry.name: len(os.listdir(entry)) for entry in os.scandir(folder) if entry.is_dir()}
    return cache.fingerprint(counts)


def made_state(dataset: str) -> str:
    """State of a made data set: which parts are there, its splits, which list every model, and its pack's content."""
    root = paths.dataset_dir(dataset)
    parts = [part for part in ("ShapeNetRendering", "ShapeNet_pointclouds") if (root / part).is_dir()]
    splits = {path.relative_to(root).as_posix(): sha256_of(path) for path in sorted(root.glob("splits/**/*.txt"))}
    return cache.fingerprint([parts, splits, cache.pack_hash(root)])


def _inputs_of(step: Step) -> dict[str, Any]:
    """Hashes of what a step reads and no step before it makes."""
    values = step.values
    found: dict[str, Any] = {}
    for name in ("photos", "masks", "state", *WEIGHTS):  # parameters that hold paths
        given = values.get(name)
        texts = given if isinstance(given, list) else [given]
        found[name] = _files_hash(*(text for text in texts if isinstance(text, str) and text))
    if isinstance(models := values.get("models"), list):  # "name=path": one from elsewhere
        found["models"] = _files_hash(*(str(text).partition("=")[2] for text in models if "=" in str(text)))
    if others := values.get("other_predictions"):
        found["other_predictions"] = _files_hash(*(str(text).partition("=")[2] or str(text) for text in others))
    if isinstance(run := values.get("weights_run"), str):
        found["weights_run"] = _files_hash(str(paths.trained_models_root() / run))
    if isinstance(pix3d := values.get("pix3d"), str):
        found["pix3d"] = _files_hash(str(paths.dataset_dir(pix3d) / "pix3d.json"))
    if isinstance(dataset := values.get("dataset"), str):
        found["dataset"] = _source_state(dataset)
    return found


def code_of(notebook: str) -> list[str]:
    """What a notebook's code cells do, the parameters cell left out: comments and layout change nothing."""
    cells = [cell for cell in read_notebook(notebook_path(notebook))["cells"] if is_code(cell)]
    found = []
    for source in (cell["source"] for cell in cells if not is_tagged(cell, "parameters")):
        try:
            found.append(cache.meaning(source))
        except SyntaxError:  # a shell command
            found.append(source)
    return found


def _own_fingerprint(step: Step) -> dict[str, Any]:
    """What decides a step's result, apart from the steps before it: a short hash for each kind, and versions."""
    parts = USES[step.notebook].parts if step.notebook in USES else tuple(cache.VERSIONS)
    return {
        "notebook": cache.fingerprint(code_of(step.notebook)),
        "parameters": cache.fingerprint(step.values),
        "inputs": cache.fingerprint(_inputs_of(step)),
        "packages": cache.fingerprint(_package_versions()),
        "versions": cache.versions(*parts),
    }


_PLACES: dict[str, Callable[[], Path]] = {"runs": paths.runs_root, "trained_models": paths.trained_models_root}


def stored_name(path: Path) -> str:
    """``runs/…`` or ``trained_models/…``, wherever those folders lie."""
    for place, root in _PLACES.items():
        with contextlib.suppress(ValueError):
            return f"{place}/{path.relative_to(root()).as_posix()}"
    raise ValueError(f"{path} is neither below runs nor below trained_models")


def stored_path(text: str) -> Path:
    """The file that an entry of ``steps.json`` names, wherever runs and trained_models lie now."""
    place, _, rest = text.partition("/")
    return _PLACES[place]() / rest


def load_state(run: str) -> dict[str, Any]:
    """``steps.json`` of a run; an empty state where there is none."""
    path = paths.runs_root() / run / STATE_FILE
    return read_json(path) if path.is_file() else {"run": run, "steps": {}}


class RunState:
    """One run's plan and state: which steps are selected, which are up to date and why not."""

    def __init__(self, profile: Profile, run: str, steps: Sequence[Step], selected: set[str], force: bool):
        self.profile, self.run, self.steps, self.selected, self.force = profile, run, list(steps), selected, force
        self.state = load_state(run)
        self.records: dict[str, dict[str, Any]] = self.state["steps"]
        self.data_step = next((step.key for step in steps if isinstance(step.values.get("dataset"), str)), None)

    def notebook_file(self, step: Step) -> Path:
        return paths.runs_root() / self.run / f"{step.key}.ipynb"

    def before(self, step: Step, *, needed: bool = False) -> list[Step]:
        """The steps that a step builds on; only those that it cannot do without if ``needed``."""
        stems = list(dict.fromkeys(other.notebook for other in self.steps))
        names = set(stems[: stems.index(step.notebook)])
        if uses := USES.get(step.notebook):
            used = uses.needs if needed else uses.needs + uses.reads
            names &= set(used) - self.replaced(step)
        return [other for other in self.steps if other.notebook in names]

    def replaced(self, step: Step) -> set[str]:
        """Trainings of this run that a step does without, as its parameters name other weights."""
        weights_run, autoencoder = step.values.get("weights_run"), step.values.get("autoencoder")
        if isinstance(weights_run, str) and weights_run != self.run:
            return set(_TRAININGS)
        own = (paths.trained_models_root() / self.run).absolute()
        if isinstance(autoencoder, str) and own not in paths.resolve(autoencoder).absolute().parents:
            return {_AUTOENCODER}
        return set()

    def fingerprint(self, step: Step) -> dict[str, Any]:
        before: dict[str, Any] = {}
        for other in self.before(step):
            record = self.records.get(other.key, {})
            before[other.key] = record.get("digest")
            if record.get("status") != "done":  # executed by hand, in Jupyter
                before[other.key] = [sha256_of(path) for path in self.results_by_hand(other)]
        return {**_own_fingerprint(step), "before": cache.fingerprint(before)}

    def digest(self, step: Step, record: Mapping[str, Any]) -> str:
        """Hash of what the steps behind a step read of it: weights, the made data set, predictions.

        Of a step that leaves none of these, and of one that is not known, everything that decided its result counts.
        """
        found: dict[str, Any] = {}
        for name in record["outputs"]:
            path = stored_path(name)
            if path.suffix == ".safetensors":
                found[name] = sha256_of(path)
            elif path.name == "index.csv":
                files = [path, *sorted(path.parent.rglob("*.npy"))]
                found[name] = [[file.relative_to(path.parent).as_posix(), sha256_of(file)] for file in files]
        if "data" in record:
            found["data"] = record["data"]
        if not found or step.notebook not in USES:
            found["decided by"] = record["fingerprint"]
        return cache.fingerprint(found)

    def results_by_hand(self, step: Step) -> list[Path]:
        return sorted((paths.runs_root() / self.run).glob(f"{step.notebook}/**/metrics.json"))

    def why(self, step: Step) -> str:
        """Why a step has to be executed; empty if its results are there and its inputs are what they were."""
        record = self.records.get(step.key)
        if self.force:
            return "--force"
        if record is None:
            return "not run yet"
        if record["status"] != "done":
            return f"{record['status']} last time"
        now, then = self.fingerprint(step), record["fingerprint"]
        if "versions" not in then:
            return "an earlier version of the kit ran it"
        if now["parameters"] != then.get("parameters"):
            old = record.get("parameters", {})
            changed = [
                f"{name} {json.dumps(old.get(name))} → {json.dumps(value)}"
                for name, value in step.values.items()
                if name not in old or old[name] != value
            ]
            return f"parameters changed: {', '.join(changed) or 'some are gone'}"
        words = {
            "notebook": "the notebook's code changed",
            "inputs": "its data, pictures or weights changed",
            "packages": "package versions changed",
            "before": "a step before it gave another result",
        }
        for kind, reason in words.items():
            if now[kind] != then.get(kind):
                return reason
        if changed := cache.changed_versions(then["versions"], now["versions"]):
            return f"the kit's code changed: {changed}"
        missing = [name for name in record["outputs"] if not stored_path(name).is_file()]
        if missing:
            return f"{missing[0]} is gone"
        if step.key == self.data_step and record.get("data") != made_state(step.values["dataset"]):
            return "the made data set changed"
        return ""

    def missing_before(self) -> list[str]:
        """Steps that the selected ones build on, are not selected themselves and have no results."""
        problems = []
        for step in self.steps:
            if step.notebook not in self.selected:
                continue
            for other in self.before(step, needed=True):
                done = self.records.get(other.key, {}).get("status") == "done" or self.results_by_hand(other)
                if other.notebook not in self.selected and not done:
                    problems.append(
                        f"{step.notebook}: needs the results of {other.key}, which has not finished in "
                        f"{paths.display(paths.runs_root() / self.run)}; start with --from {other.notebook}"
                    )
        return list(dict.fromkeys(problems))

    def save(self) -> None:
        known = [step.key for step in self.steps]
        self.records = {key: self.records[key] for key in known if key in self.records}
        self.state = {
            "run": self.run,
            "profile": self.profile.name,
            "description": self.profile.description,
            "planned": known,
            "updated": utc_now(),
            "steps": self.records,
        }
        write_json(paths.run_dir(self.run) / STATE_FILE, self.state)


def duration(seconds: float | None) -> str:
    """``75`` → ``1 min 15 s``."""
    if seconds is None:
        return "–"
    if seconds < 60:
        return f"{seconds:.1f} s"
    hours, minutes = divmod(round(seconds) // 60, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {round(seconds) % 60:02d} s"
