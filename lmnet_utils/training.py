"""The two training loops: the point-cloud autoencoder, and the image encoder that matches its latents.

Both are :func:`_fit` with another batch: same checkpoints, same resume, same choice of the best epoch. Everything random
in a step is drawn from generators seeded by (seed, epoch, step), so that a run that was killed goes on as if nothing had
happened: bit for bit on a CPU in fp32.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm.auto import tqdm

from lmnet_utils import cache, paths
from lmnet_utils.frames import match_frame
from lmnet_utils.losses import (
    autoencoder_loss,
    direct_regression_loss,
    diversity_loss,
    latent_matching_loss,
    sample_latent,
)
from lmnet_utils.models import (
    ImageEncoder,
    PointCloudAutoencoder,
    fingerprint,
    load_model,
    load_weights,
    save_model,
)
from lmnet_utils.notebook_settings import AutoencoderSettings, EncoderSettings, TrainingSettings
from lmnet_utils.pointclouds import scaled_chamfer
from lmnet_utils.reproducibility import (
    atomic_path,
    environment,
    keep_freed_memory,
    pick_device,
    pick_precision,
    read_json,
    seed_everything,
    write_json,
)
from lmnet_utils.shapenet import Pack, Split, open_pack, read_split

VALIDATION_VIEWS = 2048  # at most so many (model, view) pairs are scored after an epoch
STATE_INTERVAL_S = 120.0  # a killed run loses at most about so much work


class DivergedError(RuntimeError):
    """The loss became NaN or infinite; the message names epoch, step and the first models of the batch."""


@dataclass(frozen=True)
class TrainingResult:
    """What a training leaves: ``model`` (kept epoch, evaluation mode), its ``directory`` and its ``history``.

    ``data`` names data set, split and their checksums. ``history`` has a row per epoch: ``epoch``, ``loss`` and its parts, ``validation_chamfer`` (×100, scaled, without ICP;
    None without a validation set), ``learning_rate``, ``seconds``. ``resumed_from`` is the epoch at which a killed run
    was taken up, or None.
    """

    model: torch.nn.Module
    directory: Path
    history: list[dict[str, Any]]
    best_epoch: int
    data: dict[str, Any]
    resumed_from: int | None

    @property
    def best_validation(self) -> float | None:
        """Validation Chamfer ×100 of the kept epoch, or None."""
        return next((row["validation_chamfer"] for row in self.history if row["epoch"] == self.best_epoch), None)

    @property
    def seconds(self) -> float:
        """Seconds spent in epochs, over all sittings."""
        return sum(row["seconds"] for row in self.history)


# -------------------------------------------------------------------------------------------------------- autoencoder
def train_autoencoder(settings: AutoencoderSettings, *, progress: bool = True) -> TrainingResult:
    """Train the point-cloud autoencoder on the training split (paper, section 3.1).

    Leaves ``trained_models/<run>/autoencoder/`` with weights, ``config.json``, ``metrics.json`` and TensorBoard events.
    A run that was killed is taken up where it was; one that is finished with these settings is loaded.

    Raises:
        DivergedError: NaN or infinite loss.
        FileNotFoundError: data set, split or initial weights are missing.
    """
    pack, split, device, autocast = _prepare(settings)
    points = torch.from_numpy(np.ascontiguousarray(pack.points[pack.rows(split.train)]))
    seed_everything(settings.seed)
    model = _initialised(PointCloudAutoencoder(), settings.initial_weights, pack, split).to(device)
    steps = max(1, len(points) // settings.batch_size)  # the last, smaller batch is left out: batch norm dislikes it

    def batches(epoch: int, first: int) -> Iterator[tuple[np.ndarray, Any]]:
        order = _generator(settings.seed, epoch).permutation(len(points))
        for step in range(first, steps):
            chosen = order[step * settings.batch_size : (step + 1) * settings.batch_size]
            rng = _generator(settings.seed, epoch, step)
            clouds = points[chosen]
            if settings.augment:
                clouds = stretch_and_mirror(clouds, rng)
            kept = rng.permutation(clouds.shape[1])[: settings.input_points]
            yield chosen, (clouds.to(device), torch.from_numpy(kept).to(device))

    def loss_of(batch: Any, epoch: int, step: int) -> dict[str, torch.Tensor]:
        clouds, kept = batch
        with autocast():
            prediction = model(clouds[:, kept]).float()
        if not torch.isfinite(prediction).all():  # no neighbour search in such a cloud; the loop names the batch
            return {"loss": prediction.new_tensor(math.nan)}
        return {"loss": autoencoder_loss(clouds, prediction, settings.loss)}

    def validate() -> np.ndarray:
        rows = pack.rows(split.val)
        return _score_autoencoder(model, pack, rows, device, autocast)

    return _fit(
        model,
        paths.model_dir(settings.run, "autoencoder"),
        settings,
        data=_data_record(settings, pack, split),
        groups=[{"params": list(model.parameters()), "weight_decay": settings.weight_decay}],
        steps=steps,
        batches=batches,
        loss_of=loss_of,
        validate=validate if split.val else None,
        names=split.train,
        progress=progress,
    )


def stretch_and_mirror(clouds: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """Random per-axis stretch and left-right mirror of clouds (B, N, 3) in the file frame; diagonal 1 as before."""
    factors = np.exp(rng.uniform(-0.25, 0.25, (len(clouds), 1, 3)))
    factors[..., 2] *= rng.choice([-1.0, 1.0], (len(clouds), 1))  # z is left-right in the file frame, too
    clouds = clouds * torch.from_numpy(factors.astype(np.float32))
    low, high = clouds.amin(1, keepdim=True), clouds.amax(1, keepdim=True)
    return (clouds - (low + high) / 2) / (high - low).norm(dim=-1, keepdim=True)


def mirror_clouds(clouds: torch.Tensor) -> torch.Tensor:
    """Left-right mirror image of clouds (…, N, 3) in the file frame, whose z axis points sideways."""
    return clouds * clouds.new_tensor([1.0, 1.0, -1.0])


@torch.no_grad()
def _score_autoencoder(model, pack: Pack, rows: np.ndarray, device, autocast, batch: int = 64) -> np.ndarray:
    model.eval()
    scores = []
    for i in range(0, len(rows), batch):
        part = rows[i : i + batch]
        with autocast():
            prediction = model(torch.from_numpy(pack.points[part]).to(device)).float().cpu()
        scores.append(scaled_chamfer(torch.from_numpy(pack.points_1024[part]), prediction).numpy())
    model.train()
    return np.concatenate(scores)


# ------------------------------------------------------------------------------------------------------ image encoder
def train_image_encoder(settings: EncoderSettings, *, progress: bool = True) -> TrainingResult:
    """Train an image encoder to predict the frozen autoencoder's latents (paper, sections 3.2 and 3.3).

    The latents of all training models are computed once, before the first step. With a Chamfer loss the targets are the
    clouds instead: the direct regression that the paper compares latent matching with. Leaves
    ``trained_models/<run>/<settings.model_name>/``; resumes and raises as :func:`train_autoencoder`.

    Variant I keeps the epoch with the best validation Chamfer. Variant II keeps the last one: that score looks at the
    decoded mean alone and on FreeShapes chose an epoch before σ had been learnt (0.04 where 0.17 is the optimum).
    """
    pack, split, device, autocast = _prepare(settings)
    probabilistic, direct = settings.loss == "probabilistic", settings.loss == "chamfer"
    rows = pack.rows(split.train)
    azimuths = torch.from_numpy(np.array(pack.azimuths[rows]))
    data, start, autoencoder = _data_record(settings, pack, split), {}, None
    if not direct:
        autoencoder = load_model(autoencoder_folder(settings), device, kind="autoencoder").requires_grad_(False)
        match_frame({"autoencoder": autoencoder}, pack, split.train)
        data["autoencoder"] = fingerprint(autoencoder)
        latents, mirrored = compute_latents(autoencoder, pack, rows, mirrored=settings.augment)
        start = {"scale": float(latents.std(0).mean()) if len(latents) > 1 else 1.0, "mean": latents.mean(0)}

    seed_everything(settings.seed)
    model = ImageEncoder(settings.architecture, settings.width, probabilistic, decoder=direct)
    model.initialise(**start, sigma=settings.alpha)
    model = _initialised(model, settings.initial_weights, pack, split)
    model = model.to(device, memory_format=torch.channels_last)
    decoder = model if direct else autoencoder
    drawn = min(settings.views_per_model or pack.views, pack.views)
    steps = max(1, math.ceil(len(rows) * drawn / settings.batch_size))
    if direct:  # the last, smaller batch is left out: batch norm dislikes it
        steps = max(1, len(rows) * drawn // settings.batch_size)

    def targets(model_index: np.ndarray, flip: torch.Tensor | None) -> torch.Tensor:
        if settings.matches_latents:
            straight, turned = latents[model_index], mirrored[model_index] if flip is not None else None
        else:
            straight = torch.from_numpy(pack.points[rows[model_index]])
            turned = mirror_clouds(straight)
        return straight if flip is None else torch.where(flip.view(-1, *[1] * (straight.ndim - 1)), turned, straight)

    def load(order: np.ndarray, epoch: int, step: int) -> Any:
        chosen = order[step * settings.batch_size : (step + 1) * settings.batch_size]
        model_index, view = np.divmod(chosen, pack.views)
        rng = _generator(settings.seed, epoch, step)
        images, flip = pack.images(rows[model_index], view), None
        if settings.augment:
            flip = torch.from_numpy(rng.random(len(chosen)) < 0.5)
            images = torch.where(flip[:, None, None, None], images.flip(-1), images)
        target = targets(model_index, flip)
        noise = torch.from_numpy(rng.standard_normal(target.shape, np.float32)) if probabilistic else None
        items = (images.contiguous(memory_format=torch.channels_last), target, azimuths[model_index, view], noise)
        return model_index, [None if item is None else item.to(device, non_blocking=True) for item in items]

    def batches(epoch: int, first: int) -> Iterator[tuple[np.ndarray, Any]]:
        rng = _generator(settings.seed, epoch)
        views = np.argsort(rng.random((len(rows), pack.views)), axis=1)[:, :drawn]
        order = rng.permutation((np.arange(len(rows))[:, None] * pack.views + views).ravel())
        with ThreadPoolExecutor(1) as pool:  # the next batch is read while this one is computed
            coming = pool.submit(load, order, epoch, first) if first < steps else None
            for step in range(first, steps):
                batch = coming.result()
                coming = pool.submit(load, order, epoch, step + 1) if step + 1 < steps else None
                yield batch

    def loss_of(batch: Any, epoch: int, step: int) -> dict[str, torch.Tensor]:
        images, target, azimuth, noise = batch
        with autocast():
            output = model(images)
            clouds = None if settings.matches_latents else decoder.decode(output).float()
        if clouds is not None:
            if not torch.isfinite(clouds).all():  # as in the autoencoder's training
                return {"loss": clouds.new_tensor(math.nan)}
            return {"loss": direct_regression_loss(target, clouds)}
        if not probabilistic:
            return {"loss": latent_matching_loss(output.float(), target, settings.loss)}
        mean, log_variance = output[0].float(), output[1].float()
        matching = latent_matching_loss(sample_latent(mean, log_variance, noise), target, "l2")
        sigma = torch.exp(0.5 * log_variance)
        diversity = diversity_loss(sigma, azimuth, settings.alpha, settings.penalty_angle)
        total = matching + settings.diversity_weight * diversity
        return {"loss": total, "matching": matching, "diversity": diversity, "sigma": sigma.mean()}

    def validate() -> np.ndarray:
        return _score_encoder(model, decoder, pack, pack.rows(split.val), device, autocast)

    convolutions = [p for name, p in model.named_parameters() if name.startswith("base.")]
    linears = [p for name, p in model.named_parameters() if not name.startswith("base.")]
    return _fit(
        model,
        paths.model_dir(settings.run, settings.model_name),
        settings,
        data=data,
        groups=[
            {"params": convolutions, "weight_decay": settings.weight_decay_conv},
            {"params": linears, "weight_decay": settings.weight_decay_fc},
        ],
        steps=steps,
        batches=batches,
        loss_of=loss_of,
        validate=validate if split.val else None,
        names=split.train,
        progress=progress,
        keep_last=probabilistic,
    )


def autoencoder_folder(settings: EncoderSettings) -> Path:
    """Folder of the frozen autoencoder: ``settings.autoencoder``, or the run's own.

    Raises:
        FileNotFoundError: it is not there; the message says which notebook makes it.
    """
    folder = (
        paths.resolve(settings.autoencoder) if settings.autoencoder else paths.model_dir(settings.run, "autoencoder")
    )
    if not folder.exists():
        raise FileNotFoundError(
            f"no autoencoder at {paths.display(folder)}: run 02_autoencoder_training with run={settings.run!r} first, "
            "or set autoencoder= to a model folder or a published state dict."
        )
    return folder


@torch.no_grad()
def compute_latents(
    autoencoder: PointCloudAutoencoder, pack: Pack, rows: np.ndarray, *, mirrored: bool = False, batch: int = 64
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Latents of the packed clouds ``rows`` (R, 512) in fp32 on the CPU, and those of their mirror images if asked."""
    device = next(autoencoder.parameters()).device
    straight, turned = [], []
    for i in range(0, len(rows), batch):
        clouds = torch.from_numpy(pack.points[rows[i : i + batch]]).to(device)
        straight.append(autoencoder.encode(clouds).cpu())
        if mirrored:
            turned.append(autoencoder.encode(mirror_clouds(clouds)).cpu())
    return torch.cat(straight), torch.cat(turned) if mirrored else None


@torch.no_grad()
def _score_encoder(model, decoder, pack: Pack, rows: np.ndarray, device, autocast, batch: int = 64) -> np.ndarray:
    views = min(pack.views, max(1, VALIDATION_VIEWS // max(1, len(rows))))
    pairs = [(row, view) for row in rows for view in np.linspace(0, pack.views - 1, views).astype(int)]
    model.eval()
    scores = []
    for i in range(0, len(pairs), batch):
        part = np.array(pairs[i : i + batch])
        with autocast():
            output = model(pack.images(part[:, 0], part[:, 1]).to(device))
        mean = output[0] if isinstance(output, tuple) else output
        prediction = decoder.decode(mean.float()).cpu()
        scores.append(scaled_chamfer(torch.from_numpy(pack.points_1024[part[:, 0]]), prediction).numpy())
    model.train()
    return np.concatenate(scores)


# -------------------------------------------------------------------------------------------------------- shared loop
def _prepare(settings: TrainingSettings) -> tuple[Pack, Split, torch.device, Callable]:
    device = pick_device(settings.device)
    precision = pick_precision(settings.precision, device)
    keep_freed_memory()
    pack = open_pack(settings.dataset)
    split = read_split(settings.dataset, settings.split, settings.classes)
    if not split.train:
        raise ValueError(
            f"the training set of {settings.dataset}, split {settings.split}, classes {settings.classes} is empty: "
            "prepare more models in 01_data_preparation."
        )

    def autocast():
        return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16")

    return pack, split, device, autocast


def _initialised(model: torch.nn.Module, initial_weights: str | None, pack: Pack, split: Split) -> torch.nn.Module:
    if initial_weights:
        loaded = load_model(paths.resolve(initial_weights), kind=model.config["kind"])
        if isinstance(loaded, PointCloudAutoencoder):
            match_frame({"autoencoder": loaded}, pack, split.train)
        load_weights(model, loaded.state_dict(), initial_weights)
    return model


def _generator(*key: int) -> np.random.Generator:
    return np.random.default_rng(list(key))


def _data_record(settings: TrainingSettings, pack: Pack, split: Split) -> dict[str, Any]:
    return {
        "dataset": settings.dataset,
        "split": settings.split,
        "classes": settings.classes,
        "split_checksum": split.checksum,
        "pack_hash": pack.hash,
        "training_models": len(split.train),
        "validation_models": len(split.val),
    }


def learning_rate_at(step: int, total: int, peak: float, schedule: str) -> float:
    """Learning rate of a step: constant, or one cycle (linear from 0 over the first 5 %, then cosine to 0)."""
    if schedule == "constant":
        return peak
    warm_up = max(1, total // 20)
    if step < warm_up:
        return peak * (step + 1) / warm_up
    return peak * 0.5 * (1 + math.cos(math.pi * (step - warm_up) / max(1, total - warm_up)))


def _fit(
    model: torch.nn.Module,
    directory: Path,
    settings: TrainingSettings,
    *,
    data: dict[str, Any],
    groups: list[dict[str, Any]],
    steps: int,
    batches: Callable[[int, int], Iterator[tuple[np.ndarray, Any]]],
    loss_of: Callable[[Any, int, int], dict[str, torch.Tensor]],
    validate: Callable[[], np.ndarray] | None,
    names: list[str],
    progress: bool,
    keep_last: bool = False,
) -> TrainingResult:
    directory.mkdir(parents=True, exist_ok=True)
    device = next(model.parameters()).device
    precision = pick_precision(settings.precision, device)
    record = {
        "settings": {**settings.as_dict(), "precision": precision, "device": device.type},
        "data": data,
        "initial": fingerprint(model),
    }
    identity = cache.fingerprint(record, "training")
    record |= {"versions": cache.versions("training"), "environment": environment()}
    finished = _finished(directory, identity)
    if finished:
        print(f"{paths.display(directory)} is trained with these settings already: loaded.")
        return TrainingResult(load_model(directory, device), directory, *finished, data, resumed_from=None)

    optimiser = torch.optim.Adam(groups, lr=settings.learning_rate, fused=True)  # a quarter of the time on CPUs
    state = {"epoch": 1, "step": 0, "history": [], "sums": {}, "best": math.inf, "best_epoch": 0, "seconds": 0.0}
    resumed_from = None
    state_file = directory / "training_state.pt"
    saved = _read_state(state_file, identity)
    if saved:
        model.load_state_dict(saved.pop("model"))
        optimiser.load_state_dict(saved.pop("optimiser"))
        state, resumed_from = saved["state"], saved["state"]["epoch"]
        print(f"{paths.display(directory)}: going on in epoch {state['epoch']} after step {state['step']} of {steps}.")
    elif settings.initial_weights and validate:  # the weights that a training starts from are its first candidate
        _close_epoch(model, directory, record, state, {}, validate, 0, 0.0, 0.0, keep_last)

    def save_state() -> None:
        content = {
            "identity": identity,
            "state": state,
            "model": model.state_dict(),
            "optimiser": optimiser.state_dict(),
        }
        with atomic_path(state_file) as temporary:
            torch.save(content, temporary)

    model.train()
    total, saved_at = settings.epochs * steps, time.monotonic()
    bar = tqdm(total=total, initial=(state["epoch"] - 1) * steps + state["step"], unit="step", leave=False,
               desc=directory.name, disable=not progress, mininterval=1.0)  # fmt: skip
    with _tensorboard(directory, state["epoch"]) as board, contextlib.closing(bar):
        for epoch in range(state["epoch"], settings.epochs + 1):
            clock = time.perf_counter()
            for step, (members, batch) in enumerate(batches(epoch, state["step"]), start=state["step"]):
                rate = learning_rate_at((epoch - 1) * steps + step, total, settings.learning_rate, settings.schedule)
                for group in optimiser.param_groups:
                    group["lr"] = rate
                optimiser.zero_grad(set_to_none=True)
                parts = loss_of(batch, epoch, step)
                if not torch.isfinite(parts["loss"]):
                    shown = ", ".join(names[i] for i in members[:4])
                    raise DivergedError(
                        f"{paths.display(directory)}: the loss is {float(parts['loss'])} in epoch {epoch}, step {step} "
                        f"(batch of {len(members)}: {shown}, …). Lower learning_rate={settings.learning_rate:g} or "
                        "check these models with 01_data_preparation."
                    )
                parts["loss"].backward()
                optimiser.step()
                for name, value in parts.items():
                    state["sums"][name] = state["sums"].get(name, 0.0) + float(value.detach())
                state["step"] = step + 1
                bar.update()
                if time.monotonic() - saved_at > STATE_INTERVAL_S and state["step"] < steps:
                    state["seconds"] += time.perf_counter() - clock
                    clock = time.perf_counter()
                    save_state()
                    saved_at = time.monotonic()
            means = {name: value / steps for name, value in state["sums"].items()}
            seconds = state["seconds"] + time.perf_counter() - clock
            row = _close_epoch(model, directory, record, state, means, validate, epoch, rate, seconds, keep_last)
            for name, value in row.items():
                if name != "epoch" and value is not None:
                    board.add_scalar(name, value, epoch)
            if epoch == settings.epochs or epoch % max(1, settings.epochs // 10) == 0 or epoch == 1:
                _print_row(row, settings.epochs, state)
            state.update(epoch=epoch + 1, step=0, sums={}, seconds=0.0)
            save_state()
            saved_at = time.monotonic()
    _write_history(directory, record, state, identity=identity)
    state_file.unlink(missing_ok=True)
    return TrainingResult(
        load_model(directory, device), directory, state["history"], state["best_epoch"], data, resumed_from
    )


def _close_epoch(model, directory, record, state, means, validate, epoch, rate, seconds, keep_last) -> dict[str, Any]:
    """Validate, keep the weights if they are the best so far, extend the history."""
    scores = validate() if validate else None
    chamfer = None if scores is None else float(scores.mean())
    row = {"epoch": epoch, **means, "validation_chamfer": chamfer, "learning_rate": rate, "seconds": round(seconds, 2)}
    state["history"].append(row)
    state["best"] = min(state["best"], math.inf if chamfer is None else chamfer)
    if keep_last or chamfer is None or chamfer == state["best"]:  # without a validation set the last epoch is kept
        state["best_epoch"] = epoch
        save_model(directory, model, training={**record, "epoch": epoch, "validation_chamfer": chamfer})
    _write_history(directory, record, state)
    return row


def _print_row(row: dict[str, Any], epochs: int, state: dict[str, Any]) -> None:
    parts = "  ".join(
        f"{name} {value:.4g}"
        for name, value in row.items()
        if name not in ("epoch", "validation_chamfer", "learning_rate", "seconds")
    )
    chamfer = row["validation_chamfer"]
    validation = "" if chamfer is None else f"  validation Chamfer ×100 {chamfer:.2f} (best {state['best']:.2f})"
    print(f"epoch {row['epoch']:>3}/{epochs}  {parts}{validation}  {row['seconds']:.1f} s", flush=True)


def _write_history(directory: Path, record: dict[str, Any], state: dict[str, Any], identity: str | None = None) -> None:
    results = {"finished": identity, "best_epoch": state["best_epoch"], "history": state["history"]}
    write_json(directory / "metrics.json", {**record, "results": results})


def _finished(directory: Path, identity: str) -> tuple[list[dict[str, Any]], int] | None:
    if not all((directory / name).is_file() for name in ("metrics.json", "model.safetensors", "config.json")):
        return None
    record = read_json(directory / "metrics.json")
    results = record.get("results", {})
    if results.get("finished") == identity:
        return results["history"], results["best_epoch"]
    if results.get("finished"):
        then = record.get("versions")
        changed = cache.changed_versions(then, cache.versions("training")) if then else "not recorded then"
        why = f"other code ({changed})" if changed else "other settings or data"
        print(f"{paths.display(directory)} was trained with {why}: training anew.")
    return None


def _read_state(state_file: Path, identity: str) -> dict[str, Any] | None:
    if not state_file.is_file():
        return None
    saved = torch.load(state_file, map_location="cpu", weights_only=True)
    if saved["identity"] == identity:
        return saved
    print(f"{paths.display(state_file)} belongs to other settings, data or code: starting anew.")
    return None


@contextlib.contextmanager
def _tensorboard(directory: Path, epoch: int) -> Iterator[Any]:
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(directory / "tensorboard"), purge_step=epoch) as board:
        yield board
