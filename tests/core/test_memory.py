"""Where memory runs out: it is said what was being made and what to do, nothing half-written is left, the same command goes on."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from r2n2_tree import write_tree
from safetensors.torch import load_file

from lmnet_utils.apps import photos
from lmnet_utils.core import cache, memory, paths
from lmnet_utils.data import layout, packs, views
from lmnet_utils.data.mesh import Mesh
from lmnet_utils.evaluation import methods, scoring
from lmnet_utils.run import cli, execution, report

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="no other system limits a process's address space")

LIMITED = """
import os, resource, sys
import torch
from lmnet_utils.core import parallel
from lmnet_utils.core.notebook_settings import AutoencoderSettings
from lmnet_utils.data import packs
from lmnet_utils.training import autoencoder, loop
torch.set_num_threads(1)
SETTINGS = {
    "dataset": "boxes", "split": "official", "classes": "13", "seed": 0, "device": "cpu", "precision": "fp32", "epochs": 2,
    "batch_size": 8, "learning_rate": 1e-3, "schedule": "one_cycle", "augment": True, "initial_weights": None,
    "weight_decay": 0.0, "loss": "paper", "input_points": 512,
}


def allow(megabytes):
    "So much memory from now on."
    used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + megabytes * 2**20, resource.getrlimit(resource.RLIMIT_AS)[1]))


def in_a_fork(work):
    child = os.fork()
    if not child:
        try:
            work()
        except MemoryError as error:
            print(error, flush=True)
        os._exit(0)
    os.waitpid(child, 0)


def pack():
    list(parallel.pool().map(abs, range(9)))  # starts the pool's threads, for which there would be no room
    allow(8)
    packs.open_pack("boxes", progress=False)


def train(run):
    autoencoder.train_autoencoder(AutoencoderSettings(run=run, **SETTINGS), progress=False)


def train_until(stop):
    "A training that meets ``stop`` where its second epoch begins."
    batches = loop.Training.batches

    def met(training, source):
        if training.epoch == 2:
            stop()
        return batches(training, source)

    loop.Training.batches = met
    train("cut")

"""


def run_limited(work: str) -> str:
    """What a process that does this says."""
    command = [sys.executable, "-c", LIMITED + work]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=600).stdout


@pytest.fixture
def boxes(kit_folders: Path) -> Path:
    write_tree(kit_folders / "data" / "boxes", {"train": 8, "val": 3, "test": 12})
    return kit_folders


@on_linux
def test_a_pack_for_which_there_is_no_memory_says_so_and_leaves_no_half(boxes):
    said = run_limited("in_a_fork(pack)")
    assert "not enough memory for " in said and "the pack of " in said and "Close other programs" in said
    assert not list((boxes / "data" / "boxes" / "packs").glob(".building*"))
    assert len(packs.open_pack("boxes", progress=False).models) == 23  # none was taken for a damaged one


def test_a_pack_that_memory_ran_out_of_is_made_by_the_same_call(boxes, monkeypatch):
    read, count = packs.decode_png, iter(range(10**6))
    with monkeypatch.context() as little:
        little.setattr(packs, "decode_png", lambda data: read(data) if next(count) < 100 else np.empty(1 << 55))
        with pytest.raises(MemoryError, match="not enough memory for making the pack of .*boxes. Close other programs"):
            packs.open_pack("boxes", progress=False)
    assert not list((boxes / "data" / "boxes" / "packs").iterdir())
    assert len(packs.open_pack("boxes", progress=False).models) == 23


@on_linux
def test_a_training_for_which_there_is_no_memory_says_so_and_goes_on_bit_equal(boxes):
    said = run_limited(
        "in_a_fork(lambda: train_until(lambda: os._exit(0)))\n"  # killed after its first epoch
        "in_a_fork(lambda: train_until(lambda: allow(4)))\n"
        "train('cut')\ntrain('whole')\n"
    )
    assert "not enough memory for training " in said and "cut/autoencoder in batches of 8" in said
    assert "A smaller batch_size needs less" in said
    assert said.count("going on in epoch 2 after step 0") == 2
    cut, whole = (load_file(paths.model_dir(run, "autoencoder") / "model.safetensors") for run in ("cut", "whole"))
    assert cut.keys() == whole.keys() and all(torch.equal(cut[name], whole[name]) for name in cut)
    assert not list(boxes.rglob("*.tmp"))


def test_what_is_want_of_memory_is_told_from_other_errors():
    for allocate in (lambda: np.empty(1 << 55), lambda: torch.empty(1 << 55), lambda: bytearray(1 << 62)):
        with pytest.raises((MemoryError, RuntimeError)) as caught:
            allocate()
        assert memory.is_out_of_memory(caught.value)
    assert memory.is_out_of_memory(RuntimeError("can't start new thread"))
    assert memory.is_out_of_memory(OSError(errno.ENOMEM, "Cannot allocate memory"))
    assert memory.is_out_of_memory(OSError("out of memory error when reading image file"))  # Pillow's
    for other in (RuntimeError("shapes differ"), OSError(errno.ENOSPC, "No space left"), ValueError("out of memory")):
        assert not memory.is_out_of_memory(other)
        with pytest.raises(type(other)) as caught, memory.memory_for("a batch"):
            raise other
        assert caught.value is other


def test_the_innermost_work_is_named():
    with pytest.raises(MemoryError, match="^not enough memory for a batch. Take fewer.$"):
        with memory.memory_for("all of it"), memory.memory_for("a batch", "Take fewer."):
            np.empty(1 << 55)


@pytest.mark.parametrize("failing", ["read_bytes", "open"])
def test_a_file_that_cannot_be_read_for_want_of_memory_is_not_taken_for_damaged(boxes, monkeypatch, failing):
    root, (model, *_) = boxes / "data" / "boxes", layout.find_objects("boxes")

    def fail(*_, **__):
        raise OSError(errno.ENOMEM, "Cannot allocate memory") if failing == "read_bytes" else MemoryError

    monkeypatch.setattr(*((Path, "read_bytes") if failing == "read_bytes" else (layout.Image, "open")), fail)
    with pytest.raises(MemoryError):
        layout.read_model(root, model) if failing == "read_bytes" else layout.decode_png(b"")


class Drawing:
    """Draws two pictures, then there is no memory, or no disk."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def render(self, mesh, rows):
        yield from np.zeros((2, 137, 137, 4), np.uint8)
        raise self.error


@pytest.mark.parametrize(
    "error, kind, message",
    [
        (MemoryError(), MemoryError, "not enough memory for the pictures in .*rendering. Close other programs"),
        (OSError(errno.ENOSPC, "No space left"), OSError, "No space left.*rendering"),
    ],
)
def test_pictures_that_cannot_be_drawn_leave_nothing(tmp_path, error, kind, message):
    mesh = Mesh(np.zeros((3, 3)), np.zeros((1, 3), int), np.zeros((1, 3), np.uint8))
    orphan = tmp_path / "ShapeNetRendering" / "1" / "a" / f".rendering.{dead_process()}.tmp"
    orphan.mkdir(parents=True)
    with pytest.raises(kind, match=message):
        views.write_views(tmp_path, "1", "a", 0, mesh, Drawing(error))
    assert not list(orphan.parent.iterdir())


def dead_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_report_without_memory_keeps_the_one_that_is_there(kit_folders, monkeypatch, capsys):
    folder = kit_folders / "runs" / "mine"
    folder.mkdir()
    assert cli.main(["report", "mine"]) == 0
    before = (folder / "report.html").read_bytes()
    with monkeypatch.context() as little:
        little.setattr(report, "report_html", lambda run: torch.empty(1 << 55))
        assert cli.main(["report", "mine"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("lmnet: not enough memory (") and "the same command then goes on" in said
    assert (folder / "report.html").read_bytes() == before and len(os.listdir(folder)) == 1
    assert cli.main(["report", "mine"]) == 0


def test_scores_that_need_too_much_are_named_and_those_before_are_kept(boxes, monkeypatch):
    task = methods.open_task("boxes", "official", "13")
    method, score, count = methods.sampling_floor(task), scoring.protocol.score, iter(range(9))
    monkeypatch.setattr(cache, "SAVE_INTERVAL_S", -1.0)  # kept after every batch

    def scored(little: bool) -> dict[str, np.ndarray]:
        def scoring_of(*clouds, **how):
            return np.empty(1 << 55) if little and next(count) == 2 else score(*clouds, **how)

        monkeypatch.setattr(scoring.protocol, "score", scoring_of)
        how = scoring.Scoring(views=1)
        return scoring.score_method(task, method, how, boxes / "runs", batch_size=4, progress=False).scores["none"]

    with pytest.raises(
        MemoryError, match="not enough memory for the scores of .*, 4 clouds at once. .*smaller batch_size"
    ):
        scored(little=True)
    (file,) = (boxes / "runs").iterdir()
    before = cache.read_arrays(file)["none.chamfer"]
    whole = scored(little=False)["chamfer"]
    assert len(before) == 8 and len(whole) == 12
    np.testing.assert_array_equal(before, whole[:8])


def test_pictures_that_are_too_many_at_once_are_named(tmp_path, monkeypatch):
    def too_many(*_: object) -> None:
        torch.empty(1 << 55)

    monkeypatch.setattr(photos, "reconstruct_photos", too_many)
    with pytest.raises(MemoryError, match="not enough memory for 0 pictures at once. .*smaller --batch-size"):
        photos.reconstruct_files(
            [photos.Source(Path("a.png"), "a", "a.png", problem="gone")], tmp_path, None, None, progress=False
        )
    assert [path.name for path in tmp_path.iterdir()] == [photos.REPORT]


def test_a_step_repeats_the_advice_of_what_failed_and_has_its_own_for_the_rest():
    assert execution._advice(f"MemoryError: not enough memory for the pack of data/boxes. {memory.GO_ON}") == ""
    assert "smaller batch_size" in execution._advice("RuntimeError: DefaultCPUAllocator: can't allocate memory")
