"""The networks as ONNX, for programs that have no PyTorch: the explorer in the browser, for one.

Weights are stored in half precision, as the kit ships them, and computed with in single precision. Every file is compared with
PyTorch on real images before it takes its place, and has a card (JSON) that says what goes in, what comes out, and what was measured.
"""

from __future__ import annotations

import importlib.util
import shutil
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lmnet_utils.core import paths
from lmnet_utils.core.files import atomic_path, sha256_of, write_json
from lmnet_utils.data.images import OBJECT_SHIFT, OBJECT_SIDE
from lmnet_utils.data.layout import INPUT_SIZE
from lmnet_utils.data.packs import Pack, open_pack, read_split
from lmnet_utils.data.taxonomy import classes_of
from lmnet_utils.geometry.pointclouds import scaled_chamfer
from lmnet_utils.models import inference, posteriors, registry
from lmnet_utils.models.networks import LATENT_SIZE, POINTS, ImageEncoder
from lmnet_utils.models.weights import fingerprint_of

OPSET = 18
ENCODERS = ("encoder_l1", "encoder_lambda_5.5")
"""What is exported unless other networks are named: one that knows all classes and has a posterior, and the paper's Variant II."""
TOLERANCE = 1e-3
"""Largest difference from PyTorch that is accepted, in a latent's numbers and in clouds' coordinates."""
CHAMFER_TOLERANCE = 0.05
"""Largest change of an image's Chamfer distance ×100 that is accepted."""
PACKAGES = ("onnx", "onnxscript", "onnxruntime")
FRAME = "as pointcloud_*.npy: up is -x; (x, y, z) -> (y, -x, z) has y up and the object's front along +x"
INPUT = (
    f"RGB, 0 to 255, not normalised: one object on black, the longer side of its box {OBJECT_SIDE} of {INPUT_SIZE} pixels, its "
    f"middle {OBJECT_SHIFT} rows below the picture's"
)


@dataclass(frozen=True)
class Trial:
    """What the exported files are compared on.

    Attributes:
        images: (B, 3, 128, 128) uint8, of test objects that the encoder's classes have.
        truth: (B, 1024, 3) their true clouds, file frame.
        source: where they are from, in words.
    """

    images: torch.Tensor
    truth: torch.Tensor
    source: str


def export_networks(
    out: str | Path, run: str = "freeshapes", encoders: Sequence[str] = ENCODERS, *, images: int = 100
) -> list[dict[str, Any]]:
    """Write the decoder, encoders and their residuals into a folder, each ONNX file with its card.

    Args:
        out: the folder; made if missing. What is in it under other names stays.
        run: folder of ``trained_models/``.
        encoders: names of its image encoders, of either variant, without a decoder of their own.
        images: that each file is compared with PyTorch on, or as many as the test split has.

    Returns:
        The cards: the decoder's, then those of the encoders in the registry's order.

    Raises:
        ModuleNotFoundError: the extra ``export`` is not installed.
        FileNotFoundError: no weights, or not the data set that they were trained on.
        ValueError: no such encoder, one that cannot be exported, or a file that differs from PyTorch; nothing is left of that one.
    """
    require_packages()
    out = Path(out)
    networks = registry.load_networks(run, encoders)
    decoder = networks.pop("autoencoder")
    for name, network in networks.items():
        if not isinstance(network, ImageEncoder) or network.decoder is not None:
            raise ValueError(
                f"{name} cannot be exported: expected an encoder of the paper without a decoder of its own."
            )
    cards: list[dict[str, Any]] = []
    for name, network in networks.items():
        trial = trial_of(network, images)
        latents = inference.encode_images(network, trial.images)[0]
        if not cards:
            cards.append(_export_decoder(out, run, decoder, latents, trial))
        cards.append(_export_encoder(out, run, (name, network), decoder, trial))
    for card in cards:  # last: a file without a card is one of an export that failed
        write_json(out / f"{card['name']}.json", card)
    return cards


def export_report(cards: Sequence[dict[str, Any]]) -> str:
    """The cards of :func:`export_networks`, a line a file: its size, and how far it is from PyTorch."""
    return "\n".join(
        f"{card['file']}: {card['bytes'] / 1e6:.1f} MB, opset {card['opset']}; on {card['check']['images']} images at most "
        f"{max(card['check']['largest_difference'].values()):.1e} from PyTorch, Chamfer ×100 by at most "
        f"{card['check']['largest_change_of_chamfer_x100']:.1e}"
        for card in cards
    )


def require_packages() -> None:
    """See that what writes and runs ONNX is installed.

    Raises:
        ModuleNotFoundError: it is not; says what to install.
    """
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise ModuleNotFoundError(f"an export needs {', '.join(missing)}: pip install -e .[export]")


def trial_of(encoder: ImageEncoder, count: int) -> Trial:
    """Test images of the data set and classes that an encoder was trained on, of as many objects as there are.

    Raises:
        FileNotFoundError: that data set is not on this machine.
        ValueError: the encoder does not say what it was trained on, or there is no test object.
    """
    data = encoder.config.get("training", {}).get("data", {})
    if not {"dataset", "split", "classes"} <= set(data):
        raise ValueError(
            "the encoder's config.json does not say what it was trained on, so there is nothing to compare on."
        )
    pack: Pack = open_pack(data["dataset"], progress=False)
    on_disk = set(pack.models)
    test = [model for model in read_split(data["dataset"], data["split"], data["classes"]).test if model in on_disk]
    items = inference.items_of(pack, inference.spread_over_classes(test))[:count]
    if not items:
        raise ValueError(
            f"the test split {data['split']!r} of {data['dataset']!r} has no object on disk. Run notebook 01."
        )
    rows = pack.rows([item.model for item in items])
    truth = torch.from_numpy(np.array(pack.points_1024[rows]))
    source = f"{data['dataset']}, split {data['split']}, test objects of classes {data['classes']}"
    return Trial(pack.images(rows, [item.view for item in items]), truth, source)


# ------------------------------------------------------------------------------------------------------------ the files
def _export_decoder(
    out: Path, run: str, autoencoder: torch.nn.Module, latents: torch.Tensor, trial: Trial
) -> dict[str, Any]:
    path = out / "decoder.onnx"
    with atomic_path(path) as temporary:
        _write_onnx(autoencoder.decoder, latents[:2], temporary, ("latents", "clouds"))
        clouds = inference.decode(autoencoder, latents)
        found = torch.from_numpy(run_onnx(temporary, latents.numpy())[0])
        check = _compared(trial, {"clouds": (clouds, found)}, (clouds, found))
    outputs = [{"name": "clouds", "shape": ["batch", POINTS, 3], "type": "float32", "frame": FRAME}]
    inputs = {
        "name": "latents",
        "shape": ["batch", LATENT_SIZE],
        "type": "float32",
        "content": "of an encoder beside it",
    }
    return {
        **_card(path, run, "autoencoder", autoencoder),
        "name": "decoder",
        "input": inputs,
        "outputs": outputs,
        "check": check,
    }


def _export_encoder(
    out: Path, run: str, named: tuple[str, ImageEncoder], autoencoder: torch.nn.Module, trial: Trial
) -> dict[str, Any]:
    name, encoder = named
    path = out / f"{name}.onnx"
    parts = ("mean", "log_variance") if encoder.variational else ("latent",)
    with atomic_path(path) as temporary:
        _write_onnx(encoder, trial.images[:2].float(), temporary, ("images", *parts))
        expected = [part for part in inference.encode_images(encoder, trial.images) if part is not None]
        found = [torch.from_numpy(part) for part in run_onnx(temporary, trial.images.float().numpy())]
        clouds = inference.decode(autoencoder, expected[0])
        decoded = torch.from_numpy(run_onnx(out / "decoder.onnx", found[0].numpy())[0])
        pairs = dict(zip(parts, zip(expected, found, strict=True), strict=True))
        check = _compared(trial, {**pairs, "clouds": (clouds, decoded)}, (clouds, decoded))
    side = ["batch", 3, INPUT_SIZE, INPUT_SIZE]
    card = {
        **_card(path, run, name, encoder),
        "input": {"name": "images", "shape": side, "type": "float32", "content": INPUT},
        "outputs": [{"name": part, "shape": ["batch", LATENT_SIZE], "type": "float32"} for part in parts],
        "decoder": "decoder.onnx",
        "frame": FRAME,
        "check": check,
    }
    bank = paths.model_dir(run, name) / posteriors.FILE
    if (posterior := posteriors.load_residuals(bank.parent)) is not None:
        kept = out / f"{name}.{posteriors.FILE}"
        with atomic_path(kept) as temporary:
            shutil.copyfile(bank, temporary)
        size = {"images": len(posterior.predicted), "nearest": posterior.nearest}
        card["residuals"] = {**_file(kept), "format": "safetensors, float16: predicted and residuals (R, 512)", **size}
    return card


def _write_onnx(module: torch.nn.Module, example: torch.Tensor, path: Path, names: tuple[str, ...]) -> None:
    """Write a module with a free batch size; ``names`` are its input's and its outputs'."""
    import onnx

    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")  # of the exporter, about its own insides
        program = torch.onnx.export(
            module,
            (example,),
            dynamo=True,
            opset_version=OPSET,
            optimize=False,  # folding batch norm into weights would take them out of half precision
            input_names=names[:1],
            output_names=names[1:],
            dynamic_shapes=({0: torch.export.Dim("batch")},),
            verbose=False,
        )
    model = _stored_half(program.model_proto)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)


def _stored_half(model: Any) -> Any:
    """An ONNX model with its weights as float16, cast to float32 where they are used: half the size, the same arithmetic."""
    from onnx import TensorProto, helper, numpy_helper

    graph, casts = model.graph, []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype == np.float32 and values.size > 1:
            stored = f"{tensor.name}.half"
            casts.append(helper.make_node("Cast", [stored], [tensor.name], to=TensorProto.FLOAT))
            tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), stored))
    nodes = [*casts, *graph.node]
    del graph.node[:], graph.value_info[:], model.metadata_props[:]
    for node in nodes:
        node.doc_string = ""
        del node.metadata_props[:]  # stack traces of this machine
    graph.node.extend(nodes)
    return model


def run_onnx(path: str | Path, values: np.ndarray) -> list[np.ndarray]:
    """The outputs of an ONNX file's network for its one input, on the CPU."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: values})


# ------------------------------------------------------------------------------------------------------- check and card
def _compared(
    trial: Trial, pairs: dict[str, tuple[torch.Tensor, torch.Tensor]], clouds: tuple[torch.Tensor, torch.Tensor]
) -> dict[str, Any]:
    """Largest differences of PyTorch's outputs and ONNX's, and what they do to the Chamfer distances from the truth.

    Raises:
        ValueError: they are larger than :data:`TOLERANCE` or :data:`CHAMFER_TOLERANCE`.
    """
    largest = {name: float((ours - theirs).abs().max()) for name, (ours, theirs) in pairs.items()}
    before, after = (scaled_chamfer(trial.truth, part) for part in clouds)
    change = float((after - before).abs().max())
    if not (max(largest.values()) <= TOLERANCE and change <= CHAMFER_TOLERANCE):
        raise ValueError(
            f"the exported network differs from PyTorch: by {largest}, expected at most {TOLERANCE}; Chamfer ×100 by {change:.4f}, "
            f"expected at most {CHAMFER_TOLERANCE}. Nothing was written; try other versions of {', '.join(PACKAGES)}."
        )
    figures = {
        "largest_difference": largest,
        "largest_change_of_chamfer_x100": change,
        "chamfer_x100": float(before.mean()),
    }
    return {"images": len(trial.images), "of": trial.source, **figures}


def _card(path: Path, run: str, name: str, network: torch.nn.Module) -> dict[str, Any]:
    info = registry.info_of(name, network)
    return {
        "name": name,
        "label": info.label,
        **_file(path),
        "format": "ONNX",
        "opset": OPSET,
        "storage": "weights float16, arithmetic float32",
        "classes": list(classes_of(info.classes)),
        "trained_on": info.training,
        "licence": "MIT; trained on objects with licences of their own (data/freeshapes/source/ATTRIBUTION.csv)"
        if info.dataset == "freeshapes"
        else "that of the weights it was made from",
        "weights": {"run": run, "network": name, "fingerprint": fingerprint_of(network)},
        "made_with": {package: metadata.version(package) for package in ("torch", *PACKAGES)},
    }


def _file(path: Path) -> dict[str, Any]:
    return {"file": path.name, "bytes": path.stat().st_size, "sha256": sha256_of(path)}
