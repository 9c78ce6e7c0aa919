"""Training steps against the port's way of doing them, in one run, as ratios.

    python benchmarks/training_steps.py [--repeats 5] [--rows autoencoder quarter] [--write FILE]

The port's way: the same networks in fp32 and channels first, pytorch3d's Chamfer distance, and, for the image encoder, the frozen
point-cloud encoder run in every step with gradients. Ours: what ``lmnet_utils.training`` does on this machine with
``precision="auto"``, all 2048 points: bf16 and channels last where the machine has them, fused Adam, freed memory kept. That
last setting belongs to a process, so each side steps in a process of its own; the two take turns. Both begin with the same weights and
data, so the losses of their first steps are compared before a ratio is given. Times are processor time of one thread, which a
busy machine changes least. ``benchmarks/run.py`` runs this and keeps the history.
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
from lmnet_utils.core.runtime import keep_freed_memory, pick_precision
from lmnet_utils.models.losses import autoencoder_loss, latent_matching_loss
from lmnet_utils.models.networks import ImageEncoder, PointCloudAutoencoder

SIDES = ("port", "ours")


def port_encode(encoder: torch.nn.Module, points: torch.Tensor) -> torch.Tensor:
    """The point-cloud encoder as the port writes it: Conv1d and BatchNorm1d on (B, C, N)."""
    x = points.transpose(1, 2)
    for i in range(1, 6):
        x = F.relu(getattr(encoder, f"bn{i}")(getattr(encoder, f"conv{i}")(x)))
    return x.max(dim=-1)[0]


def autoencoder_steps(batch: int, points: int, bf16: bool) -> tuple[Callable, Callable]:
    """A whole training step of the autoencoder with the port's loss."""
    clouds = torch.rand(batch, points, 3)
    theirs = PointCloudAutoencoder()
    mine = copy.deepcopy(theirs)
    their_optimiser = torch.optim.Adam(theirs.parameters(), 1e-4)
    my_optimiser = torch.optim.Adam(mine.parameters(), 1e-4, fused=True)

    def port() -> float:
        their_optimiser.zero_grad()
        prediction = theirs.decode(port_encode(theirs.encoder, clouds))
        loss = pytorch3d_chamfer(clouds, prediction)[0]
        loss.backward()
        their_optimiser.step()
        return loss.item()

    def ours() -> float:
        my_optimiser.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            prediction = mine(clouds)
        loss = autoencoder_loss(clouds, prediction.float(), "port")
        loss.backward()
        my_optimiser.step()
        return loss.item()

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

    def port() -> float:
        their_optimiser.zero_grad()
        loss = F.l1_loss(theirs(floats), port_encode(autoencoder.encoder, clouds))
        loss.backward()
        their_optimiser.step()
        return loss.item()

    def ours() -> float:
        my_optimiser.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            latent = mine(channels_last)
        loss = latent_matching_loss(latent.float(), latents, "l1")
        loss.backward()
        my_optimiser.step()
        return loss.item()

    return port, ours


STEPS: dict[str, Callable[[bool], tuple[Callable, Callable]]] = {
    "autoencoder step, B=32, 2048 points": lambda bf16: autoencoder_steps(32, 2048, bf16),
    "image encoder step, full width, B=64": lambda bf16: encoder_steps(64, 2048, bf16, 1.0),
    "image encoder step, quarter width, B=64": lambda bf16: encoder_steps(64, 2048, bf16, 0.25),
}
"""What is measured: name → the port's step and ours, in bf16 or not."""


def serve(side: str, name: str) -> None:
    """One side's process: for every line of standard input run a step, and answer with its processor seconds and its loss."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    if side == "ours":
        keep_freed_memory()
    step = STEPS[name](pick_precision("auto", "cpu") == "bf16")[side == "ours"]
    for _ in sys.stdin:
        start = time.process_time()
        loss = step()
        print(time.process_time() - start, loss, flush=True)


def measure(name: str, repeats: int, tolerance: float) -> dict[str, float]:
    """Median seconds of both sides and the median of the paired ratios, after one warm-up each.

    Raises:
        AssertionError: the losses of the first steps differ by more than the tolerance.
    """
    command = [sys.executable, __file__, "--name", name, "--side"]
    sides = [subprocess.Popen([*command, s], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for s in SIDES]

    def step(process: subprocess.Popen) -> tuple[float, float]:
        process.stdin.write("\n")
        process.stdin.flush()
        seconds, loss = map(float, process.stdout.readline().split())
        return seconds, loss

    (_, theirs), (_, ours) = map(step, sides)
    assert abs(ours - theirs) <= tolerance * abs(theirs), f"{name}: a loss of {ours} where the port has {theirs}"
    times = [[step(process)[0] for process in sides] for _ in range(repeats)]
    for process in sides:
        process.stdin.close()
        process.wait()
    return {
        "usual_s": statistics.median(port for port, _ in times),
        "ours_s": statistics.median(ours for _, ours in times),
        "ratio": statistics.median(port / ours for port, ours in times),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--rows", nargs="+", default=[""], help="those whose names hold one of these words")
    parser.add_argument("--write", help="also write the results as JSON")
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--name", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.side:
        return serve(arguments.side, arguments.name)
    tolerance = 0.02 if pick_precision("auto", "cpu") == "bf16" else 1e-4
    results = {}
    for name in STEPS:
        if any(word in name for word in arguments.rows):
            results[name] = found = measure(name, arguments.repeats, tolerance)
            times = f"port {found['usual_s']:7.3f} s  ours {found['ours_s']:7.3f} s"
            print(f"{name:44} {times}  ×{found['ratio']:.1f}", flush=True)
    if arguments.write:
        write_json(arguments.write, results)


if __name__ == "__main__":
    main()
