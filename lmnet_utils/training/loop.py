"""The helper of a training loop: it resumes, sets the learning rate, keeps the best epoch and writes the history.

The loop itself stays with the caller, where it can be read and changed::

    with Training(model, settings, data, name="autoencoder") as training:
        for epoch in training.epochs():
            for clouds in training.batches(batches):
                training.step(chamfer(model(clouds), clouds))
            training.validate(score(model, held_out))
    result = training.result()

Everything random in a step is drawn from generators seeded by (seed, epoch, step), so that a run that was killed goes on as if
nothing had happened: bit for bit on a CPU in fp32. Several processes share each batch (:mod:`lmnet_utils.training.processes`).
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from safetensors.torch import load_file
from tqdm.auto import tqdm

from lmnet_utils.core import cache, paths
from lmnet_utils.core.files import atomic_path, read_json, write_json
from lmnet_utils.core.memory import memory_for
from lmnet_utils.core.notebook_settings import AutoencoderSettings, EncoderSettings, TrainingSettings
from lmnet_utils.core.runtime import environment, keep_freed_memory
from lmnet_utils.data.packs import Pack, open_pack, read_split
from lmnet_utils.data.programs.catalogue import is_program
from lmnet_utils.data.splits import Split, without_copies
from lmnet_utils.models.networks import ImageEncoder, PointCloudAutoencoder
from lmnet_utils.models.orientation import match_frame
from lmnet_utils.models.strong import StrongEncoder
from lmnet_utils.models.weights import fingerprint_of, load_model, load_weights, save_model
from lmnet_utils.training import processes
from lmnet_utils.training.optimiser import learning_rate_at, parameter_groups
from lmnet_utils.training.results import TrainingResult, history_line

STATE_INTERVAL_S = 120.0
"""A killed run loses at most about so much work."""
STATE_FILE = "training_state.pt"
_LESS_MEMORY = (
    "Close other programs, or run fewer --jobs: the same command then goes on where it stood. "
    "A smaller batch_size needs less, too, but begins anew."
)


class DivergedError(RuntimeError):
    """The loss became NaN or infinite; the message names epoch, step and the first objects of the batch."""


# --------------------------------------------------------------------------------------------------------------- data
@dataclass(frozen=True)
class TrainingData:
    """What a training sees: a packed data set and its split, as :func:`open_data` finds them."""

    pack: Pack
    split: Split
    record: dict[str, Any]
    """For ``metrics.json``: names and checksums of data set and split."""

    @property
    def rows(self) -> np.ndarray:
        """(R,) rows of the training objects in the pack."""
        return self.pack.rows(self.split.train)


def open_data(settings: TrainingSettings) -> TrainingData:
    """Open data set and split, with so many of the training objects as the settings say.

    Raises:
        FileNotFoundError: data set or split are missing.
        ValueError: there is no training object of these classes, or there are fewer than are asked for.
    """
    pack = open_pack(settings.dataset)
    limits = {"real_objects": settings.real_objects, "programs": settings.programs}
    split = read_split(settings.dataset, settings.split, settings.classes, **limits)
    if not split.train:
        raise ValueError(
            f"the training set of {settings.dataset}, split {settings.split}, classes {settings.classes} is empty: "
            "prepare more models in 01_data_preparation."
        )
    record = {
        "dataset": settings.dataset,
        "split": settings.split,
        "classes": settings.classes,
        "split_checksum": split.checksum,
        "pack_hash": pack.hash,
        "training_models": len(split.train),
        "validation_models": len(split.val),
    }
    if any(limit is not None for limit in limits.values()):
        made = sum(map(is_program, split.train))
        record |= {"real_objects": len(without_copies(split.train)) - made, "programs": made}
    return TrainingData(pack, split, record)


def initialised(model: torch.nn.Module, initial_weights: str | None, data: TrainingData) -> torch.nn.Module:
    """``model`` with the weights of a model folder or state dict, an autoencoder's turned to the data's frame.

    A decoder that the model has and the weights have not stays as it is.
    """
    if initial_weights:
        loaded = load_model(paths.resolve(initial_weights), kind=model.config["kind"])
        if isinstance(loaded, PointCloudAutoencoder):
            match_frame({"autoencoder": loaded}, data.pack, data.split.train)
        state = loaded.state_dict()
        if loaded.decoder is None and model.decoder is not None:
            state |= {name: value for name, value in model.state_dict().items() if name.startswith("decoder.")}
        load_weights(model, state, initial_weights)
    return model


def generator(*key: int) -> np.random.Generator:
    """The random numbers of one purpose: such as (seed, epoch), or (seed, epoch, step)."""
    return np.random.default_rng(list(key))


def passes(one_pass: Callable[[], np.ndarray], count: int | None) -> np.ndarray:
    """The items of an epoch: one pass over all, or the first ``count`` of so many passes as that takes, each in a new order."""
    order = one_pass()
    while count is not None and len(order) < count:
        order = np.concatenate([order, one_pass()])
    return order[:count]


class Batches(Protocol):
    """Where batches come from: which items a step takes is decided per epoch, so that a step can be repeated."""

    steps: int

    def order(self, epoch: int) -> np.ndarray:
        """The items of an epoch in their order."""

    def load(self, order: np.ndarray, epoch: int, step: int) -> tuple[np.ndarray, Any]:
        """Training objects (by number) that a step sees, and its batch on the device."""

    def part(self, batch: Any, share: slice) -> Any:
        """A part of a batch's items, for one of several processes."""


# --------------------------------------------------------------------------------------------------------------- loop
class Training:
    """One training of a network; a context manager around the caller's loop (see the module's example).

    Leaves ``trained_models/<run>/<name>/`` with weights, ``config.json``, ``metrics.json`` and TensorBoard events. A run that
    was killed is taken up where it was; of one that is finished with these settings :meth:`epochs` is empty.

    Args:
        model: on any device; it is moved to the settings' one. One of your own classes needs a ``config``, such as
            ``{"kind": "autoencoder"}``.
        settings: of the notebook.
        data: of :func:`open_data`; further entries of its ``record`` may be added before.
        name: of the network's folder.
        keep_last: keep the last epoch, whatever its validation says.
        progress: show a bar.
    """

    def __init__(
        self,
        model: torch.nn.Module,
        settings: AutoencoderSettings | EncoderSettings,
        data: TrainingData,
        *,
        name: str,
        keep_last: bool = False,
        progress: bool = True,
    ) -> None:
        self.settings, self.data, self.keep_last, self.progress = settings, data, keep_last, progress
        self.directory = paths.model_dir(settings.run, name)
        self.accelerator = processes.start(settings.device, settings.precision)
        self.device: torch.device = self.accelerator.device
        self.precision = "bf16" if self.accelerator.mixed_precision == "bf16" else "fp32"
        self.model = model.to(self.device)
        self.epoch = 0
        self._members = np.zeros(0, np.int64)  # of the last batch
        self._weight = 1.0  # of this process's share of a batch
        self.resumed_from: int | None = None
        self._finished = False
        self._open = contextlib.ExitStack()
        self._bar: tqdm | None = None

    def __enter__(self) -> Training:
        keep_freed_memory()
        self.directory.mkdir(parents=True, exist_ok=True)
        settings = {**self.settings.as_dict(), "precision": self.precision, "device": self.device.type}
        self._record = {"settings": settings, "data": self.data.record, "initial": fingerprint_of(self.model)}
        self._identity = cache.fingerprint(self._record, "training")
        self._record |= {"versions": cache.versions("training"), "environment": environment()}
        self._state: dict[str, Any] = {
            "epoch": 1, "step": 0, "history": [], "sums": {}, "best": math.inf, "best_epoch": 0, "seconds": 0.0,
        }  # fmt: skip
        if self._read_finished():
            return self
        self._optimiser = torch.optim.Adam(
            parameter_groups(self.model, self.settings), lr=self.settings.learning_rate, fused=True
        )  # fused: a quarter of the time on CPUs
        self._read_state()
        self._saved_at = time.monotonic()
        what = f"training {paths.display(self.directory)} in batches of {self.settings.batch_size}"
        self._open.enter_context(memory_for(what, _LESS_MEMORY))
        self._open.enter_context(processes.batch_norm_over_processes(self.model, self.accelerator))
        if self.accelerator.is_main_process:
            from torch.utils.tensorboard import SummaryWriter  # a quarter of a second, for a training alone

            board = SummaryWriter(str(self.directory / "tensorboard"), purge_step=self._state["epoch"])
            self._board = self._open.enter_context(board)
        self.accelerator.wait_for_everyone()  # all have read what is there before one writes
        return self

    def __exit__(self, *error: Any) -> None:
        self._open.__exit__(*error)

    # --------------------------------------------------------------------------------------------- the loop's parts
    def epochs(self) -> Iterator[int]:
        """Numbers of the epochs that are still to be done, up to the settings' ``epochs``.

        Weights that the training starts from are its first candidate: they come as epoch 0, which has no batches.
        """
        if self._finished:
            return
        state = self._state
        if self.resumed_from is None and self.settings.initial_weights and self.data.split.val:
            self.epoch = 0
            yield 0
        self.model.train()
        for epoch in range(state["epoch"], self.settings.epochs + 1):
            self.epoch = epoch
            yield epoch
            state.update(epoch=epoch + 1, step=0, sums={}, seconds=0.0)
            self._save_state()
        self._write_history(finished=True)
        if self.accelerator.is_main_process:
            (self.directory / STATE_FILE).unlink(missing_ok=True)
        self.accelerator.wait_for_everyone()

    def batches(self, source: Batches) -> Iterator[Any]:
        """Batches of the epoch, the next one loaded while this one is computed; a resumed epoch goes on where it stood.

        One of several processes gets its share of each.
        """
        if self.epoch == 0:
            return
        self._start_bar(source.steps)
        self._clock = time.perf_counter()
        order, first = source.order(self.epoch), self._state["step"]
        with ThreadPoolExecutor(1) as pool:
            coming = pool.submit(source.load, order, self.epoch, first) if first < self._steps else None
            for step in range(first, self._steps):
                self._members, batch = coming.result()
                if step + 1 < self._steps:
                    coming = pool.submit(source.load, order, self.epoch, step + 1)
                share, self._weight = processes.share_of(len(self._members), self.accelerator)
                torch.manual_seed(int(generator(self.settings.seed, self.epoch, step).integers(2**62)))  # for dropout
                yield batch if self._weight == 1.0 else source.part(batch, share)
        self._count_seconds()

    @contextlib.contextmanager
    def autocast(self) -> Iterator[None]:
        """The arithmetic of a forward pass: bf16 where the settings ask for it, else fp32."""
        with self.accelerator.autocast():
            yield

    def check(self, prediction: torch.Tensor) -> None:
        """Stop where a prediction is NaN or infinite: no neighbour can be searched in such a cloud.

        Raises:
            DivergedError: it is.
        """
        if not torch.isfinite(prediction).all():
            self._stop(math.nan)

    def step(self, loss: torch.Tensor, **parts: torch.Tensor) -> None:
        """One step of the optimiser.

        Args:
            loss: a number, with its graph.
            parts: further numbers whose means the history shows, such as the loss's two terms.

        Raises:
            DivergedError: the loss is NaN or infinite.
        """
        if not torch.isfinite(loss):
            self._stop(float(loss))
        state = self._state
        done = (self.epoch - 1) * self._steps + state["step"]
        total = self.settings.epochs * self._steps
        self._rate = learning_rate_at(done, total, self.settings.learning_rate, self.settings.schedule)
        for group in self._optimiser.param_groups:
            group["lr"] = self._rate
        self.accelerator.backward(loss * self._weight if self._weight != 1.0 else loss)
        shown = {"loss": loss, **parts}
        values = torch.stack([value.detach() for value in shown.values()]) * self._weight
        values = processes.sum_over_processes(list(self.model.parameters()), values, self.accelerator)
        self._optimiser.step()
        self._optimiser.zero_grad(set_to_none=True)
        for name, value in zip(shown, values.tolist(), strict=True):
            state["sums"][name] = state["sums"].get(name, 0.0) + value
        state["step"] += 1
        self._bar.update()
        if time.monotonic() - self._saved_at > STATE_INTERVAL_S and state["step"] < self._steps:
            self._count_seconds()
            self._save_state()

    def validate(self, scores: np.ndarray | None) -> None:
        """End the epoch: extend the history, and keep the weights if they are the best so far.

        Args:
            scores: of the validation objects, Chamfer ×100; None without a validation set, then the last epoch is kept.
        """
        state = self._state
        chamfer = None if scores is None else float(scores.mean())
        means = {name: value / self._steps for name, value in state["sums"].items()} if self.epoch else {}
        rate, seconds = (self._rate, state["seconds"]) if self.epoch else (0.0, 0.0)
        row = {"epoch": self.epoch, **means, "validation_chamfer": chamfer, "learning_rate": rate}
        row["seconds"] = round(seconds, 2)
        state["history"].append(row)
        state["best"] = min(state["best"], math.inf if chamfer is None else chamfer)
        if self.keep_last or chamfer is None or chamfer == state["best"]:
            state["best_epoch"] = self.epoch
            kept = {**self._record, "epoch": self.epoch, "validation_chamfer": chamfer}
            if self.accelerator.is_main_process:
                save_model(self.directory, self.model, training=kept)
        self._write_history()
        if not self.accelerator.is_main_process:
            return
        for name, value in row.items() if self.epoch else ():
            if name != "epoch" and value is not None:
                self._board.add_scalar(name, value, self.epoch)
        if self.epoch in (1, self.settings.epochs) or (
            self.epoch and self.epoch % max(1, self.settings.epochs // 10) == 0
        ):
            print(history_line(row, self.settings.epochs, state["best"]), flush=True)

    def result(self) -> TrainingResult:
        """The kept network and its history; a network of the caller's own class gets its kept weights back."""
        model, state = self.model, self._state
        if type(model) in (PointCloudAutoencoder, ImageEncoder, StrongEncoder):
            model = load_model(self.directory, self.device)
        else:
            model.load_state_dict(load_file(self.directory / "model.safetensors"))
            model.eval()
        return TrainingResult(
            model, self.directory, state["history"], state["best_epoch"], self.data.record, self.resumed_from
        )

    # ------------------------------------------------------------------------------------------------- what is kept
    def _start_bar(self, steps: int) -> None:
        if self._bar is None:
            self._steps = steps
            done = (self.epoch - 1) * steps + self._state["step"]
            bar = tqdm(total=self.settings.epochs * steps, initial=done, unit="step", leave=False,
                       desc=self.directory.name, disable=not (self.progress and self.accelerator.is_main_process),
                       mininterval=1.0)  # fmt: skip
            self._bar = self._open.enter_context(contextlib.closing(bar))

    def _count_seconds(self) -> None:
        now = time.perf_counter()
        self._state["seconds"] += now - self._clock
        self._clock = now

    def _stop(self, loss: float) -> None:
        shown = ", ".join(self.data.split.train[i] for i in self._members[:4])
        raise DivergedError(
            f"{paths.display(self.directory)}: the loss is {loss} in epoch {self.epoch}, step {self._state['step']} "
            f"(batch of {len(self._members)}: {shown}, …). Lower learning_rate={self.settings.learning_rate:g} or "
            "check these models with 01_data_preparation."
        )

    def _save_state(self) -> None:
        self._saved_at = time.monotonic()
        if not self.accelerator.is_main_process:
            return
        content = {
            "identity": self._identity,
            "state": self._state,
            "model": self.model.state_dict(),
            "optimiser": self._optimiser.state_dict(),
        }
        with atomic_path(self.directory / STATE_FILE) as temporary:
            torch.save(content, temporary)

    def _read_state(self) -> None:
        """Go on where a killed run was, if there is one of these settings, data and code."""
        file = self.directory / STATE_FILE
        if not file.is_file():
            return
        saved = torch.load(file, map_location="cpu", weights_only=True)
        if saved["identity"] != self._identity:
            self.accelerator.print(f"{paths.display(file)} belongs to other settings, data or code: starting anew.")
            return
        self.model.load_state_dict(saved["model"])
        self._optimiser.load_state_dict(saved["optimiser"])
        self._state, self.resumed_from = saved["state"], saved["state"]["epoch"]
        self.accelerator.print(
            f"{paths.display(self.directory)}: going on in epoch {self.resumed_from} after step {self._state['step']}."
        )

    def _write_history(self, finished: bool = False) -> None:
        if not self.accelerator.is_main_process:
            return
        results = {
            "finished": self._identity if finished else None,
            "best_epoch": self._state["best_epoch"],
            "history": self._state["history"],
        }
        write_json(self.directory / "metrics.json", {**self._record, "results": results})

    def _read_finished(self) -> bool:
        """Whether this very training is finished; says why not, where another one is."""
        if not all((self.directory / name).is_file() for name in ("metrics.json", "model.safetensors", "config.json")):
            return False
        record = read_json(self.directory / "metrics.json")
        results = record.get("results", {})
        if results.get("finished") == self._identity:
            self.accelerator.print(f"{paths.display(self.directory)} is trained with these settings already: loaded.")
            self._state.update(history=results["history"], best_epoch=results["best_epoch"])
            self._finished = True
        elif results.get("finished"):
            then = record.get("versions")
            changed = cache.changed_versions(then, cache.versions("training")) if then else "not recorded then"
            why = f"other code ({changed})" if changed else "other settings or data"
            self.accelerator.print(f"{paths.display(self.directory)} was trained with {why}: training anew.")
        return self._finished
