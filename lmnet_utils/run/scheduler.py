"""Steps side by side: each starts when what it builds on is over and there is room; what fails stops only what needs it.

This process plans, records and reports; a step is executed by a process of its own (:mod:`lmnet_utils.run.worker`), started by
a thread here or by a worker of a Dask cluster (:mod:`lmnet_utils.run.cluster`). Both hand out futures: joblib, which does the
parallel work within steps, maps a function over items and knows nothing of items that wait for one another.
"""

from __future__ import annotations

import contextlib
import dataclasses
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from typing import Any

from tqdm.auto import tqdm

from lmnet_utils.core import cache, parallel, paths
from lmnet_utils.core.runtime import available_memory_gb
from lmnet_utils.run import cluster, execution, kernel, records, worker
from lmnet_utils.run.cluster import Engine
from lmnet_utils.run.state import RunState, duration, writes_apart
from lmnet_utils.run.steps import Step

ASSUMED_GB = 2.0
"""What a step is thought to need that has not run yet; afterwards its record says how large its process became."""
SILENCE_S = 60.0
"""Where there is no bar, what is at work is said after so many seconds without a word."""

LONGEST_FIRST = (
    "12_strong_variant", "06_inference", "08_evaluation", "03_encoder_l1", "04_encoder_l2", "05_encoder_probabilistic",
    "02_autoencoder_training", "14_posteriors", "13_how_much_data", "11_own_photo",
)  # fmt: skip
"""Of the steps that may start these do first, by the quickstart's times: begun last, one of them would run on alone. (08 reads
what 06 predicts, so 06 goes before it.)"""

WAITING, RUNNING, SKIPPED, DONE, FAILED, NOT_RUN, INTERRUPTED = (
    "waiting", "running", "up to date", "done", "failed", "not run", "interrupted"
)  # fmt: skip
LEFT = (FAILED, NOT_RUN, INTERRUPTED)


@dataclasses.dataclass(eq=False)
class StepTask:
    """A step of one of the runs, and how far it is.

    Attributes:
        label: what it is called, with its run where there are several.
        needs: those whose results it cannot do without.
        after: those that have to be over before it starts: what it needs, what it reads if it is there, and what writes
            into the same folder before it.
        why: the reason for which it runs, known once it may start.
        note: what became of it, for the report at the end.
    """

    plan: RunState
    step: Step
    label: str
    needs: list[StepTask] = dataclasses.field(default_factory=list)
    after: list[StepTask] = dataclasses.field(default_factory=list)
    state: str = WAITING
    why: str | None = None
    note: str = ""

    @property
    def place(self) -> str:
        return paths.display(self.plan.notebook_file(self.step))

    def memory_gb(self) -> float:
        """What this notebook's steps took in this run so far."""
        known = [record.get("memory_gb") or 0 for record in self.plan.records.values()
                 if record["notebook"] == self.step.notebook]  # fmt: skip
        return max(known, default=0) or ASSUMED_GB


@dataclasses.dataclass(frozen=True)
class Telling:
    """``command``: what goes on from steps that are not done. ``quiet``: no cell's prints. ``say``: takes lines."""

    command: Callable[[Sequence[Step]], str]
    quiet: bool
    say: Callable[[str], None]


def graph(plans: Sequence[RunState], run: str) -> list[StepTask]:
    """The selected steps of all plans in their order, each with those that it waits for.

    Args:
        run: the run that all the others need, where a profile repeats.
    """
    tasks: list[StepTask] = []
    shared: list[StepTask] = []
    for plan in plans:
        several = len(plans) > 1
        own = {
            step.key: StepTask(plan, step, f"{plan.run}: {step.key}" if several else step.key)
            for step in plan.steps
            if step.notebook in plan.selected
        }
        for task in own.values():
            task.needs = shared + [own[step.key] for step in plan.before(task.step, needed=True) if step.key in own]
            task.after = task.needs + [own[step.key] for step in plan.before(task.step) if step.key in own]
            earlier = list(own.values())[: list(own).index(task.step.key)]
            task.after += [other for other in earlier if other.step.notebook == task.step.notebook
                           and not writes_apart(other.step, task.step)]  # fmt: skip
        if plan.profile.repeat and plan.run == run:
            shared = list(own.values())
        tasks += own.values()
    return tasks


def execute(
    plans: Sequence[RunState],
    run: str,
    engine: Engine,
    telling: Telling,
) -> int:
    """Execute the steps of all plans side by side.

    Args:
        run: the profile's run.

    Returns:
        the exit status: 0 all done, 1 a step failed, 130 interrupted.
    """
    tasks, say = graph(plans, run), telling.say
    folders = [paths.run_dir(plan.run) for plan in plans]
    say(f"{len(tasks)} steps into {', '.join(map(paths.display, folders))}; what they say: logs/ there")
    began = time.monotonic()
    with cluster.open_executor(engine, say) as executor, _wanted(plans) as token, _Board(tasks, say) as board:
        status = _Run(tasks, engine, executor, token, telling.quiet, board).until_all_are_over()
    for plan in plans:
        from lmnet_utils.run import report

        say(f"report: {paths.display(report.write_report(plan.run))}")
    _sum_up(tasks, telling.command, say)
    if not status:
        say(f"all done in {duration(time.monotonic() - began)}")
    return status


@contextlib.contextmanager
def _wanted(plans: Sequence[RunState]) -> Iterator[str]:
    """The token with which steps may go on; at the end, and in the next run, those that still do are ended by it."""
    token, files = uuid.uuid4().hex, [worker.wanted_file(paths.run_dir(plan.run)) for plan in plans]
    for file in files:
        file.parent.mkdir(exist_ok=True)
        file.write_text(token, encoding="utf-8")
    try:
        yield token
    finally:
        for file in files:  # not removed: other machines of a cluster may see that of a new file late
            file.write_text("", encoding="utf-8")


class _Run:
    """The tasks of a run, those that are executed and what comes of them."""

    def __init__(
        self, tasks: list[StepTask], engine: Engine, executor: Executor, token: str, quiet: bool, board: _Board
    ) -> None:
        self.tasks, self.engine, self.executor, self.token, self.quiet = tasks, engine, executor, token, quiet
        self.board = board
        self.running: dict[Future, StepTask] = {}
        self.memory_gb = None if engine.on_cluster else available_memory_gb()

    def until_all_are_over(self) -> int:
        """The exit status: 0 all done, 1 a step failed, 130 interrupted."""
        try:
            while True:
                self._start_what_can()
                if not self.running:
                    return int(any(task.state in LEFT for task in self.tasks))
                self._take(wait(self.running, 1.0, FIRST_COMPLETED).done)
                self.board.look()
        except KeyboardInterrupt:
            self.board.say("interrupted: the steps that are at work are ended. Trainings resume where they stood.")
            for task in self.tasks:
                worker.wanted_file(paths.run_dir(task.plan.run)).write_text("", encoding="utf-8")
            self._take(wait(self.running, 2 * worker.GRACE_S).done)
            return 130

    # ---------------------------------------------------------------------------------------------------------- start
    def _start_what_can(self) -> None:
        while self._settle():  # what is up to date lets others start, what failed does not
            pass
        for task in self._ready():
            if self._has_room(task):
                self._start(task)

    def _settle(self) -> bool:
        """Find what is up to date, and what will never start; whether anything was found."""
        found = False
        for task in [task for task in self.tasks if task.state == WAITING]:
            if bad := next((other for other in task.needs if other.state in LEFT), None):
                task.state, task.note, found = NOT_RUN, f"needs {bad.label}", True
            elif task.why is None and all(other.state not in (WAITING, RUNNING) for other in task.after):
                task.why = task.plan.why(task.step)
                if not task.why:
                    task.state, found = SKIPPED, True
                    self.board.over(task, "up to date, skipped")
        return found

    def _ready(self) -> list[StepTask]:
        """What may start, :data:`LONGEST_FIRST`, then in the order of the profile."""
        place = {notebook: number for number, notebook in enumerate(LONGEST_FIRST)}
        ready = [task for task in self.tasks if task.state == WAITING and task.why]
        return sorted(ready, key=lambda task: place.get(task.step.notebook, len(place)))

    def _has_room(self, task: StepTask) -> bool:
        if self.engine.on_cluster or not self.running:
            return True
        taken = sum(other.memory_gb() for other in self.running.values())
        fits = self.memory_gb is None or taken + task.memory_gb() <= self.memory_gb
        return fits and len(self.running) < self.engine.jobs

    def _start(self, task: StepTask) -> None:
        plan, step = task.plan, task.step
        earlier = plan.records.get(step.key, {})
        place = execution.step_place(plan.notebook_file(step))
        if earlier.get("status") in (DONE, FAILED):  # what lies there is older than that
            kernel.beside(place, ".json").unlink(missing_ok=True)
        record = records.open_record(plan, step)
        order = worker.Order(
            step=step,
            run=plan.run,
            identity=cache.fingerprint([record["fingerprint"], self.token if plan.force else ""]),
            token=self.token,
            quiet=self.quiet,
            cores=self._share(),
            clear=tuple(earlier.get("outputs", ())) if plan.force else (),
            variables=worker.variables(),
        )
        self.running[self.executor.submit(worker.perform, order)] = task
        task.state = RUNNING
        self.board.say(f"[{task.label}] starts: {task.why}")

    def _share(self) -> int:
        """Cores for a step that starts now; a worker of a cluster knows its own."""
        if self.engine.on_cluster:
            return 0
        at_once = min(self.engine.jobs, len(self.running) + len(self._ready()))
        return max(1, parallel.cores() // at_once)

    # ----------------------------------------------------------------------------------------------------------- over
    def _take(self, futures: Sequence[Future] | set[Future]) -> None:
        for future in futures:
            task = self.running.pop(future)
            try:
                result = future.result()
            except BaseException as error:  # a CancelledError is no Exception
                if isinstance(error, KeyboardInterrupt):
                    raise
                result = {"status": FAILED, "error": cluster.why_lost(error)}
            self._record(task, result)

    def _record(self, task: StepTask, result: Mapping[str, Any]) -> None:
        record = task.plan.records[task.step.key]
        record.update({name: result[name] for name in ("status", "error", "started", "wall_s", "memory_gb")
                       if result.get(name) is not None})  # fmt: skip
        records.close_record(task.plan, task.step, set(), self.board.say)
        task.state, task.note = result["status"], (result.get("error") or "").split("\n")[0]
        if task.state == DONE:
            self.board.over(task, f"done in {duration(record['wall_s'])}")
        else:
            self.board.over(task, f"{task.state}. {result.get('error') or ''}".rstrip())


class _Board:
    """Progress in one place: a bar on a screen, lines elsewhere."""

    def __init__(self, tasks: Sequence[StepTask], say: Callable[[str], None]) -> None:
        self.tasks, self._say = tasks, say
        self.spoke = time.monotonic()

    def __enter__(self) -> _Board:
        self.bar = tqdm(total=len(self.tasks), unit="step", disable=not sys.stderr.isatty(), file=sys.stderr)
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.close()

    def say(self, text: str) -> None:
        """A line of its own, above the bar."""
        self.spoke = time.monotonic()
        with self.bar.external_write_mode(file=sys.stdout):
            self._say(text)

    def over(self, task: StepTask, how: str) -> None:
        self.bar.update()
        count = sum(other.state not in (WAITING, RUNNING) for other in self.tasks)
        self.say(f"[{task.label}] {how}" if "\n" in how else f"[{task.label}] {how} ({count} of {len(self.tasks)})")

    def look(self) -> None:
        """What the steps at work said last."""
        if not self.bar.disable:
            self.bar.set_postfix_str(self._at_work(), refresh=True)
        elif time.monotonic() - self.spoke > SILENCE_S:
            self.say(f"at work: {self._at_work()}")

    def _at_work(self) -> str:
        found = []
        for task in self.tasks:
            if task.state == RUNNING:
                log = worker.log_of(task.plan.notebook_file(task.step))
                said = worker.last_line(log).removeprefix(f"[{task.step.key}] ").partition("  ")[0]
                found.append(f"{task.label} {said[:40]}".rstrip())
        return "; ".join(found)


def _sum_up(tasks: Sequence[StepTask], command: Callable[[Sequence[Step]], str], say: Callable[[str], None]) -> None:
    """What failed, what was not run, and what goes on from there."""
    missing = [task for task in tasks if task.state not in (DONE, SKIPPED)]
    if not missing:
        return
    say(f"\n{len(tasks) - len(missing)} of {len(tasks)} steps are done")
    for task in missing:
        state = NOT_RUN if task.state == WAITING else task.state
        kept = f"; {task.place} and {paths.display(worker.log_of(task.plan.notebook_file(task.step)))}"
        say(f"{state}: {task.label}{f' ({task.note})' if task.note else ''}{kept if task.state == FAILED else ''}")
    say(f"continue with: {command([task.step for task in missing])}")
