"""Official TensorFlow checkpoints: written by TensorFlow from a graph with the official names, compared layer by layer.

The graph below is built from TensorFlow's own operations, with the scopes that the official code and tflearn open, so
that TensorFlow itself makes the names. Without TensorFlow (`make test-tensorflow` has it) only what needs none is run.
"""

from __future__ import annotations

import functools
import importlib.util
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch

from lmnet_utils.models import networks, registry, tensorflow_checkpoints
from lmnet_utils.models.weights import load_model

needs_tensorflow = pytest.mark.skipif(
    importlib.util.find_spec("tensorflow") is None, reason="TensorFlow is not installed: `make test-tensorflow`"
)
FILTERS = [32, 32, 64, 64, 64, 128, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512]
STRIDED = {2, 5, 8, 11, 15}
CHANNELS = [3, 64, 128, 128, 256, 512]
FIRST = "pointnet_ae/pointnet_ae/"


# ------------------------------------------------------------------------------------------- without TensorFlow: names
@functools.cache
def official_variables(kind: str, seed: int = 0) -> dict[str, np.ndarray]:
    """Random variables under the official names and shapes; ``kind``: "lm", "plm", "ae"."""
    rng = np.random.default_rng(seed)

    def draw(*shape: int) -> np.ndarray:
        fan_in = int(np.prod(shape[:-1])) if len(shape) > 1 else 100
        return rng.standard_normal(shape, np.float32) * np.float32(np.sqrt(2 / fan_in))

    def norm(scope: str, n: int) -> dict[str, np.ndarray]:
        spread = {name: rng.uniform(0.5, 2, n).astype(np.float32) for name in ("gamma", "moving_variance")}
        return {f"{scope}/{k}": v for k, v in {**spread, "beta": draw(n), "moving_mean": draw(n)}.items()}

    variables = {"is_training": np.zeros((), bool), "beta1_power": np.float32(0.9)}
    for i, (a, b) in enumerate(zip(CHANNELS, CHANNELS[1:], strict=False)):
        scope = f"{FIRST}encoder_conv_layer_{i}"
        variables |= {f"{scope}/W": draw(1, 1, a, b), f"{scope}/b": draw(b), **norm(f"{scope}_bnorm", b)}
    for i, (a, b) in enumerate([(512, 256), (256, 256), (256, 6144)]):
        scope = f"{FIRST}decoder_fc_{i}"
        variables |= {f"{scope}/W": draw(a, b), f"{scope}/b": draw(b), **(norm(f"{scope}_bnorm", b) if i < 2 else {})}
    if kind == "ae":
        return variables
    a = 3
    for i, b in enumerate(FILTERS):
        scope, k = "psgn_vars/Conv2D" + (f"_{i}" if i else ""), 5 if i == 15 else 3
        variables |= {f"{scope}/W": draw(k, k, a, b), f"{scope}/b": draw(b)}
        a = b
    for name in ("FullyConnected", "FullyConnected_1")[: 1 + (kind == "plm")]:
        variables |= {f"psgn_vars/{name}/W": draw(8192, 512), f"psgn_vars/{name}/b": draw(512)}
    return variables


def test_wrong_checkpoints_name_the_first_variable_and_what_was_expected() -> None:
    def refused(variables: dict[str, np.ndarray], *words: str) -> None:
        with pytest.raises(ValueError) as error:
            tensorflow_checkpoints.models_of(variables, "best")
        assert all(word in str(error.value) for word in ("best", *words)), error.value

    lm, ae = official_variables("lm"), official_variables("ae")

    def without(variables: dict[str, np.ndarray], *parts: str) -> dict[str, np.ndarray]:
        return {key: value for key, value in variables.items() if not any(part in key for part in parts)}

    refused(without(lm, "Conv2D_7/b"), "psgn_vars/Conv2D_7/b is missing", "`lm` checkpoint (Variant I")
    refused(without(official_variables("plm"), "Conv2D_9/W"), "Conv2D_9/W is missing", "`plm` checkpoint (Variant II")
    refused(without(ae, "conv_layer_3_bnorm/moving_mean"), "layer_3_bnorm/moving_mean is missing", "train_ae.py")
    refused(without(ae, "decoder_fc_0_bnorm", "decoder_fc_1_bnorm"), "decoder_fc_0_bnorm/gamma", "--bn_decoder")
    refused(without(lm, "pointnet_ae"), "encoder_conv_layer_0/W is missing")
    refused({"single_class_ae/encoder_conv_layer_0/W": ae[f"{FIRST}encoder_conv_layer_0/W"]}, "first variables are")
    refused({}, "first variables are none")
    small = {**ae, f"{FIRST}encoder_conv_layer_4/W": np.zeros((1, 1, 256, 128), np.float32)}
    refused(small, "(1, 1, 256, 128)", "(1, 1, 256, 512)")
    broken = {**lm, "psgn_vars/Conv2D_3/b": np.full(64, np.nan, np.float32)}
    refused(broken, "psgn_vars/Conv2D_3/b holds NaN")


def test_a_scope_that_is_not_doubled_is_the_same_model() -> None:
    variables = official_variables("ae")
    single = {key.replace("pointnet_ae/pointnet_ae/", "pointnet_ae/"): value for key, value in variables.items()}
    (one, none), (other, _) = (tensorflow_checkpoints.models_of(v) for v in (variables, single))
    assert none is None
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


def test_model_folders_are_made_and_another_model_is_never_replaced(
    kit_folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("lm", "plm", "other"):
        (kit_folders / f"{name}.index").write_text(name)
    contents = {"lm": official_variables("lm"), "plm": official_variables("plm"), "other": official_variables("ae", 1)}
    monkeypatch.setattr(tensorflow_checkpoints, "read_checkpoint", lambda prefix: contents[prefix.name])
    made = tensorflow_checkpoints.convert(kit_folders / "lm", "official")
    made += tensorflow_checkpoints.convert(kit_folders / "plm.index", "official")  # the autoencoder is the same
    assert [path.name for path in made] == ["autoencoder", "encoder_l1", "autoencoder", "encoder_lambda_5.5"]
    assert list(registry.find_networks("official")) == ["autoencoder", "encoder_l1", "encoder_lambda_5.5"]
    loaded = registry.load_networks("official")
    assert {loaded[n].config["architecture"] for n in ("encoder_l1", "encoder_lambda_5.5")} == {"paper"}
    assert registry.info_of("encoder_lambda_5.5", loaded["encoder_lambda_5.5"]).classes == "chair"
    before = (made[0] / "model.safetensors").read_bytes()
    with pytest.raises(FileExistsError, match=r"official/autoencoder holds another model"):
        tensorflow_checkpoints.convert(kit_folders / "other", "official")
    assert (made[0] / "model.safetensors").read_bytes() == before
    assert sorted(path.name for path in made[0].parent.iterdir()) == ["autoencoder", "encoder_l1", "encoder_lambda_5.5"]


def test_a_checkpoint_is_found_by_prefix_file_or_folder(tmp_path: Path) -> None:
    folder = tmp_path / "lm" / "best"
    folder.mkdir(parents=True)
    for name in ("best.index", "best.data-00000-of-00001", "best.meta"):
        (folder / name).write_text("")
    for path in (folder / "best", folder / "best.meta", folder / "best.data-00000-of-00001", folder, folder.parent):
        assert tensorflow_checkpoints.find_prefix(path) == folder / "best"
    with pytest.raises(FileNotFoundError, match="Checkpoints in that folder: best"):
        tensorflow_checkpoints.find_prefix(folder / "model-49")
    with pytest.raises(FileNotFoundError, match="no file NAME.index"):
        (tmp_path / "empty").mkdir()
        tensorflow_checkpoints.find_prefix(tmp_path / "empty")
    (folder / "model-49.index").write_text("")
    with pytest.raises(ValueError, match="several checkpoints .best, model-49."):
        tensorflow_checkpoints.find_prefix(folder)


def test_without_tensorflow_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "best.index").write_text("")
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(ImportError, match="make test-tensorflow"):
        tensorflow_checkpoints.read_checkpoint(tmp_path / "best")


# ------------------------------------------------------------------------------------ with TensorFlow: layer by layer
class Written(NamedTuple):
    """A checkpoint, the inputs, and what TensorFlow computed: "Conv2D_3" → (B, 32, 32, 64) and so on."""

    prefix: Path
    images: np.ndarray
    points: np.ndarray
    layers: dict[str, np.ndarray]


@pytest.fixture(scope="module", params=["lm", "plm"])
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Written:
    """The official training graph with random variables, its losses' optimiser included, saved by TensorFlow's saver."""
    import tensorflow.compat.v1 as tf

    variational, layers = request.param == "plm", {}
    rng = np.random.default_rng(3)
    images = rng.integers(0, 256, (2, 128, 128, 3)).astype(np.float32)
    points = rng.uniform(-0.5, 0.5, (2, 2048, 3)).astype(np.float32)

    def convolution(x, filters: int, kernel: int, stride: int):  # tflearn.layers.conv.conv_2d
        with tf.variable_scope(None, default_name="Conv2D", values=[x]) as scope:
            w = tf.get_variable("W", [kernel, kernel, x.shape[-1], filters])
            x = tf.nn.conv2d(x, w, [1, stride, stride, 1], "SAME") + tf.get_variable("b", [filters])
            layers[scope.name.split("/")[-1]] = x = tf.nn.relu(x)
        return x

    def connection(x, units: int, scope: str | None = None):  # tflearn.layers.core.fully_connected
        x = tf.reshape(x, [x.shape[0], -1])
        reuse = tf.AUTO_REUSE if scope else False
        with tf.variable_scope(scope, default_name="FullyConnected", values=[x], reuse=reuse) as opened:
            x = tf.matmul(x, tf.get_variable("W", [x.shape[-1], units])) + tf.get_variable("b", [units])
            layers.setdefault(opened.name.split("/")[-1], x)
        return x

    def norm(x, scope: str):  # tflearn.layers.normalization.batch_normalization, not training
        with tf.variable_scope(scope, reuse=tf.AUTO_REUSE) as opened:
            names = ("moving_mean", "moving_variance", "beta", "gamma")
            mean, variance, beta, gamma = (tf.get_variable(name, [x.shape[-1]]) for name in names)
            x = tf.nn.relu(tf.nn.batch_normalization(x, mean, variance, beta, gamma, 1e-5))
            layers.setdefault(opened.name.split("/")[-1], x)
        return x

    def decoder(x, scope: str):
        for i in (0, 1):
            x = norm(connection(x, 256, f"{scope}/decoder_fc_{i}"), f"{scope}/decoder_fc_{i}_bnorm")
        return tf.reshape(connection(x, 6144, f"{scope}/decoder_fc_2"), (2, 2048, 3))

    graph = tf.Graph()
    with graph.as_default(), tf.device("/cpu:0"):
        image_input, point_input = tf.placeholder(tf.float32, images.shape), tf.placeholder(tf.float32, points.shape)
        with tf.variable_scope("psgn_vars"):
            x = image_input
            for i, filters in enumerate(FILTERS):
                x = convolution(x, filters, 5 if i == 15 else 3, 2 if i in STRIDED else 1)
            latents = [connection(x, 512) for _ in range(1 + variational)]
        with tf.variable_scope("pointnet_ae") as outer:
            x = point_input
            for i, channels in enumerate(CHANNELS[1:]):
                scope = f"{outer.name}/encoder_conv_layer_{i}"
                with tf.variable_scope(scope):  # tflearn.layers.conv.conv_1d
                    w = tf.get_variable("W", [1, 1, x.shape[-1], channels])
                    x = tf.nn.conv2d(tf.expand_dims(x, 2), w, [1, 1, 1, 1], "SAME") + tf.get_variable("b", [channels])
                    x = tf.squeeze(x, [2])
                x = norm(x, f"{scope}_bnorm")
            layers["latent"] = x = tf.reduce_max(x, axis=1)
            layers["reconstruction"] = decoder(x, outer.name)
            layers["from image"] = decoder(latents[0], outer.name)
        matching = tf.reduce_mean(tf.abs(x - latents[0]))
        of_image = [variable for variable in tf.global_variables() if "psgn" in variable.name]
        tf.train.AdamOptimizer(5e-5).minimize(matching, var_list=of_image)
        tf.get_variable("is_training", [], tf.bool, initializer=tf.constant_initializer(False))
        saver = tf.train.Saver()
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            variables = {variable.op.name: variable for variable in tf.global_variables()}
            for key, value in official_variables(
                request.param
            ).items():  # every official name is one that TensorFlow made
                variables[key].load(value, session)
            prefix = Path(saver.save(session, str(tmp_path_factory.mktemp(request.param) / "best")))
            computed = session.run(layers, {image_input: images, point_input: points})
    return Written(prefix, images, points, computed)


@needs_tensorflow
def test_converted_checkpoints_equal_tensorflow_layer_by_layer(written: Written, kit_folders: Path) -> None:
    made = tensorflow_checkpoints.convert(written.prefix, "official")
    autoencoder, encoder = (load_model(folder) for folder in made)
    assert isinstance(encoder, networks.ImageEncoder) and encoder.config["architecture"] == "paper"
    found: dict[str, torch.Tensor] = {}

    def keep(name: str, module: torch.nn.Module) -> None:
        def hook(_module, _inputs, output: torch.Tensor) -> None:
            found.setdefault(name, output.clone())  # before the ReLU in place

        module.register_forward_hook(hook)

    for i, key in enumerate(tensorflow_checkpoints.CONVOLUTIONS):
        keep("Conv2D" + (f"_{i}" if i else ""), encoder.get_submodule(key))
    for i, key in enumerate(("mu", "log_variance") if encoder.variational else ("latent",)):
        keep("FullyConnected" + (f"_{i}" if i else ""), encoder.get_submodule(key))
    for i in range(5):
        keep(f"encoder_conv_layer_{i}_bnorm", autoencoder.get_submodule(f"encoder.bn{i + 1}"))
    for i in range(3):
        keep(f"decoder_fc_{i}", autoencoder.get_submodule(f"decoder.fc{i + 1}"))
    for i in range(2):
        keep(f"decoder_fc_{i}_bnorm", autoencoder.get_submodule(f"decoder.bn{i + 1}"))
    with torch.inference_mode():
        output = encoder(torch.from_numpy(written.images).permute(0, 3, 1, 2))
        found["latent"] = autoencoder.encode(torch.from_numpy(written.points))
        found["reconstruction"] = autoencoder.decode(found["latent"])
        found["from image"] = autoencoder.decode(output[0] if encoder.variational else output)

    assert len(written.layers) == len(found) == 16 + 1 + encoder.variational + 5 + 5 + 3
    for name, expected in written.layers.items():
        ours = found[name]
        if name.startswith("Conv2D"):
            ours = ours.permute(0, 2, 3, 1).relu()
        elif name.startswith("encoder_conv"):
            ours = ours.unflatten(0, (2, 2048)).relu()
        elif name == "decoder_fc_2":
            ours = ours.unflatten(1, (3, 2048)).transpose(1, 2).flatten(1)
        elif name.endswith("_bnorm"):
            ours = ours.relu()
        scale = float(np.abs(expected).max())
        assert scale > 0 and ours.shape == expected.shape, name
        np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-5 * scale, err_msg=name)


@needs_tensorflow
def test_a_damaged_checkpoint_is_refused(written: Written, tmp_path: Path) -> None:
    for file in written.prefix.parent.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    data = tmp_path / "best.data-00000-of-00001"
    data.write_bytes(data.read_bytes()[:1_000_000])
    with pytest.raises(ValueError, match="best is no readable TensorFlow checkpoint"):
        tensorflow_checkpoints.read_checkpoint(tmp_path / "best")
    (tmp_path / "best.index").write_bytes(b"<html>Too many users have viewed or downloaded this file recently.</html>")
    with pytest.raises(ValueError, match="no readable TensorFlow checkpoint"):
        tensorflow_checkpoints.read_checkpoint(tmp_path / "best")
