"""The chain of notebooks: execute what a profile plans through papermill, skip what is up to date, go on after a stop."""

from __future__ import annotations

import contextlib
import hashlib
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

from lmnet_utils import paths
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
# What a notebook builds on, where that is not simply every notebook before it: the encoders do not see each other.
NEEDS = {
    "03_encoder_l1": ("01_data_preparation", "02_autoencoder_training"),
    "04_encoder_l2": ("01_data_preparation", "02_autoencoder_training"),
    "05_encoder_probabilistic": ("01_data_preparation", "02_autoencoder_training"),
}
# Modules that run, check or show notebooks but decide no figure: a change in them makes nothing out of date.
NOT_RESULTS = {
    *("app", "archives", "assets", "cli", "colab", "doctor", "downloads", "pipeline", "profiles", "report", "shipping"),
    *("stored_notebooks", "tensorflow_checkpoints", "transfer"),
}
# Files by which a step's results are known, beside weights and pictures.
OUTPUTS = ("metrics.json", "config.json", "index.csv")


class StepFailed(Exception):
    """A notebook stopped; the message holds the cell, the traceback's last lines and the command that continues."""


# -------------------------------------------------------------------------------------------- what is up to date
def _hash(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _helpers_hash() -> str:
    package = Path(__file__).parent
    return _hash({path.name: sha256_of(path) for path in package.glob("*.py") if path.stem not in NOT_RESULTS})


def _package_versions() -> dict[str, str]:
    versions = {"python": f"{sys.version_info.major}.{sys.version_info.minor}"}
    for name in RECORDED_PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            versions[name] = metadata.version(name)
    return versions


def _weights_hash(value: str) -> str:
    path = paths.resolve(value)
    files = [path] if path.is_file() else sorted([*path.glob("*.safetensors"), *path.glob("config.json")])
    return _hash({file.name: sha256_of(file) for file in files})


def _source_state(dataset: str) -> str:
    """State of what a data set is made from: the embedded source, or how many models a downloaded tree holds."""
    for source in (paths.dataset_dir(dataset) / "source", paths.project_root() / "data" / dataset / "source"):
        if source.is_dir():
            return _hash({path.name: sha256_of(path) for path in sorted(source.iterdir()) if path.is_file()})
    counts = {}
    for part in ("ShapeNetRendering", "ShapeNet_pointclouds"):
        folder = paths.dataset_dir(dataset) / part
        if folder.is_dir():
            counts[part] = {entry.name: len(os.listdir(entry)) for entry in os.scandir(folder) if entry.is_dir()}
    return _hash(counts)


def _made_state(dataset: str) -> str:
    """State of a made data set: which parts are there, and its splits, which list every model."""
    root = paths.dataset_dir(dataset)
    parts = [part for part in ("ShapeNetRendering", "ShapeNet_pointclouds") if (root / part).is_dir()]
    splits = {path.relative_to(root).as_posix(): sha256_of(path) for path in sorted(root.glob("splits/**/*.txt"))}
    return _hash([parts, splits])


def _own_fingerprint(step: Step, shared: Mapping[str, str]) -> dict[str, str]:
    """What decides a step's result, apart from the steps before it; a short hash for each kind of input."""
    code = [cell["source"] for cell in read_notebook(notebook_path(step.notebook))["cells"] if is_code(cell)]
    inputs: dict[str, Any] = {
        name: _weights_hash(value) for name in WEIGHTS if isinstance(value := step.values.get(name), str)
    }
    if isinstance(run := step.values.get("weights_run"), str):
        models = paths.trained_models_root() / run
        inputs["weights_run"] = {
            path.parent.name: sha256_of(path) for path in sorted(models.glob("*/model.safetensors"))
        }
    if isinstance(dataset := step.values.get("dataset"), str):
        inputs["dataset"] = _source_state(dataset)
    return {"notebook": _hash(code), "parameters": _hash(step.values), "inputs": _hash(inputs), **shared}


def _files_of(run: str) -> dict[str, tuple[int, int]]:
    """Figures, metrics and weights of a run: path (as :func:`_stored` writes it) → (time of change, size)."""
    found = {}
    for root in (paths.runs_root() / run, paths.trained_models_root() / run):
        for folder, subfolders, names in os.walk(root):
            subfolders[:] = [name for name in subfolders if name not in ("gt", "pred", "tensorboard")]
            for name in names:
                if name in OUTPUTS or name.endswith((".safetensors", ".png", ".gif")):
                    path = Path(folder, name)
                    stat = path.stat()
                    found[_stored(path)] = (stat.st_mtime_ns, stat.st_size)
    return found


_PLACES: dict[str, Callable[[], Path]] = {"runs": paths.runs_root, "trained_models": paths.trained_models_root}


def _stored(path: Path) -> str:
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


class _Run:
    """One run's plan and state: which steps are selected, which are up to date and why not."""

    def __init__(self, profile: Profile, run: str, steps: Sequence[Step], selected: set[str], force: bool):
        self.profile, self.run, self.steps, self.selected, self.force = profile, run, list(steps), selected, force
        self.state = load_state(run)
        self.records: dict[str, dict[str, Any]] = self.state["steps"]
        self.shared = {"helpers": _helpers_hash(), "packages": _hash(_package_versions())}
        self.data_step = next((step.key for step in steps if isinstance(step.values.get("dataset"), str)), None)

    def notebook_file(self, step: Step) -> Path:
        return paths.runs_root() / self.run / f"{step.key}.ipynb"

    def before(self, step: Step) -> list[Step]:
        """The steps that a step builds on."""
        stems = list(dict.fromkeys(other.notebook for other in self.steps))
        earlier = stems[: stems.index(step.notebook)]
        needs = NEEDS.get(step.notebook, earlier)
        return [other for other in self.steps if other.notebook in needs and other.notebook in earlier]

    def fingerprint(self, step: Step) -> dict[str, str]:
        before = {}
        for other in self.before(step):
            record = self.records.get(other.key, {})
            before[other.key] = [record.get("fingerprint"), record.get("digest")]
            if record.get("status") != "done":  # executed by hand, in Jupyter
                before[other.key] = [sha256_of(path) for path in self.results_by_hand(other)]
        return {**_own_fingerprint(step, self.shared), "before": _hash(before)}

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
            "inputs": "its data or initial weights changed",
            "helpers": "the code in lmnet_utils changed (a finished training is loaded; --force trains it again)",
            "packages": "package versions changed",
            "before": "a step before it gave another result",
        }
        for kind, reason in words.items():
            if now[kind] != then.get(kind):
                return reason
        missing = [name for name in record["outputs"] if not stored_path(name).is_file()]
        if missing:
            return f"{missing[0]} is gone"
        if step.key == self.data_step and record.get("data") != _made_state(step.values["dataset"]):
            return "the made data set changed"
        return ""

    def missing_before(self) -> list[str]:
        """Steps that the selected ones build on, are not selected themselves and have no results."""
        problems = []
        for step in self.steps:
            if step.notebook not in self.selected:
                continue
            for other in self.before(step):
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
            "updated": _now(),
            "steps": self.records,
        }
        write_json(paths.run_dir(self.run) / STATE_FILE, self.state)


def _now() -> str:
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
    steps = plan_steps(loaded, run, overrides)
    plan = _Run(loaded, run, steps, selected, force)
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


def _print_plan(plan: _Run, say: Callable[[str], None]) -> None:
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


def _execute_all(plan: _Run, command: Callable[[Step], str], quiet: bool, say: Callable[[str], None]) -> int:
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


def _execute(plan: _Run, step: Step, quiet: bool, say: Callable[[str], None]) -> None:
    """Execute one step and record it; StepFailed and KeyboardInterrupt pass after they have been recorded."""
    earlier = plan.records.get(step.key, {})
    if plan.force:
        _remove_outputs(earlier)
    record: dict[str, Any] = {
        "notebook": step.notebook,
        "parameters": step.values,
        "swept": step.swept,
        "status": "interrupted",  # what it is if the machine goes down now
        "started": _now(),
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
        record["finished"] = _now()
        files = _files_of(plan.run)
        written = {name for name, state in files.items() if files_before.get(name) != state}
        kept = {name for name in earlier.get("outputs", []) if name in files}
        record["outputs"] = sorted(written | kept) + [_stored(plan.notebook_file(step))]
        _warn_of_overwriting(plan, step, written, say)
        weights = [name for name in record["outputs"] if name.endswith(".safetensors")]
        record["digest"] = _hash({name: sha256_of(stored_path(name)) for name in weights})
        if step.key == plan.data_step:
            record["data"] = _made_state(step.values["dataset"])
            record["digest"] = _hash([record["digest"], record["data"]])
        plan.save()


def _remove_outputs(record: Mapping[str, Any]) -> None:
    """Clear what a step left before, so that --force trains anew: a finished training would only be loaded."""
    for name in record.get("outputs", []):
        path = stored_path(name)
        if path.name == "index.csv":  # predictions are replaced as whole folders, known by this file
            continue
        path.unlink(missing_ok=True)
        (path.parent / "training_state.pt").unlink(missing_ok=True)


def _warn_of_overwriting(plan: _Run, step: Step, written: set[str], say: Callable[[str], None]) -> None:
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
    """Two runs into one folder would write over each other; the second one is told so."""
    lock = folder / ".running"
    try:
        with open(lock, "x", encoding="utf-8") as file:
            file.write(str(os.getpid()))
    except FileExistsError:
        import psutil

        owner = lock.read_text(encoding="utf-8")
        if owner.isdigit() and psutil.pid_exists(int(owner)) and int(owner) != os.getpid():
            raise ProfileError(
                f"{paths.display(folder)} is in use by the run with process number {owner}; wait for it, stop it, "
                f"or give this run another name with --run-name"
            ) from None
        lock.write_text(str(os.getpid()), encoding="utf-8")
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


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
