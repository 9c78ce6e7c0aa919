"""The claims by cross-validation: what is kept of ``lmnet run verdicts``, and its tables in README and docs.

::

    python tools/draw_verdicts.py [RUN]          # after `lmnet run verdicts`: trained_models/freeshapes/verdicts.json
    python tools/ship_weights.py --tables        # then, the tables
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lmnet_utils.core import paths
from lmnet_utils.core.files import read_json, write_json
from lmnet_utils.evaluation.records import remade
from lmnet_utils.evaluation.tables import table
from lmnet_utils.run.folds import pool_runs

KEPT = paths.project_root() / "trained_models" / "freeshapes" / "verdicts.json"
DESIGN = paths.project_root() / "benchmarks" / "verdict_design.json"
FOLDS = 5


def ship(run: str) -> Path:
    """Keep what all folds of a run say together.

    Raises:
        ValueError: not all five folds have been evaluated, or they do not belong together.
    """
    folder = pool_runs(run)
    record = read_json(folder / "metrics.json") if folder else {"results": {"seeds": {}}}
    if len(record["results"]["seeds"]) < FOLDS:
        raise ValueError(f"run {run!r}: {len(record['results']['seeds'])} of {FOLDS} folds are evaluated.")
    write_json(KEPT, record)
    return KEPT


def known() -> dict[str, Any] | None:
    """The kept record, its verdicts by today's rules; None before there is one."""
    return remade(read_json(KEPT)) if KEPT.is_file() else None


def verdicts(record: Mapping[str, Any] | None) -> str:
    """Claim, evidence and verdict over all folds, as Markdown."""
    if record is None:
        return "This profile has not been run yet: the verdicts above rest on one training each."
    return table(record["results"]["verdicts"], columns=("claim", "evidence", "verdict"))


def counted(rows: Sequence[Mapping[str, Any]]) -> str:
    """How many claims have which verdict: ``4 “yes”, 1 “equivalent”``."""
    return ", ".join(f"{count} “{verdict}”" for verdict, count in Counter(row["verdict"] for row in rows).most_common())


def design() -> str:
    """Of each claim the half-width that is to be expected in five folds, by seeds, and the profile's hours."""
    results = read_json(DESIGN)["results"]
    rows = []
    for row in results["claims"]:
        seeds = {name.removeprefix("seeds_"): value for name, value in row.items() if name.startswith("seeds_")}
        shown = {_title(count): f"± {one['half_width']:.2f} ({one['decided']:.0f} %)" for count, one in seeds.items()}
        scatter = {"objects": f"{row['objects_sd']:.2f}", "networks": f"{row['networks_sd']:.2f}"}
        rows.append({"claim": row["claim"], "difference": f"{row['difference']:+.2f}", **scatter, **shown})
    hours = {_title(count): f"{found['all'] / 60:.1f} h" for count, found in results["minutes"].items()}
    return table([*rows, {"claim": "the profile takes", **hours}])


def _title(count: str) -> str:
    return f"{count} seed" + ("s" if count != "1" else "")


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point of the script. Returns the exit status: 0 done, 1 a run that cannot be kept."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("run", nargs="?", default="verdicts", help="a run whose folds are all evaluated")
    try:
        print(paths.display(ship(parser.parse_args(argv).run)))
    except ValueError as error:
        print(f"draw_verdicts: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
