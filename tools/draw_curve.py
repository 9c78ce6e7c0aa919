"""The learning curves: what is kept of ``lmnet run curve``, and their table in docs.

::

    python tools/draw_curve.py [RUN]         # after `lmnet run curve`: trained_models/freeshapes/learning_curve.json
    python tools/ship_weights.py --tables    # then, the table
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lmnet_utils.core import paths
from lmnet_utils.core.files import read_json, write_json
from lmnet_utils.evaluation.learning_curves import LearningCurves
from lmnet_utils.evaluation.tables import table
from lmnet_utils.run.plans import plan_steps
from lmnet_utils.run.profiles import load_profile

KEPT = paths.project_root() / "trained_models" / "freeshapes" / "learning_curve.json"
NOTEBOOK = "13_how_much_data"
PROFILE = "curve"


def ship(run: str) -> Path:
    """Keep what notebook 13 found in a run, with the command that makes it again.

    Raises:
        FileNotFoundError: the run has not executed notebook 13.
    """
    found = paths.runs_root() / run / NOTEBOOK / "metrics.json"
    if not found.is_file():
        raise FileNotFoundError(f"no {paths.display(found)}: train first, `lmnet run {PROFILE}`.")
    record = read_json(found)
    kept = {key: record[key] for key in ("created", "settings", "data", "environment")}
    results = record["results"]
    cells = [
        {key: one for key, one in cell.items() if key != "minutes"} for cell in results["cells"]
    ]  # of a busy machine
    kept |= {"objects": results["objects"], "cells": cells}
    write_json(KEPT, {"command": command(run, record["settings"]), **kept})
    return KEPT


def command(run: str, settings: Mapping[str, Any]) -> str:
    """The command that gives these settings: the profile's own, and a ``--set`` for each that differs from it."""
    profile = load_profile(PROFILE)
    data, grid = plan_steps(profile, run)
    words = ["lmnet", "run", PROFILE] + (["--run-name", run] if run != profile.run_name else [])
    changes = {"01.programs": (data.values["programs"], max(settings["program_counts"]))}
    changes |= {f"13.{name}": (value, settings[name]) for name, value in grid.values.items()}
    for name, (planned, done) in changes.items():
        if planned != done:
            words += ["--set", f"{name}={json.dumps(done, separators=(',', ':'))}"]
    return shlex.join(words)


def known() -> dict[str, Any]:
    """The kept record."""
    return read_json(KEPT)


def budget(record: Mapping[str, Any]) -> str:
    """What every training of the grid had, and what was scored, in a sentence or two."""
    own = record["settings"]
    clouds, images = (
        f"{own[f'{name}_steps']:,} steps of {own[f'{name}_batch']}" for name in ("autoencoder", "encoder")
    )
    views = "all 24 views" if own["views"] is None else f"{own['views']} views"
    seeds = "one training seed" if len(own["seeds"]) == 1 else f"{len(own['seeds'])} training seeds"
    return (
        f"Each autoencoder had {clouds} clouds ({own['input_points']:,} points a cloud for its encoder), each L1 encoder of width "
        f"{own['width']:g} {images} images, whatever it learnt from; {seeds}; {len(record['objects'])} held-out objects (validation "
        f"and test), {views} of each, without ICP. Made by `{record['command']}`."
    )


def curves_table(record: Mapping[str, Any]) -> str:
    """Error by real objects, programs and network, its gain per doubling below, with 95 % intervals, as Markdown."""
    curves = LearningCurves.of(record)
    columns = [(network, programs) for programs in curves.program_counts for network in ("autoencoder", "L1")]
    rows: list[dict[str, str]] = [{"real objects": f"{real}"} for real in curves.real_counts]
    rows.append({"real objects": "gain per doubling"})
    for network, programs in columns:
        points = curves.rows(network, programs)
        figures = [*points, curves.gain_per_doubling(network, programs)]
        for row, one in zip(rows, figures, strict=True):
            row[f"{network}, {programs:,} programs"] = f"{one['mean']:.2f} [{one['low']:.2f}, {one['high']:.2f}]"
    return f"{budget(record)}\n\n{table(rows)}"


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point of the script. Returns the exit status: 0 done, 1 a run that cannot be kept."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("run", nargs="?", default=PROFILE, help="a run that has executed notebook 13")
    try:
        print(paths.display(ship(parser.parse_args(argv).run)))
    except (FileNotFoundError, ValueError) as error:
        print(f"draw_curve: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
