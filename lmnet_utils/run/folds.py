"""The runs of a cross-validation put together: ``runs/<run>/all_folds``, from the runs of a profile that repeats folds."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from lmnet_utils.core import paths
from lmnet_utils.core.files import atomic_path, read_json, write_json
from lmnet_utils.core.runtime import environment, utc_now
from lmnet_utils.data import freeshapes
from lmnet_utils.evaluation.pooling import difference_rows, pool_folds
from lmnet_utils.evaluation.tables import table

ALL_FOLDS = "all_folds"
"""The folder that stands, in a run and its report, for all folds together."""
_FOLD = r"(seed\d+-)?(fold-\d-of-5|unseen-[a-z]+)(-seed\d+)?"


def evaluations_of(run: str) -> list[Path]:
    """The records of notebook 08 of a run's folds: of ``<run>-fold-1-of-5``, ``<run>-fold-1-of-5-seed1`` and the like."""
    name = re.compile(rf"{re.escape(run)}-{_FOLD}")
    found = paths.runs_root().glob("*/08_evaluation/metrics.json")
    return sorted(path for path in found if name.fullmatch(path.parents[1].name))


def pool_runs(run: str) -> Path | None:
    """Write ``runs/<run>/all_folds``: ``metrics.json``, ``verdicts.md``, and ``differences.csv``, a row an object and seed.

    Returns:
        the folder; None where fewer than two folds have been evaluated.

    Raises:
        ValueError: the folds do not belong together; see :func:`lmnet_utils.evaluation.pooling.pool_folds`.
    """
    evaluations = [read_json(path) for path in evaluations_of(run)]
    if len({one["settings"]["split"] for one in evaluations}) < 2:
        return None
    of_freeshapes = evaluations[0]["settings"]["dataset"] == freeshapes.DATASET
    pooled = pool_folds(evaluations, freeshapes.duplicate_groups() if of_freeshapes else {})
    minutes = sum(one["wall_time_s"] or 0 for one in evaluations) / 60
    note = "Intervals are over folds, near-duplicates count as one object."
    pooled["results"] |= {"note": note, "evaluation_minutes": round(minutes, 1)}
    folder = paths.run_dir(run, ALL_FOLDS)
    texts = {
        "verdicts.md": table(pooled["results"]["verdicts"], columns=("claim", "evidence", "verdict")) + "\n",
        "differences.csv": pd.DataFrame(difference_rows(pooled)).to_csv(index=False, float_format="%.4f"),
    }
    for name, text in texts.items():
        with atomic_path(folder / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
    record = {"notebook": ALL_FOLDS, "created": utc_now(), "wall_time_s": None, **pooled, "environment": environment()}
    write_json(folder / "metrics.json", record)
    return folder
