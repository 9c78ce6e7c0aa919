"""Latents that are predicted once: against plain encoding, and what is asked of a network a second time: nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from test_inference import FakePack

from lmnet_utils.core import cache
from lmnet_utils.models import inference, latents
from lmnet_utils.models.inference import Batching, Sampling
from lmnet_utils.models.latents import KeptLatents
from lmnet_utils.models.networks import ImageEncoder, PointCloudAutoencoder

AUTOENCODER, PLAIN, VARIATIONAL = range(3)


@pytest.fixture(scope="module")
def networks():
    torch.manual_seed(0)
    encoders = [ImageEncoder(width=0.25, variational=kind).initialise().eval() for kind in (False, True)]
    return [PointCloudAutoencoder().eval(), *encoders]


@pytest.fixture
def asked(monkeypatch) -> list[int]:
    """How many images, or clouds, networks are asked for, call by call."""
    counts: list[int] = []

    def counted(function):
        def call(network, inputs, **options):
            counts.append(len(inputs))
            return function(network, inputs, **options)

        return call

    for name in ("encode_images", "encode_clouds"):
        monkeypatch.setattr(latents, name, counted(getattr(inference, name)))
    return counts


def plain(network, pack, items) -> list[torch.Tensor]:
    """What the network says itself, without anything of the package."""
    rows, views = pack.rows([item.model for item in items]), [item.view for item in items]
    with torch.no_grad():
        if isinstance(network, PointCloudAutoencoder):
            return [network.encode(torch.from_numpy(pack.points[rows]))]
        found = network(pack.images(rows, views).float())
    return list(found) if network.variational else [found]


@pytest.mark.parametrize("which", [AUTOENCODER, PLAIN, VARIATIONAL])
def test_kept_ones_are_what_the_network_says_in_any_order(networks, tmp_path, which) -> None:
    pack, network = FakePack(), networks[which]
    items = inference.items_of(pack, pack.models)
    KeptLatents(pack, tmp_path, Batching(5)).keep(network, items)
    shuffled = [items[k] for k in np.random.default_rng(0).permutation(len(items))]
    found = [part for part in KeptLatents(pack, tmp_path).of(network, shuffled) if part is not None]
    for kept, expected in zip(found, plain(network, pack, shuffled), strict=True):
        torch.testing.assert_close(kept, expected, rtol=1e-4, atol=1e-4)
    empty = KeptLatents(pack).of(network, [])
    assert [part.shape for part in empty if part is not None] == [(0, 512)] * len(found)


def test_only_what_is_missing_is_asked_of_a_network(networks, tmp_path, asked) -> None:
    pack, network = FakePack(), networks[VARIATIONAL]
    items = inference.items_of(pack, pack.models)  # 12
    first = KeptLatents(pack, tmp_path, Batching(4))
    first.keep(network, items[:6])
    assert asked == [4, 2]
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    second = KeptLatents(pack, tmp_path, Batching(4))
    whole = second.of(network, items)
    assert asked == [4, 2, 4, 2] and {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before
    again = second.of(network, items)
    assert asked == [4, 2, 4, 2] and all(torch.equal(one, other) for one, other in zip(whole, again, strict=True))
    assert torch.equal(whole[0][:6], first.of(network, items[:6])[0])
    second.keep(network, items)
    KeptLatents(pack, tmp_path).of(network, items)
    assert asked == [4, 2, 4, 2] and len(list(tmp_path.iterdir())) == 1


def test_other_weights_data_arithmetic_or_code_are_asked_anew(networks, tmp_path, asked, monkeypatch) -> None:
    pack, network = FakePack(), networks[PLAIN]
    items = inference.items_of(pack, pack.models, 1)
    KeptLatents(pack, tmp_path).keep(network, items)
    torch.manual_seed(1)
    KeptLatents(pack, tmp_path).of(ImageEncoder(width=0.25).initialise().eval(), items)
    KeptLatents(pack, tmp_path, Batching(precision="bf16")).of(network, items)
    other = FakePack()
    other.hash = "4567"
    KeptLatents(other, tmp_path).of(network, items)
    assert asked == [3] * 4
    KeptLatents(pack, tmp_path, Batching(2)).of(network, items)  # the same: how many at once decides nothing
    assert asked == [3] * 4
    monkeypatch.setitem(cache.VERSIONS, "inference", cache.VERSIONS["inference"] + 1)
    KeptLatents(pack, tmp_path).of(network, items)
    assert asked == [3] * 5


def test_a_damaged_file_is_made_anew_and_a_killed_computation_goes_on(networks, tmp_path, asked, monkeypatch) -> None:
    pack, network = FakePack(), networks[PLAIN]
    items = inference.items_of(pack, pack.models)
    monkeypatch.setattr(cache, "SAVE_INTERVAL_S", -1.0)
    monkeypatch.setattr(latents, "encode_images", stops_after(asked, 8, latents.encode_images))
    with pytest.raises(KeyboardInterrupt):
        KeptLatents(pack, tmp_path, Batching(4)).keep(network, items)
    monkeypatch.setattr(latents, "encode_images", latents.encode_images.function)
    KeptLatents(pack, tmp_path, Batching(4)).keep(network, items)
    assert asked == [4, 4, 4]
    [file] = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:100])
    KeptLatents(pack, tmp_path, Batching(12)).keep(network, items)
    assert asked == [4, 4, 4, 12] and cache.read_arrays(file)["values"].shape == (12, 512)


def stops_after(asked: list[int], count: int, function):
    """The function until so many images have been asked for, then Ctrl-C."""

    def call(*inputs, **options):
        if sum(asked) >= count:
            raise KeyboardInterrupt
        return function(*inputs, **options)

    call.function = function
    return call


def test_clouds_and_samples_are_decoded_of_what_is_kept(networks, tmp_path, asked) -> None:
    pack = FakePack()
    items = inference.items_of(pack, pack.models)
    kept = KeptLatents(pack, tmp_path, Batching(8))
    kept.keep(networks[VARIATIONAL], items)
    batches = list(kept.predict(networks[AUTOENCODER], networks[VARIATIONAL], items, Sampling(2, seed=3)))
    assert asked == [8, 4] and [len(batch.items) for batch in batches] == [8, 4]
    rows, views = pack.rows([item.model for item in items]), [item.view for item in items]
    indices = [item.noise_index for item in items]
    options = {"indices": indices, "batching": Batching(8)}
    images = pack.images(rows, views)
    expected = inference.reconstruct(*networks[::2], images, Sampling(2, seed=3), **options)
    torch.testing.assert_close(torch.cat([batch.samples for batch in batches]), expected, rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match="no folder"):
        KeptLatents(pack).keep(networks[PLAIN], items)
