"""The profile smoke with `--jobs 1` and with `--jobs N`: whether both leave the same files, and how long each takes.

    python benchmarks/side_by_side.py [--jobs 2] [--profile smoke] [--write benchmarks/side_by_side.json]

Each run makes its own data, in a temporary folder. Weights, pictures and predictions are compared byte by byte, `metrics.json` without
the times in it. Two to three minutes a run on two quiet cores.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import lmnet_utils
from lmnet_utils.core.files import read_json, sha256_of, write_json
from lmnet_utils.core.runtime import environment

COMPARED = (".safetensors", ".png", ".gif", ".npy", ".ply", ".csv")


def without_times(value: Any) -> Any:
    """JSON without what differs between any two runs: times, and numbers of seconds and rates."""
    if isinstance(value, dict):
        timed = ("created", "wall_time_s", "seconds")
        return {k: without_times(v) for k, v in value.items() if k not in timed and not k.endswith("_s")}
    return [without_times(entry) for entry in value] if isinstance(value, list) else value


def left_by(root: Path) -> dict[str, str]:
    """File → hash, of what a run has left below ``runs`` and ``trained_models``."""
    found = {}
    for path in sorted([*root.glob("runs/**/*"), *root.glob("trained_models/**/*")]):
        name = path.relative_to(root).as_posix()
        if "tensorboard" in path.parts or not path.is_file():
            continue
        if path.name == "metrics.json":
            found[name] = hashlib.sha256(json.dumps(without_times(read_json(path))).encode()).hexdigest()
        elif path.suffix in COMPARED:
            found[name] = sha256_of(path)
    return found


def run(profile: str, jobs: int, root: Path) -> tuple[dict[str, str], float]:
    """What the profile leaves in an empty folder, and its seconds; the weights that come with the kit are at hand."""
    package = Path(lmnet_utils.__file__).parents[1]
    (root / "trained_models").mkdir()
    (root / "trained_models" / "freeshapes").symlink_to(package / "trained_models" / "freeshapes")
    folders = {f"LMNET_{name.upper()}": str(root / name) for name in ("data", "runs", "trained_models")}
    command = [sys.executable, "-m", "lmnet_utils.run.cli", "run", profile, "--jobs", str(jobs), "--quiet"]
    began = time.monotonic()
    subprocess.run(command, env={**os.environ, **folders, "PYTHONPATH": str(package)}, check=True)
    return left_by(root), time.monotonic() - began


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profile", default="smoke")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--write", type=Path, help="the JSON file that keeps the result")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        serial, serial_s = run(options.profile, 1, Path(one))
        beside, beside_s = run(options.profile, options.jobs, Path(other))
    different = sorted(name for name in {*serial, *beside} if serial.get(name) != beside.get(name))
    found = {
        "command": f"python benchmarks/side_by_side.py --profile {options.profile} --jobs {options.jobs}",
        "files compared": len(serial),
        "different": different,
        "seconds with --jobs 1": round(serial_s),
        f"seconds with --jobs {options.jobs}": round(beside_s),
        "environment": environment(),
    }
    print(json.dumps(found, indent=1))
    if options.write:
        write_json(options.write, found)
    return 1 if different or not serial else 0


if __name__ == "__main__":
    sys.exit(main())
