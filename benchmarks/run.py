"""All speed ratios by one command, with a history of them.

    python benchmarks/run.py [loops training_steps] [--repeats 5] [--keep]

Each suite is a script of this folder and runs in a process of its own. In it the sides of a row take turns on the same data, and what they
find is compared before a ratio is given; a difference beyond rounding ends the run. Only ratios of one run are compared: seconds of
two runs say more about what else the machine did. ``--keep`` appends the run to ``benchmarks/history.json``, of which
``python tools/ship_weights.py --tables`` makes the table of ``docs/speed.md``. In either case it is said what has become slower
since the last run on a machine of this kind; the exit status is then 1.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from lmnet_utils.core.files import read_json, write_json
from lmnet_utils.core.runtime import environment, pick_precision, utc_now

HISTORY = Path(__file__).with_name("history.json")
SUITES = ("loops", "training_steps")
SLOWER = 0.85
"""A ratio below so much of the last one is told: on a machine that others use, runs differ by a tenth."""


def measured(suite: str, repeats: int) -> dict[str, dict[str, float]]:
    """What a suite finds: row → seconds and ratio."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "found.json"
        script = Path(__file__).with_name(f"{suite}.py")
        subprocess.run([sys.executable, str(script), "--repeats", str(repeats), "--write", str(file)], check=True)
        return read_json(file)


def machine_of(record: dict[str, Any]) -> tuple[Any, ...]:
    """What two runs must have in common, so that their ratios may be compared."""
    found = record["environment"]
    return found["processor"], found["cores"], found["gpu"], record["precision"], record["time"]


def slower(history: list[dict[str, Any]], record: dict[str, Any]) -> list[str]:
    """Rows whose ratio is clearly below that of the last run on such a machine, a line each."""
    lines = []
    for name, row in record["results"].items():
        before = [
            old["results"][name]["ratio"]
            for old in history
            if machine_of(old) == machine_of(record) and name in old["results"]
        ]
        if before and row["ratio"] < SLOWER * before[-1]:
            lines.append(f"{name}: ×{before[-1]:.1f} before, ×{row['ratio']:.1f} now")
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=f"some of {', '.join(SUITES)}; by default all")
    parser.add_argument("--repeats", type=int, default=5, help="of each step")
    parser.add_argument("--keep", action="store_true", help=f"append the run to {HISTORY.name}")
    options = parser.parse_args()
    if unknown := set(options.suites) - set(SUITES):
        parser.error(f"no suite {', '.join(sorted(unknown))}; there are: {', '.join(SUITES)}")
    suites = options.suites or SUITES
    load = os.getloadavg()[0]
    results = {name: row for suite in suites for name, row in measured(suite, options.repeats).items()}
    record = {
        "date": utc_now(),
        "command": f"python benchmarks/run.py {' '.join(suites)} --repeats {options.repeats} --keep",
        "load": round(load, 1),
        "precision": pick_precision("auto", "cpu"),
        "time": "processor, one thread",
        "results": results,
        "environment": environment(),
    }
    history = read_json(HISTORY) if HISTORY.is_file() else []
    lines = slower(history, record)
    print("\n".join(["slower than in the last run:", *lines] if lines else ["nothing became slower"]))
    if options.keep:
        write_json(HISTORY, [*history, record])
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
