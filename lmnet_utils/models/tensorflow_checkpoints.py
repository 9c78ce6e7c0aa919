"""The official TensorFlow checkpoints (``lm``, ``plm``, an autoencoder's alone) as model folders of this kit.

The official code (``utils/encoders_decoders.py``, ``train_*.py``) builds its networks from tflearn's layers, which name
their variables after the order of their making: ``psgn_vars/Conv2D``, ``psgn_vars/Conv2D_1`` … Only reading a checkpoint
needs TensorFlow (the extra ``tensorflow``); what the converter makes of the arrays does not.

What differs between the two: TensorFlow keeps convolution kernels as (height, width, in, out) and matrices as (in, out),
flattens (height, width, channel) before the first full connection, and the official decoder's 6144 outputs are
(2048 points, 3), where the published PyTorch weights have (3, 2048).
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lmnet_utils.core import paths
from lmnet_utils.core.files import sha256_of
from lmnet_utils.models.networks import POINTS, ImageEncoder, PointCloudAutoencoder
from lmnet_utils.models.weights import load_model, save_model

CONVOLUTIONS = (
    "base.0.0", "base.0.2", "base.1", "base.3.0", "base.3.2", "base.4", "base.6.0", "base.6.2", "base.7",
    "base.9.0", "base.9.2", "base.10", "base.12.0", "base.12.2", "base.13", "base.15",
)  # fmt: skip
"""The image encoder's layers in the order of ``psgn_vars/Conv2D``, ``Conv2D_1``, …, ``Conv2D_15``."""

AUTOENCODER_SCOPES = ("pointnet_ae/pointnet_ae/", "pointnet_ae/")
"""The official code opens the scope ``pointnet_ae`` and, within it, the scope "pointnet_ae/<layer>", hence the doubling."""

NAMES = {False: "encoder_l1", True: "encoder_lambda_5.5"}
"""Variant I or II → model folder: what the official ``train_lm.sh`` and ``train_plm.sh`` train."""


def read_checkpoint(prefix: str | Path) -> dict[str, np.ndarray]:
    """All variables of a TensorFlow checkpoint, optimiser slots left out.

    Args:
        prefix: the path that TensorFlow calls the checkpoint's: ``…/best`` for ``best.index``, ``best.data-00000-of-00001``
            (and ``best.meta``, which is not needed). One of those files, or a folder that holds one checkpoint, will do.

    Raises:
        ImportError: TensorFlow is not installed; says how to get it.
        FileNotFoundError: no checkpoint there; lists those that are near.
        ValueError: it is damaged, or the folder holds several.
    """
    prefix = find_prefix(prefix)
    try:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # no talk of missing GPUs
        import tensorflow
    except ImportError as error:
        raise ImportError(
            "Reading a TensorFlow checkpoint needs TensorFlow, which the kit does without otherwise: "
            "`pip install 'tensorflow>=2.15'`, best in an environment of its own (`make test-tensorflow` makes .venv-tensorflow)."
        ) from error
    name = paths.display(prefix)
    try:
        reader = tensorflow.train.load_checkpoint(str(prefix))
        shapes = reader.get_variable_to_shape_map()
        slots = ("/Adam", "/Adam_1")
        return {key: np.asarray(reader.get_tensor(key)) for key in sorted(shapes) if not key.endswith(slots)}
    except Exception as error:  # TensorFlow raises its own errors, and Python's own of many kinds, for a damaged file
        reason = str(error).split("\n")[0][:300]
        raise ValueError(
            f"{name} is no readable TensorFlow checkpoint ({reason}). Unpack or download it again."
        ) from error


def find_prefix(path: str | Path) -> Path:
    """The prefix of the checkpoint that ``path`` names: a prefix, one of its files, or a folder with one checkpoint."""
    path = Path(path).expanduser()
    if path.is_dir():
        found = sorted(path.glob("*.index")) or sorted(path.glob("*/*.index"))
        if len(found) == 1:
            return found[0].with_suffix("")
        names = ", ".join(file.relative_to(path).with_suffix("").as_posix() for file in found)
        if found:
            raise ValueError(f"{paths.display(path)} holds several checkpoints ({names}): name one of them.")
        raise FileNotFoundError(f"{paths.display(path)} holds no TensorFlow checkpoint (no file NAME.index).")
    for suffix in (".index", ".meta"):
        if path.name.endswith(suffix):
            path = path.with_name(path.name.removesuffix(suffix))
    if ".data-" in path.name:
        path = path.with_name(path.name.partition(".data-")[0])
    if not path.with_name(path.name + ".index").is_file():
        near = sorted(file.with_suffix("").name for file in path.parent.glob("*.index"))
        raise FileNotFoundError(
            f"no TensorFlow checkpoint {paths.display(path)}: expected {path.name}.index and {path.name}.data-… there. "
            f"Checkpoints in that folder: {', '.join(near) or 'none'}."
        )
    return path


# ------------------------------------------------------------------------------------------------- one layer at a time
def _convolution(kernel: np.ndarray) -> np.ndarray:
    return kernel.transpose(3, 2, 0, 1)  # (height, width, in, out) → (out, in, height, width)


def _first_connection(matrix: np.ndarray) -> np.ndarray:
    """(4·4·512, out), rows in the order height, width, channel → (out, 512·4·4), columns channel, height, width."""
    return matrix.reshape(4, 4, 512, -1).transpose(3, 2, 0, 1).reshape(-1, 8192)


def _pointwise(kernel: np.ndarray) -> np.ndarray:
    return kernel[0, 0].T[..., None]  # tflearn's conv_1d: (1, 1, in, out) → (out, in, 1)


def _coordinates_first(values: np.ndarray) -> np.ndarray:
    """Last axis (2048 points, 3 coordinates) → first axis (3 coordinates, 2048 points); rows of fc3, or its bias."""
    outputs = values.reshape(*values.shape[:-1], POINTS, 3).swapaxes(-1, -2).reshape(*values.shape[:-1], 3 * POINTS)
    return outputs.T


class _Variables:
    """A checkpoint's variables, taken by name and shape; what is wrong is said in the checkpoint's own names."""

    def __init__(self, variables: Mapping[str, np.ndarray], name: str, expected: str) -> None:
        self.variables, self.name, self.expected = variables, name, expected
        self.state: dict[str, torch.Tensor] = {}

    def take(
        self, key: str, variable: str, shape: tuple[int, ...], change: Callable[[np.ndarray], np.ndarray] | None = None
    ) -> None:
        """Put ``variable``, rearranged, into the state dict as ``key``."""
        if variable not in self.variables:
            hint = ""
            if "decoder_fc" in variable and "_bnorm/" in variable:
                hint = " It was trained without --bn_decoder; the paper's decoder, and this kit's, has batch norm."
            raise ValueError(f"{self.name}: the variable {variable} is missing; expected {self.expected}.{hint}")
        value = np.asarray(self.variables[variable], dtype=np.float32)
        if value.shape != shape:
            raise ValueError(
                f"{self.name}: the variable {variable} has shape {value.shape}, expected {shape} ({self.expected})."
            )
        if not np.isfinite(value).all():
            raise ValueError(f"{self.name}: the variable {variable} holds NaN or infinite values.")
        self.state[key] = torch.from_numpy(np.ascontiguousarray(change(value) if change else value))

    def batch_norm(self, key: str, scope: str, size: int) -> None:
        """tflearn's batch normalisation; its ε of 1e-5 is PyTorch's too."""
        names = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}
        for ours, theirs in names.items():
            self.take(f"{key}.{ours}", f"{scope}/{theirs}", (size,))
        self.state[f"{key}.num_batches_tracked"] = torch.tensor(0)

    def fill(self, model: torch.nn.Module) -> None:
        """Give the state dict's tensors to a model that has none yet (device "meta"), in evaluation mode."""
        model.load_state_dict(self.state, strict=True, assign=True)
        model.eval()


def _autoencoder(variables: _Variables, scope: str) -> PointCloudAutoencoder:
    with torch.device("meta"):
        model = PointCloudAutoencoder()
    channels = model.encoder.CHANNELS
    for i, (fan_in, fan_out) in enumerate(zip(channels, channels[1:], strict=False)):
        layer = f"{scope}encoder_conv_layer_{i}"
        variables.take(f"encoder.conv{i + 1}.weight", f"{layer}/W", (1, 1, fan_in, fan_out), _pointwise)
        variables.take(f"encoder.conv{i + 1}.bias", f"{layer}/b", (fan_out,))
        variables.batch_norm(f"encoder.bn{i + 1}", f"{layer}_bnorm", fan_out)
    for i in (0, 1):
        layer, fan_in = f"{scope}decoder_fc_{i}", (512, 256)[i]
        variables.take(f"decoder.fc{i + 1}.weight", f"{layer}/W", (fan_in, 256), np.transpose)
        variables.take(f"decoder.fc{i + 1}.bias", f"{layer}/b", (256,))
        variables.batch_norm(f"decoder.bn{i + 1}", f"{layer}_bnorm", 256)
    variables.take("decoder.fc3.weight", f"{scope}decoder_fc_2/W", (256, 3 * POINTS), _coordinates_first)
    variables.take("decoder.fc3.bias", f"{scope}decoder_fc_2/b", (3 * POINTS,), _coordinates_first)
    variables.fill(model)
    return model


def _image_encoder(variables: _Variables, variational: bool) -> ImageEncoder:
    with torch.device("meta"):
        model = ImageEncoder("paper", variational=variational)
    layers = model.state_dict()
    for i, key in enumerate(CONVOLUTIONS):
        fan_out, fan_in, height, width = layers[f"{key}.weight"].shape
        layer = "psgn_vars/Conv2D" + (f"_{i}" if i else "")
        variables.take(f"{key}.weight", f"{layer}/W", (height, width, fan_in, fan_out), _convolution)
        variables.take(f"{key}.bias", f"{layer}/b", (fan_out,))
    for i, key in enumerate(("mu", "log_variance") if variational else ("latent",)):
        layer = "psgn_vars/FullyConnected" + (f"_{i}" if i else "")
        variables.take(f"{key}.weight", f"{layer}/W", (8192, 512), _first_connection)
        variables.take(f"{key}.bias", f"{layer}/b", (512,))
    variables.fill(model)
    return model


# --------------------------------------------------------------------------------------------------- whole checkpoints
def models_of(
    variables: Mapping[str, np.ndarray], name: str = "the checkpoint"
) -> tuple[PointCloudAutoencoder | None, ImageEncoder | None]:
    """The networks whose variables a checkpoint holds: autoencoder and image encoder, ``None`` where it has none.

    Args:
        variables: of :func:`read_checkpoint`; what belongs to neither network (counters, ``is_training``) is ignored.
        name: of the checkpoint, for messages.

    Raises:
        ValueError: it is none of the official ones; names the first variable that is missing or has another shape.
    """
    layers = ("encoder_conv_layer_0/W", "decoder_fc_0/W")
    scope = next((s for s in AUTOENCODER_SCOPES if any(s + layer in variables for layer in layers)), None)
    has_encoder = any(key.startswith("psgn_vars/") for key in variables)
    variational = "psgn_vars/FullyConnected_1/W" in variables
    if scope is None and not has_encoder:
        found = ", ".join(sorted(variables)[:3])
        raise ValueError(
            f"{name} is no checkpoint of the official 3D-LMNet code: it has no variable {AUTOENCODER_SCOPES[0]}{layers[0]} "
            f"(autoencoder) and none below psgn_vars/ (image encoder); its first variables are {found or 'none'}."
        )
    if has_encoder:
        expected = (
            "the official `plm` checkpoint (Variant II" if variational else "the official `lm` checkpoint (Variant I"
        )
        expected += " with the autoencoder, latents of 512)"
    else:
        expected = "a checkpoint of the official train_ae.py (latents of 512, --bn_decoder)"
    encoder = _image_encoder(_Variables(variables, name, expected), variational) if has_encoder else None
    # An image encoder is nothing without the latent space that it was trained for: its checkpoint must hold both.
    autoencoder = _autoencoder(_Variables(variables, name, expected), scope or AUTOENCODER_SCOPES[0])
    return autoencoder, encoder


def convert(prefix: str | Path, run: str, *, name: str | None = None) -> list[Path]:
    """Make model folders ``trained_models/<run>/…`` of an official checkpoint; use them as ``weights_run=<run>``.

    ``lm`` becomes ``encoder_l1``, ``plm`` becomes ``encoder_lambda_5.5``, each with its ``autoencoder``; a checkpoint of
    ``train_ae.py`` becomes ``autoencoder``. Nothing is written before
    the whole checkpoint has been understood.

    Args:
        prefix: see :func:`read_checkpoint`.
        run: folder of ``trained_models/``, or an absolute path.
        name: the image encoder's folder, if it was trained with another loss or λ (``encoder_l2``).

    Returns:
        The folders; one that holds the same weights already is left as it is.

    Raises:
        ImportError, FileNotFoundError, ValueError: as :func:`read_checkpoint` and :func:`models_of`.
        FileExistsError: a folder holds another model already.
    """
    prefix = find_prefix(prefix)
    shown = paths.display(prefix)
    autoencoder, encoder = models_of(read_checkpoint(prefix), shown)
    source = {
        "name": f"TensorFlow checkpoint {prefix.name}",
        "index_sha256": sha256_of(prefix.with_name(prefix.name + ".index")),
    }
    made: dict[str, torch.nn.Module] = {"autoencoder": autoencoder}
    if encoder is not None:
        made[name or NAMES[encoder.variational]] = encoder
    root = paths.model_dir(run, "")
    missing = {}
    for model_name, model in made.items():
        folder = root / model_name
        if not folder.is_dir() or not any(folder.iterdir()):
            missing[model_name] = model
        elif not _holds(folder, model):
            raise FileExistsError(
                f"{paths.display(folder)} holds another model. Convert {shown} into another run, or move it away."
            )
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root, prefix=".convert.") as temporary:
        for model_name, model in missing.items():
            classes = "chair" if model is encoder and encoder.variational else "13"
            # The official code validates on its test set, so its training set is train and val of this kit's split.
            data = {"dataset": "shapenet", "split": "official", "classes": classes}
            save_model(Path(temporary) / model_name, model, source=source, training={"data": data})
        for model_name in missing:
            with contextlib.suppress(FileNotFoundError):
                (root / model_name).rmdir()
            (Path(temporary) / model_name).rename(root / model_name)
    return [root / model_name for model_name in made]


def _holds(folder: Path, model: torch.nn.Module) -> bool:
    """Whether a model folder holds the same weights."""
    try:
        state: dict[str, Any] = load_model(folder).state_dict()
    except (OSError, ValueError):
        return False
    wanted = model.state_dict()
    return state.keys() == wanted.keys() and all(torch.equal(state[key], wanted[key]) for key in wanted)
