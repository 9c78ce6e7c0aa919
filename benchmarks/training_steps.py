"""Training steps and Chamfer against the port's way of doing them, in one run, as ratios.

    python benchmarks/training_steps.py [--repeats 5] [--write benchmarks/metrics.json]

The port's way: the same networks in fp32 and channels first, pytorch3d's Chamfer distance, and, for the image encoder, the frozen
point-cloud encoder run in every step with gradients. Ours: what ``lmnet_utils.training`` does on this machine with
``precision="auto"``, all 2048 points: bf16 and channels last where the machine has them, fused Adam, freed memory kept. That
last setting belongs to a process, so each side steps in a process of its own; the two take turns, so that a busy machine slows both.
"""

from __future__ import annotations

import argparse
import copy
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from pytorch3d.loss import chamfer_distance as pytorch3d_chamfer

from lmnet_utils.core.files import write_json
from lmnet_utils.core.runtime import environment, keep_freed_memory, pick_precision
from lmnet_utils.geometry.pointclouds import chamfer_distance
from lmnet_utils.models.losses import autoencoder_loss, latent_matching_loss
from lmnet_utils.models.networks import ImageEncoder, PointCloudAutoencoder

SIDES = ("port", "ours")


def port_encode(encoder: torch.nn.Module, points: torch.Tensor) -> torch.Tensor:
    """The point-cloud encoder as the port writes it: Conv1d and BatchNorm1d on (B, C, N)."""
    x = points.transpose(1, 2)
    for i in range(1, 6):
        x = F.relu(getattr(encoder, f"bn{i}")(getattr(encoder, f"conv{i}")(x)))
    return x.max(dim=-1)[0]


def chamfer_steps(batch: int, points: int) -> tuple[Callable, Callable]:
    """Forward and backward of the squared Chamfer distance."""
    x, y = (torch.rand(batch, points, 3, requires_grad=True) for _ in range(2))

    def port() -> None:
        pytorch3d_chamfer(x, y)[0].backward()

    def ours() -> None:
        sum(chamfer_distance(x, y, reduction="mean")).backward()

    return port, ours


def autoencoder_steps(batch: int, points: int, bf16: bool) -> tuple[Callable, Callable]:
    """A whole training step of the autoencoder with the port's loss."""
    clouds = torch.rand(batch, points, 3)
    theirs = PointCloudAutoencoder()
    mine = copy.deepcopy(theirs)
    their_optimiser = torch.optim.Adam(theirs.parameters(), 1e-4)
    my_optimiser = torch.optim.Adam(mine.parameters(), 1e-4, fused=True)

    def port() -> None:
        their_optimiser.zero_grad()
        prediction = theirs.decode(port_encode(theirs.encoder, clouds))
        pytorch3d_chamfer(clouds, prediction)[0].backward()
        their_optimiser.step()

    def ours() -> None:
        my_optimiser.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            prediction = mine(clouds)
        autoencoder_loss(clouds, prediction.float(), "port").backward()
        my_optimiser.step()

    return port, ours


def encoder_steps(batch: int, points: int, bf16: bool, width: float) -> tuple[Callable, Callable]:
    """A whole training step of the image encoder, Variant I with L1."""
    images = torch.randint(0, 256, (batch, 3, 128, 128), dtype=torch.uint8)
    clouds, autoencoder = torch.rand(batch, points, 3), PointCloudAutoencoder().eval()
    latents = autoencoder.encode(clouds).detach()
    theirs = ImageEncoder("port", width).initialise(0.3)
    mine = copy.deepcopy(theirs).to(memory_format=torch.channels_last)
    their_optimiser = torch.optim.Adam(theirs.parameters(), 5e-5)
    my_optimiser = torch.optim.Adam(mine.parameters(), 5e-5, fused=True)
    floats = images.float()
    channels_last = images.contiguous(memory_format=torch.channels_last)

    def port() -> None:
        their_optimiser.zero_grad()
        F.l1_loss(theirs(floats), port_encode(autoencoder.encoder, clouds)).backward()
        their_optimiser.step()

    def ours() -> None:
        my_optimiser.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            latent = mine(channels_last)
        latent_matching_loss(latent.float(), latents, "l1").backward()
        my_optimiser.step()

    return port, ours


def rows(bf16: bool) -> dict[str, tuple[Callable, Callable]]:
    """What is measured: name → (the port's step, ours)."""
    return {
        "Chamfer, forward and backward, B=32, 2048²": chamfer_steps(32, 2048),
        "autoencoder step, B=32, 2048 points": autoencoder_steps(32, 2048, bf16),
        "image encoder step, full width, B=64": encoder_steps(64, 2048, bf16, 1.0),
        "image encoder step, quarter width, B=64": encoder_steps(64, 2048, bf16, 0.25),
    }


def serve(side: str) -> None:
    """One side's process: for every row number read from standard input, run a step and answer with its seconds."""
    torch.manual_seed(0)
    if side == "ours":
        keep_freed_memory()
    steps = [pair[side == "ours"] for pair in rows(pick_precision("auto", "cpu") == "bf16").values()]
    print("ready", flush=True)
    for line in sys.stdin:
        start = time.perf_counter()
        steps[int(line)]()
        print(time.perf_counter() - start, flush=True)


def measure(names: list[str], repeats: int) -> dict[str, dict[str, float]]:
    """Median seconds of both sides and the median of the paired ratios, after one warm-up each."""
    command = [sys.executable, __file__, "--side"]
    sides = [subprocess.Popen([*command, s], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for s in SIDES]
    for process in sides:
        process.stdout.readline()

    def step(process: subprocess.Popen, row: int) -> float:
        process.stdin.write(f"{row}\n")
        process.stdin.flush()
        return float(process.stdout.readline())

    results = {}
    for row, name in enumerate(names):
        times = [[step(process, row) for process in sides] for _ in range(repeats + 1)][1:]
        results[name] = {
            "port_s": statistics.median(port for port, _ in times),
            "ours_s": statistics.median(ours for _, ours in times),
            "ratio": statistics.median(port / ours for port, ours in times),
        }
        found = results[name]
        print(
            f"{name:44} port {found['port_s']:7.3f} s  ours {found['ours_s']:7.3f} s  ×{found['ratio']:.1f}", flush=True
        )
    for process in sides:
        process.stdin.close()
        process.wait()
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--write", help="also write the results as JSON")
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.side:
        return serve(arguments.side)
    precision = pick_precision("auto", "cpu")
    print(f"{torch.get_num_threads()} threads, {precision}")
    results = measure(list(rows(precision == "bf16")), arguments.repeats)
    if arguments.write:
        record = {
            "command": "python benchmarks/training_steps.py",
            "repeats": arguments.repeats,
            "precision": precision,
        }
        write_json(arguments.write, {**record, "results": results, "environment": environment()})


if __name__ == "__main__":
    main()
