"""The chain of notebooks: execute what a profile plans through papermill, skip what is up to date, go on after a stop."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
import shlex
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from lmnet_utils import cache, paths
from lmnet_utils.cutouts import SUFFIXES
from lmnet_utils.profiles import (
    WEIGHTS,
    Profile,
    ProfileError,
    Step,
    is_code,
    is_tagged,
    load_profile,
    notebook_path,
    plan_steps,
    read_notebook,
    resolve_notebook,
)
from lmnet_utils.reproducibility import RECORDED_PACKAGES, read_json, sha256_of, write_json

STATE_FILE = "steps.json"
# Files by which a step's results are known, beside weights and pictures.
OUTPUTS = ("metrics.json", "config.json", "index.csv")


@dataclasses.dataclass(frozen=True)
class Uses:
    """What decides a notebook's results beside its own code and parameters.

    ``needs``: notebooks whose results it cannot do without; ``reads``: those whose results it reads if they are there.
    ``parts``: of :data:`lmnet_utils.cache.VERSIONS`.
    """

    needs: tuple[str, ...]
    parts: tuple[str, ...]
    reads: tuple[str, ...] = ()


_DATA, _AUTOENCODER, _L1 = "01_data_preparation", "02_autoencoder_training", "03_encoder_l1"
_TRAININGS = (_AUTOENCODER, _L1, "04_encoder_l2", "05_encoder_probabilistic")
_TRAINING_PARTS = ("training", "frames", "inference", "rendering")
USES = {
    _DATA: Uses((), ("freeshapes", "splits", "pack", "geometry", "networks")),
    _AUTOENCODER: Uses((_DATA,), ("splits", *_TRAINING_PARTS)),
    _L1: Uses((_DATA, _AUTOENCODER), ("splits", *_TRAINING_PARTS)),
    "04_encoder_l2": Uses((_DATA, _AUTOENCODER), ("splits", *_TRAINING_PARTS), reads=(_L1,)),
    "05_encoder_probabilistic": Uses((_DATA, _AUTOENCODER), ("splits", *_TRAINING_PARTS)),
    "06_inference": Uses((_DATA, *_TRAININGS), ("splits", "frames", "methods", "statistics", "rendering")),
    "07_rendering": Uses(("06_inference",), ("predictions", "geometry", "rendering", "splits")),
    "08_evaluation": Uses(
        (_DATA, *_TRAININGS), ("splits", "frames", "methods", "diversity", "losses", "statistics", "rendering")
    ),
    "09_explorer": Uses((_DATA, *_TRAININGS), ("splits", "explorer")),
    "10_pix3d": Uses(_TRAININGS, ("splits", "frames", "pix3d", "rendering"), reads=(_DATA,)),
    "11_own_photo": Uses(_TRAININGS, ("photos", "familiarity", "rendering"), reads=(_DATA,)),
}
"""Notebook → what it uses. A notebook that does not stand here uses all notebooks before it, and all parts."""


class StepFailed(Exception):
    """A notebook stopped; the message holds the cell, the traceback's last lines and the command that continues."""


# -------------------------------------------------------------------------------------------- what is up to date
def _package_versions() -> dict[str, str]:
    versions = {"python": f"{sys.version_info.major}.{sys.version_info.minor}"}
    for name in RECORDED_PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            versions[name] = metadata.version(name)
    return versions


def _files_hash(*values: str) -> str:
    """Hash of files, and of the weights, pictures and masks in folders, given as parameters give them."""
    found = []
    for path in map(paths.resolve, values):
        files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if _is_input(file))
        found += [[file.relative_to(path).as_posix(), sha256_of(file)] for file in files]
    return cache.fingerprint(found)


def _is_input(file: Path) -> bool:
    kinds = (".safetensors", ".pth", *SUFFIXES)
    return file.is_file() and (file.name == "config.json" or file.suffix.lower() in kinds)


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


def _files_of(run: str) -> dict[str, tuple[int, int]]:
    """Figures, metrics and weights of a run: path (as :func:`stored_name` writes it) → (time of change, size)."""
    found = {}
    for root in (paths.runs_root() / run, paths.trained_models_root() / run):
        for folder, subfolders, names in os.walk(root):
            subfolders[:] = [name for name in subfolders if name not in ("gt", "pred", "tensorboard")]
            for name in names:
                if name in OUTPUTS or name.endswith((".safetensors", ".png", ".gif")):
                    path = Path(folder, name)
                    stat = path.stat()
                    found[stored_name(path)] = (stat.st_mtime_ns, stat.st_size)
    return found


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
            "updated": now(),
            "steps": self.records,
        }
        write_json(paths.run_dir(self.run) / STATE_FILE, self.state)


def now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


# -------------------------------------------------------------------------------------------------------------- run
def run_profile(
    profile: str,
    *,
    only: Sequence[str] = (),
    from_: str | None = None,
    overrides: Sequence[str] = (),
    run_name: str | None = None,
    dry_run: bool = False,
    force: bool = False,
    quiet: bool = False,
    say: Callable[[str], None] | None = None,
) -> int:
    """Execute a profile's notebooks in order into ``runs/<run name>/`` and write the report.

    Args:
        profile: a name in ``notebooks/profiles`` or the path of a YAML file.
        only: notebooks to run, no others. ``from_``: the notebook to start with.
        overrides: ``notebook.parameter=value`` texts; they win over the profile.
        run_name: folder below ``runs`` and ``trained_models``; default is the profile's.
        dry_run: print the plan and execute nothing. ``force``: also run what is up to date.
        quiet: do not repeat what long cells print.

    Returns:
        the exit status: 0 done, 1 a notebook stopped, 130 interrupted.

    Raises:
        ProfileError: nothing was started, for the reasons that it lists.
    """
    say = say or (lambda text: print(text, flush=True))
    loaded = load_profile(profile)
    run = run_name or loaded.run_name
    stems = list(loaded.notebooks)
    if only and from_:
        raise ProfileError("--only and --from exclude each other: give one of them")
    selected = {resolve_notebook(text, stems) for text in only} or set(stems)
    if from_:
        selected = set(stems[stems.index(resolve_notebook(from_, stems)) :])
    steps = plan_steps(loaded, run, overrides, selected)
    plan = RunState(loaded, run, steps, selected, force)
    if problems := plan.missing_before():
        raise ProfileError("\n".join(problems))
    if dry_run:
        _print_plan(plan, say)
        return 0

    def command(step: Step) -> str:
        words = ["lmnet", "run", loaded.argument]
        if only:
            rest = [stem for stem in stems[stems.index(step.notebook) :] if stem in selected]
            words += ["--only", ",".join(rest)]
        else:
            words += ["--from", step.notebook]
        words += ["--run-name", run] if run != loaded.run_name else []
        words += [word for text in overrides for word in ("--set", text)]
        return shlex.join(words + (["--force"] if force else []))

    with _only_one(paths.run_dir(run)), _terminate_like_interrupt():
        status = _execute_all(plan, command, quiet, say)
        from lmnet_utils import report

        say(f"report: {paths.display(report.write_report(run))}")
    return status


def _print_plan(plan: RunState, say: Callable[[str], None]) -> None:
    say(f"profile {plan.profile.name} into {paths.display(paths.runs_root() / plan.run)}; nothing is executed")
    running: set[str] = set()
    for step in plan.steps:
        why = plan.why(step)
        upstream = [other.key for other in plan.before(step) if other.key in running]
        if step.notebook not in plan.selected:
            verdict = "left out" + (f" (but not up to date: {why})" if why else "")
        elif why or upstream:
            verdict = f"run: {why or f'{upstream[0]} before it runs'}"
            running.add(step.key)
        else:
            verdict = "skip: up to date"
        say(f"\n{step.key}  [{verdict}]")
        for name, value in step.values.items():
            note = (
                "" if value == step.defaults[name] else f"    (the notebook's own: {json.dumps(step.defaults[name])})"
            )
            say(f"    {name} = {json.dumps(value, ensure_ascii=False)}{note}")


def _execute_all(plan: RunState, command: Callable[[Step], str], quiet: bool, say: Callable[[str], None]) -> int:
    chosen = [step for step in plan.steps if step.notebook in plan.selected]
    started = time.monotonic()
    say(f"profile {plan.profile.name}: {len(chosen)} steps into {paths.display(paths.run_dir(plan.run))}")
    for number, step in enumerate(chosen, 1):
        why = plan.why(step)
        if not why:
            say(f"[{step.key}] step {number}/{len(chosen)}: up to date, skipped")
            continue
        say(f"[{step.key}] step {number}/{len(chosen)}: {why}")
        try:
            _execute(plan, step, quiet, say)
        except StepFailed as failure:
            say(f"\n[{step.key}] {failure}\n")
            say(f"executed notebook kept: {paths.display(plan.notebook_file(step))}")
            say(f"continue with: {command(step)}")
            return 1
        except KeyboardInterrupt:
            say(f"\n[{step.key}] interrupted. Trainings resume where they stood.\ncontinue with: {command(step)}")
            return 130
        say(f"[{step.key}] done in {duration(plan.records[step.key]['wall_s'])}")
    say(f"all done in {duration(time.monotonic() - started)}")
    return 0


def _execute(plan: RunState, step: Step, quiet: bool, say: Callable[[str], None]) -> None:
    """Execute one step and record it; StepFailed and KeyboardInterrupt pass after they have been recorded."""
    earlier = plan.records.get(step.key, {})
    if plan.force:
        _remove_outputs(plan, step)
    record: dict[str, Any] = {
        "notebook": step.notebook,
        "parameters": step.values,
        "swept": step.swept,
        "status": "interrupted",  # what it is if the machine goes down now
        "started": now(),
        "wall_s": None,
        "fingerprint": plan.fingerprint(step),
        "outputs": [],
        "error": None,
    }
    plan.records[step.key] = record
    plan.save()
    files_before, started = _files_of(plan.run), time.monotonic()
    try:
        execute_notebook(step, plan.notebook_file(step), quiet, say)
        record["status"] = "done"
    except StepFailed as failure:
        record.update(status="failed", error=str(failure))
        raise
    finally:
        record["wall_s"] = round(time.monotonic() - started, 1)
        record["finished"] = now()
        files = _files_of(plan.run)
        written = {name for name, state in files.items() if files_before.get(name) != state}
        kept = {name for name in earlier.get("outputs", []) if name in files}
        record["outputs"] = sorted(written | kept) + [stored_name(plan.notebook_file(step))]
        _warn_of_overwriting(plan, step, written, say)
        if step.key == plan.data_step:
            record["data"] = made_state(step.values["dataset"])
        record["digest"] = plan.digest(step, record)
        plan.save()


def _remove_outputs(plan: RunState, step: Step) -> None:
    """Clear what a step left before and what it keeps, so that --force computes anew: else it would only be loaded."""
    for name in plan.records.get(step.key, {}).get("outputs", []):
        path = stored_path(name)
        if path.name == "index.csv":  # predictions are replaced as whole folders, known by this file
            continue
        path.unlink(missing_ok=True)
        (path.parent / "training_state.pt").unlink(missing_ok=True)
    cache.clear_arrays(paths.runs_root() / plan.run / step.notebook)
    if step.notebook in USES and "familiarity" in USES[step.notebook].parts:
        for path in paths.data_root().glob("*/familiarity/*.npz"):
            with contextlib.suppress(OSError):  # data that may only be read
                path.unlink()


def _warn_of_overwriting(plan: RunState, step: Step, written: set[str], say: Callable[[str], None]) -> None:
    for other in plan.steps:
        if other.notebook == step.notebook and other.key != step.key:
            shared = written.intersection(plan.records.get(other.key, {}).get("outputs", []))
            if shared:
                say(
                    f"[{step.key}] warning: it wrote over {min(shared)} of {other.key}. The two share their output "
                    f"folder: give each value of {', '.join(step.swept)} a run of its own with --run-name."
                )


@contextlib.contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Two runs into one folder would write over each other; the second one is told so.

    The system itself holds the lock, so a run that was killed leaves none; ``.running`` only says whose it is.
    """
    lock, owner = FileLock(folder / ".lock"), folder / ".running"
    try:
        lock.acquire(timeout=0)
    except Timeout:
        number = owner.read_text(encoding="utf-8").strip() if owner.is_file() else "unknown"
        raise ProfileError(
            f"{paths.display(folder)} is in use by the run with process number {number}; wait for it, stop it, "
            f"or give this run another name with --run-name"
        ) from None
    try:
        write_json(owner, os.getpid())
        yield
    finally:
        owner.unlink(missing_ok=True)
        lock.release()


@contextlib.contextmanager
def _terminate_like_interrupt() -> Iterator[None]:
    """SIGTERM (a time limit, a closed terminal) ends the kernel and keeps the notebook as Ctrl-C does."""

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    old = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, old)


def duration(seconds: float | None) -> str:
    """``75`` → ``1 min 15 s``."""
    if seconds is None:
        return "–"
    if seconds < 60:
        return f"{seconds:.1f} s"
    hours, minutes = divmod(round(seconds) // 60, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {round(seconds) % 60:02d} s"


# ---------------------------------------------------------------------------------------------------- one notebook
class _Progress:
    """Plain lines of progress: one for each code cell, and what a cell prints once it takes longer than a moment."""

    PATIENCE = 5.0  # seconds that a cell runs before its output is repeated
    SILENCE = 60.0  # seconds without a word after which a running cell is mentioned again

    def __init__(self, label: str, cells: Sequence[Mapping[str, Any]], quiet: bool, say: Callable[[str], None]):
        self.label, self.quiet, self.say = label, quiet, say
        self.numbers, self.titles = {}, {}
        title = ""
        for index, cell in enumerate(cells):
            if is_code(cell):
                self.numbers[index] = len(self.numbers) + 1
                self.titles[index] = title
            elif headings := re.findall(r"^#{1,6} +(.+?) *$", cell["source"], flags=re.MULTILINE):
                title = headings[-1]
        self.current: int | None = None
        self.title = ""
        self.began = self.spoke = time.monotonic()
        self.buffer = ""
        self.over = threading.Event()

    def cell(self, cell: Mapping[str, Any], cell_index: int, **_: Any) -> None:
        """A code cell starts (nbclient's hook)."""
        self.flush_lines(end=True)
        self.current, self.began, self.buffer = cell_index, time.monotonic(), ""
        title = self.titles.get(cell_index, "")
        self.speak(f"[{self.label}] {self.where()}  {'' if title == self.title else title}".rstrip())
        self.title = title

    def where(self) -> str:
        """``cell 7/18``."""
        return f"cell {self.numbers.get(self.current, '?')}/{len(self.numbers)}"

    def speak(self, text: str) -> None:
        self.spoke = time.monotonic()
        self.say(text)

    def write(self, text: str) -> None:
        """What a cell prints to its standard output (papermill's ``stdout_file``)."""
        self.buffer += text
        self.flush_lines()

    def flush(self) -> None:
        pass

    def flush_lines(self, end: bool = False) -> None:
        if self.quiet or time.monotonic() - self.began < self.PATIENCE:
            return
        *lines, rest = self.buffer.split("\n")
        self.buffer = "" if end else rest
        for line in [*lines, rest] if end else lines:
            if line.strip():
                self.speak(f"    {line.split(chr(13))[-1].rstrip()}")

    def watch(self) -> None:
        """Say now and then that a silent cell still runs (a thread of its own)."""
        while not self.over.wait(5.0):
            if time.monotonic() - self.spoke >= self.SILENCE:
                self.speak(
                    f"[{self.label}] {self.where()} has been running for {duration(time.monotonic() - self.began)}"
                )


def execute_notebook(step: Step, output: Path, quiet: bool = False, say: Callable[[str], None] = print) -> None:
    """Execute one step's notebook into ``output``, in a kernel of this very Python.

    Raises:
        StepFailed: a cell raised, or the kernel died.
    """
    import nbformat
    import papermill
    from ipykernel.kernelspec import get_kernel_dict
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager
    from papermill.exceptions import PapermillExecutionError

    class OwnKernel(AsyncKernelManager):
        # A kernelspec called python3 may belong to any Python of the machine; the kernel has to be this one, with
        # this package, however the runner was started.
        @property
        def kernel_spec(self) -> KernelSpec:
            native = get_kernel_dict()
            argv = [sys.executable, *native["argv"][1:], "--log-level=40"]  # else it warns of unencrypted loopback
            return KernelSpec(**{**native, "argv": argv})

    source = nbformat.read(notebook_path(step.notebook), as_version=4)
    cells = list(source.cells)
    parameters_at = next((index for index, cell in enumerate(cells) if is_tagged(cell, "parameters")), -1)
    if step.parameters:  # papermill puts its cell there; without a parameters cell, at the top
        cells.insert(parameters_at + 1, {"cell_type": "code", "source": "", "metadata": {}})
    progress = _Progress(step.key, cells, quiet, say)
    watch = threading.Thread(target=progress.watch, daemon=True)
    watch.start()
    output.parent.mkdir(parents=True, exist_ok=True)
    search = [str(Path(__file__).resolve().parent.parent), os.environ.get("PYTHONPATH", "")]
    variables = {"PYTHONPATH": os.pathsep.join(filter(None, search)), "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)  # the kernel inherits them
    try:
        papermill.execute_notebook(
            _no_format(notebook_path(step.notebook)),
            _no_format(output),
            parameters=step.parameters,
            kernel_name="python3",
            language="python",
            progress_bar=False,
            stdout_file=progress,
            start_timeout=120,
            cwd=str(paths.notebooks_root()),
            kernel_manager_class=OwnKernel,
            on_cell_execute=progress.cell,
        )
    except PapermillExecutionError as error:
        trace = _clean_traceback(error.traceback, f"{error.ename}: ")
        raise StepFailed(f"{progress.where()} raised {error.ename}: {error.evalue}\n{trace}".rstrip()) from None
    except (RuntimeError, TimeoutError) as error:  # nbclient: dead kernel, kernel that does not start
        raise StepFailed(
            f"{progress.where()}: the kernel died ({error}). Out of memory? A smaller batch_size needs less."
        ) from error
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
        progress.flush_lines(end=True)
        progress.over.set()


def _no_format(path: Path) -> str:
    return str(path).replace("{", "{{").replace("}", "}}")  # papermill formats paths with the parameters


def _clean_traceback(lines: Sequence[str], message: str, last: int = 15) -> str:
    """The end of a traceback, without the error's message, which its reader has seen and which may be long."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(lines))
    text = text.rpartition(f"\n{message}")[0] or text
    return "\n".join(f"    {line}" for line in text.rstrip().splitlines()[-last:])
