"""The compiled loops (numba, the extra ``fast``) against the usual way and against the kit without them, in one run, as ratios.

    python benchmarks/loops.py [--suite chamfer protocol] [--repeats 5] [--pairs 24] [--write FILE]

Of every suite the sides take turns on the same data, and their figures are compared before a ratio is given: a difference beyond
rounding ends the run. Times are processor time, of all threads together (torch has one), which a busy machine changes least.
``benchmarks/run.py`` runs this and keeps the history.

- ``chamfer``: forward and backward of the squared Chamfer distance, B=32, 2048² points, against pytorch3d. Clouds as they are late
  in a training (the prediction lies within a hundredth of the surface), and shapeless ones (a blob in its middle).
- ``protocol``: scaling, ICP, Chamfer and exact EMD of a pair of 1024 points, against ``benchmarks/protocol.py``'s straightforward
  way.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import protocol as straightforward
import torch
from pytorch3d.loss import chamfer_distance as pytorch3d_chamfer

from lmnet_utils.core.files import write_json
from lmnet_utils.evaluation.protocol import protocol_clouds
from lmnet_utils.geometry import assignment, neighbours, pairs
from lmnet_utils.geometry.compiled import compiled
from lmnet_utils.geometry.pointclouds import chamfer_distance, scale_to_unit_cube

SIDES = ("usual", "without_numba", "ours")
Step = Callable[[], np.ndarray]


@contextmanager
def without_numba() -> Iterator[None]:
    """The kit as it is where numba is not installed: SciPy's trees and its solver behind an auction in NumPy."""
    kept = neighbours.compiled, assignment.compiled, pairs.compiled
    neighbours.compiled = assignment.compiled = pairs.compiled = lambda name: None
    try:
        yield
    finally:
        neighbours.compiled, assignment.compiled, pairs.compiled = kept


def surfaces(rng: np.random.Generator, batch: int, points: int) -> np.ndarray:
    """Clouds (B, N, 3) of a seat, a back and four legs."""
    boxes = [((0, 0.45, 0), (1, 0.06, 1)), ((0, 0.2, -0.5), (1, 1, 0.06))]
    boxes += [((x, -0.2, z), (0.08, 0.6, 0.08)) for x in (-0.45, 0.45) for z in (-0.45, 0.45)]
    middles, sizes = (np.array([box[k] for box in boxes]) for k in (0, 1))
    area = sizes[:, 0] * sizes[:, 1] + sizes[:, 1] * sizes[:, 2] + sizes[:, 2] * sizes[:, 0]
    which = rng.choice(len(boxes), (batch, points), p=area / area.sum())
    on_cube = rng.random((batch, points, 3)) - 0.5
    axis = rng.integers(3, size=(batch, points, 1))
    np.put_along_axis(on_cube, axis, rng.choice([-0.5, 0.5], (batch, points, 1)), axis=2)
    return 0.45 * (on_cube * sizes[which] + middles[which])


def chamfer_steps(kind: str) -> tuple[Step, Step, Step]:
    rng = np.random.default_rng(0)
    truth = torch.tensor(surfaces(rng, 32, 2048), dtype=torch.float32)
    near = surfaces(rng, 32, 2048) + 0.01 * rng.normal(size=(32, 2048, 3))
    guess = near if kind == "late" else 0.15 * rng.normal(size=(32, 2048, 3))
    guess = torch.tensor(guess, dtype=torch.float32, requires_grad=True)

    def usual() -> np.ndarray:
        guess.grad = None
        pytorch3d_chamfer(truth, guess)[0].backward()
        return guess.grad.numpy()

    def ours() -> np.ndarray:
        guess.grad = None
        sum(chamfer_distance(truth, guess, reduction="mean")).backward()
        return guess.grad.numpy()

    def plain() -> np.ndarray:
        with without_numba():
            return ours()

    return usual, plain, ours


def protocol_steps(truth: np.ndarray, cloud: np.ndarray) -> tuple[Step, Step, Step]:
    scaled, guess = scale_to_unit_cube(truth.astype(np.float64)), protocol_clouds(cloud[None])[0]

    def usual() -> np.ndarray:
        return np.array(straightforward.plain(truth, cloud))

    def ours() -> np.ndarray:
        found = dict(zip(pairs.SCORES, pairs.score_pair(scaled, guess, "exact", True), strict=True))
        return 100 * np.array([found["chamfer"], found["emd"]])

    def plain() -> np.ndarray:
        with without_numba():
            return ours()

    return usual, plain, ours


def measure(steps: list[tuple[Step, Step, Step]], exact: bool) -> dict[str, float]:
    """Medians of the sides' seconds and of the paired ratios, over the steps; the sides take turns.

    Raises:
        AssertionError: the sides do not find the same.
    """
    rows = []
    for sides in steps:
        row, found = [], []
        for side in sides:
            start = time.process_time()
            found.append(np.array(side()))
            row.append(time.process_time() - start)
        rows.append(row)
        np.testing.assert_allclose(found[1], found[2], rtol=1e-9)  # sums of ICP differ by rounding
        np.testing.assert_allclose(found[2], found[0], rtol=1e-9 if exact else 1e-3, atol=1e-9)
    medians = {f"{name}_s": float(value) for name, value in zip(SIDES, np.median(rows, axis=0), strict=True)}
    return {
        **medians,
        "ratio_without_numba": statistics.median(row[0] / row[1] for row in rows),
        "ratio": statistics.median(row[0] / row[2] for row in rows),
    }


def run(suites: list[str], repeats: int, count: int) -> dict[str, dict[str, float]]:
    """Name of the row → what :func:`measure` finds, after a warm-up of each side."""
    results = {}
    if "chamfer" in suites:
        for kind in ("late", "shapeless"):
            steps = chamfer_steps(kind)
            for step in steps:
                step()
            results[f"Chamfer, forward and backward, B=32, 2048², {kind}"] = measure([steps] * repeats, exact=False)
    if "protocol" in suites:
        steps = [protocol_steps(*pair) for pair in zip(*straightforward.pairs_of(count), strict=True)]
        steps[0][2](), steps[0][0]()
        results["the protocol, a pair of 1024 points"] = measure(steps, exact=True)
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--suite", nargs="+", choices=("chamfer", "protocol"), default=["chamfer", "protocol"])
    parser.add_argument("--repeats", type=int, default=5, help="steps of Chamfer")
    parser.add_argument("--pairs", type=int, default=24, help="pairs of the protocol")
    parser.add_argument("--write", type=Path, help="also write the results as JSON")
    arguments = parser.parse_args()
    if not (compiled("grid_search") and compiled("augmenting_paths")):
        raise SystemExit("numba is not installed: pip install 'lmnet-notebook-kit[fast]'")
    torch.set_num_threads(1)
    results = run(arguments.suite, arguments.repeats, arguments.pairs)
    for name, found in results.items():
        times = "  ".join(f"{side} {found[f'{side}_s']:.4f} s" for side in SIDES)
        print(f"{name:52} {times}  ×{found['ratio_without_numba']:.1f} → ×{found['ratio']:.1f}")
    if arguments.write:
        write_json(arguments.write, results)


if __name__ == "__main__":
    main()
