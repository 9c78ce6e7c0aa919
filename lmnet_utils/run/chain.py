"""The chain of notebooks: execute what a profile plans through papermill, skip what is up to date, go on after a stop."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shlex
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

from filelock import FileLock, Timeout

from lmnet_utils.core import files, paths
from lmnet_utils.core.memory import explain_memory
from lmnet_utils.run import cluster, records
from lmnet_utils.run.cluster import Engine
from lmnet_utils.run.execution import StepFailed, alone_at, execute_notebook, step_place, terminate_like_interrupt
from lmnet_utils.run.plans import parts_of, plan_steps, resolve_notebook
from lmnet_utils.run.profiles import Profile, ProfileError, load_profile
from lmnet_utils.run.state import RunState, duration
from lmnet_utils.run.steps import Step


# -------------------------------------------------------------------------------------------------------------- run
@dataclasses.dataclass(frozen=True)
class Choice:
    """Which notebooks of a profile run, with which values, and where to: what the command line's options say.

    Attributes:
        only: notebooks to run, no others.
        from_: the notebook to start with.
        overrides: ``notebook.parameter=value`` texts; they win over the profile.
        run_name: folder below ``runs`` and ``trained_models``; default is the profile's.
        force: also run what is up to date.
    """

    only: Sequence[str] = ()
    from_: str | None = None
    overrides: Sequence[str] = ()
    run_name: str | None = None
    force: bool = False

    def command(self, profile: Profile, selected: Collection[str], step: Step) -> str:
        """What goes on from a step that stopped, when they run one after another."""
        stems = list(profile.notebooks)
        words = ["lmnet", "run", profile.argument]
        if profile.repeat:  # what is done is skipped, in every run
            words += ["--only", ",".join(self.only)] if self.only else ["--from", self.from_] if self.from_ else []
        elif self.only:
            rest = [stem for stem in stems[stems.index(step.notebook) :] if stem in selected]
            words += ["--only", ",".join(rest)]
        else:
            words += ["--from", step.notebook]
        return shlex.join(words + self._rest(profile) + (["--force"] if self.force and not profile.repeat else []))

    def command_for(self, profile: Profile, engine: Engine, steps: Sequence[Step]) -> str:
        """What does the steps that are left, when they run side by side: the same command, as what is done is skipped.

        With ``force`` their notebooks alone, for it would do all of them again.
        """
        words = ["lmnet", "run", profile.argument]
        if self.force:
            words += ["--only", ",".join(dict.fromkeys(step.notebook for step in steps)), "--force"]
        else:
            words += ["--only", ",".join(self.only)] if self.only else ["--from", self.from_] if self.from_ else []
        return shlex.join(words + self._rest(profile) + engine.words())

    def _rest(self, profile: Profile) -> list[str]:
        words = ["--run-name", self.run_name] if self.run_name and self.run_name != profile.run_name else []
        return words + [word for text in self.overrides for word in ("--set", text)]


def run_profile(
    profile: str,
    choice: Choice = Choice(),
    engine: Engine = Engine(),
    *,
    dry_run: bool = False,
    quiet: bool = False,
    say: Callable[[str], None] | None = None,
) -> int:
    """Execute a profile's notebooks in order into ``runs/<run name>/`` and write the report.

    What a profile repeats goes into a run each; one that stops does not end the others.

    Args:
        profile: a name in ``notebooks/profiles`` or the path of a YAML file.
        choice: which of its notebooks, with which values; by default all as the profile says.
        engine: what executes them; by default this process, one after another, up to the first that stops.
        dry_run: print the plan and execute nothing.
        quiet: do not repeat what long cells print.
        say: takes the lines that tell how it goes on; by default they are printed.

    Returns:
        the exit status: 0 all done, 1 a notebook stopped, 130 interrupted.

    Raises:
        ProfileError: nothing was started, for the reasons that it lists.
    """
    say = say or (lambda text: print(text, flush=True))
    loaded = load_profile(profile)
    run = choice.run_name or loaded.run_name
    plans = _plans(loaded, run, choice)
    if dry_run:
        for plan in plans:
            _print_plan(plan, say)
        if engine.slurm is not None:
            say(f"\nthe script of each of {engine.jobs} jobs:\n\n{cluster.job_script(engine)}")
        return 0
    try:
        return _execute_plans(loaded, choice, engine, plans, quiet, say)
    except OSError as error:  # of the run's own files; those of a notebook are its step's failure
        say(f"stopped: {files.explain(error)}")
        return 1
    except MemoryError as error:  # of planning or of the report
        say(f"stopped: {explain_memory(error)}")
        return 1


def _execute_plans(
    profile: Profile,
    choice: Choice,
    engine: Engine,
    plans: Sequence[RunState],
    quiet: bool,
    say: Callable[[str], None],
) -> int:
    """Execute the runs of a profile, alone in their folders; returns the exit status of all."""
    run = choice.run_name or profile.run_name
    with contextlib.ExitStack() as open_runs:
        for name in dict.fromkeys([run, *(plan.run for plan in plans)]):
            open_runs.enter_context(_only_one(paths.run_dir(name)))
        open_runs.enter_context(terminate_like_interrupt())
        if not engine.side_by_side:
            selected = plans[0].selected
            return _one_after_another(plans, run, lambda step: choice.command(profile, selected, step), quiet, say)
        from lmnet_utils.run import scheduler

        telling = scheduler.Telling(lambda steps: choice.command_for(profile, engine, steps), quiet, say)
        status = scheduler.execute(plans, run, engine, telling)
        if profile.repeat and status != 130:
            _put_folds_together(run, say)
        return status


def _selected(stems: list[str], choice: Choice) -> set[str]:
    if choice.only and choice.from_:
        raise ProfileError("--only and --from exclude each other: give one of them")
    if choice.from_:
        return set(stems[stems.index(resolve_notebook(choice.from_, stems)) :])
    return {resolve_notebook(text, stems) for text in choice.only} or set(stems)


def _plans(profile: Profile, run: str, choice: Choice) -> list[RunState]:
    """A plan for each run of a profile that has a selected notebook; ProfileError if something is missing before it."""
    plans, selected = [], _selected(list(profile.notebooks), choice)
    for part in parts_of(profile, run):
        if chosen := selected & set(part.notebooks):
            steps = plan_steps(profile, part, choice.overrides, chosen)
            plans.append(RunState(profile, part.run, steps, chosen, choice.force))
    if problems := [problem for plan in plans for problem in plan.missing_before()]:
        raise ProfileError("\n".join(problems))
    return plans


def _one_after_another(
    plans: Sequence[RunState], run: str, command: Callable[[Step], str], quiet: bool, say: Callable[[str], None]
) -> int:
    """Execute the runs of a profile one after another, and write each one's report; returns the exit status of all."""
    stopped = []
    for plan in plans:
        status = _execute_all(plan, command, quiet, say)
        from lmnet_utils.run import report

        say(f"report: {paths.display(report.write_report(plan.run))}")
        if status == 130 or (status and plan.run == run):  # the data, which all the others need
            return status
        stopped += [plan.run] if status else []
    if any(plan.profile.repeat for plan in plans):
        say(
            f"{len(plans) - len(stopped)} of {len(plans)} runs are done"
            + "".join(f"\nstopped: {name}" for name in stopped)
        )
        _put_folds_together(run, say)
    return 1 if stopped else 0


def _put_folds_together(run: str, say: Callable[[str], None]) -> None:
    """What all folds of a cross-validation say, into the run that they share, and its report once more."""
    from lmnet_utils.run import folds, report

    try:
        if folder := folds.pool_runs(run):
            say(f"all folds together: {paths.display(folder)}, {paths.display(report.write_report(run))}")
    except ValueError as error:
        say(f"the folds are not put together: {error}")


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
    output = plan.notebook_file(step)
    with alone_at(step_place(output), say):
        if plan.force:
            records.remove_outputs(plan.run, step.notebook, plan.records.get(step.key, {}).get("outputs", []))
        record = records.open_record(plan, step)
        files_before, started = records.files_of(plan.run), time.monotonic()
        try:
            execute_notebook(step, output, quiet, say)
            record["status"] = "done"
        except StepFailed as failure:
            record.update(status="failed", error=str(failure))
            raise
        finally:
            record["wall_s"] = round(time.monotonic() - started, 1)
            changed = {name for name, state in records.files_of(plan.run).items() if files_before.get(name) != state}
            records.close_record(plan, step, changed, say)


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
        files.write_json(owner, os.getpid())
        yield
    finally:
        owner.unlink(missing_ok=True)
        lock.release()
