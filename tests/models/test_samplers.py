"""One interface to several answers: what each sampler draws, that it belongs to an image and a seed, and the controls."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
import torch

from lmnet_utils.models import inference, samplers
from lmnet_utils.models.networks import ImageEncoder, PointCloudAutoencoder
from lmnet_utils.models.posteriors import ResidualPosterior
from lmnet_utils.models.samplers import LatentSampler, MatchedNoise, NeighbourSampler, Repeated

IMAGES = torch.randint(0, 256, (3, 3, 128, 128), generator=torch.Generator().manual_seed(1), dtype=torch.uint8)


@pytest.fixture(scope="module")
def networks() -> tuple[PointCloudAutoencoder, ImageEncoder, ImageEncoder]:
    torch.manual_seed(0)
    encoders = [ImageEncoder(width=0.25, variational=variational).initialise().eval() for variational in (False, True)]
    return PointCloudAutoencoder().eval(), *encoders


@pytest.fixture(scope="module")
def residuals(networks) -> ResidualPosterior:
    """Errors on images whose latents lie about the encoder's own."""
    latents, _ = inference.encode_images(networks[1], IMAGES)
    generator = torch.Generator().manual_seed(2)
    predicted, errors = torch.randn(2, 120, 512, generator=generator) * latents.std()
    return ResidualPosterior(latents.repeat(40, 1) + predicted, errors)


@pytest.fixture(scope="module")
def every(networks, residuals) -> dict[str, samplers.Sampler]:
    autoencoder, encoder, variational = networks
    posteriors = {"repeated": Repeated(), "residuals": residuals, "noise": MatchedNoise(residuals)}
    found: dict[str, samplers.Sampler] = {
        name: LatentSampler(autoencoder, encoder, posterior) for name, posterior in posteriors.items()
    }
    references = np.random.default_rng(0).normal(size=(9, 512))
    found["neighbours"] = NeighbourSampler(encoder, references, np.random.default_rng(1).random((9, 50, 3), np.float32))
    return found | {"variant II": LatentSampler(autoencoder, variational, width=3.0)}


NAMES = ("repeated", "residuals", "noise", "neighbours", "variant II")


@pytest.mark.parametrize("name", NAMES)
def test_answers_belong_to_an_image_and_a_seed_whatever_the_batch(every, name: str) -> None:
    together = every[name].sample(IMAGES, 4, seed=5)
    assert together.shape == (3, 4, 50 if name == "neighbours" else 2048, 3) and together.dtype == torch.float32
    other_order = every[name].sample(IMAGES[[2, 0]], 4, seed=5)
    torch.testing.assert_close(other_order, together[[2, 0]], rtol=1e-4, atol=1e-5)
    if name != "noise":  # whose width is that of the very samples that are asked for
        torch.testing.assert_close(every[name].sample(IMAGES[1:2], 2, seed=5)[0], together[1, :2], rtol=1e-4, atol=1e-5)
    moved = (every[name].sample(IMAGES, 4, seed=6) - together).abs().max()
    assert moved == 0 if name in ("repeated", "neighbours") else moved > 0
    apart = (together[:, 0] - together[:, 1]).abs().amax(dim=(1, 2))
    assert (apart == 0).all() if name == "repeated" else (apart > 0).all()


def test_an_image_is_known_by_its_pixels(networks) -> None:
    """By the first 8 bytes of the SHA-256 over rows, columns, colours: a photograph and a tensor of it are one image."""
    pixels = IMAGES[0].permute(1, 2, 0).contiguous().numpy()
    expected = int(hashlib.sha256(pixels.tobytes()).hexdigest()[:16], 16)
    assert samplers.image_numbers(IMAGES)[0] == inference.image_number(pixels) == expected
    twins = LatentSampler(networks[0], networks[2]).sample(IMAGES[[1, 1]], 2)
    torch.testing.assert_close(twins[0], twins[1], rtol=1e-4, atol=1e-5)


def test_variant_ii_is_the_papers_with_its_sigma_times_the_width(networks, every) -> None:
    autoencoder, _, variational = networks
    mean, log_variance = inference.encode_images(variational, IMAGES)
    noise = [
        np.random.default_rng([5, number]).standard_normal((4, 512), np.float32)
        for number in samplers.image_numbers(IMAGES)
    ]
    latents = mean[:, None] + 3 * torch.exp(0.5 * log_variance)[:, None] * torch.from_numpy(np.stack(noise))
    expected = inference.decode(autoencoder, latents)
    torch.testing.assert_close(every["variant II"].sample(IMAGES, 4, seed=5), expected, rtol=1e-4, atol=1e-5)


def test_matched_noise_is_as_wide_as_the_other_and_has_no_direction(residuals) -> None:
    latents = residuals.predicted[:3]  # each the nearest to itself, and its neighbours' errors are as wide
    other = residuals.sample(latents, 64, seed=1)
    found = MatchedNoise(residuals).sample(latents, 64, seed=1)
    for k in range(3):
        width, wanted = ((drawn[k] - latents[k]).square().mean().sqrt() for drawn in (found, other))
        assert float(width / wanted) == pytest.approx(1, abs=0.02)
    shares = (found - latents[:, None]).square().mean(dim=1) / (found - latents[:, None]).square().mean(dim=(1, 2))[
        :, None
    ]
    assert float(shares.std()) < 0.3, "χ² of 64 draws scatters by √(2/64)"


def test_neighbours_are_the_clouds_of_the_nearest_latents(networks) -> None:
    latents, _ = inference.encode_images(networks[1], IMAGES)
    references = np.concatenate([latents.numpy() + 1, latents.numpy()])
    clouds = np.arange(6, dtype=np.float32)[:, None, None].repeat(3, axis=2)
    found = NeighbourSampler(networks[1], references, clouds).sample(IMAGES, 2)
    distances = np.linalg.norm(latents.numpy()[:, None] - references, axis=2)
    np.testing.assert_array_equal(found[..., 0, 0], distances.argsort(axis=1)[:, :2])
    assert found[:, 0, 0, 0].tolist() == [3, 4, 5]


def test_a_sampler_that_cannot_draw_is_refused(networks, residuals) -> None:
    for encoder, posterior in ((networks[1], None), (networks[2], residuals)):
        with pytest.raises(ValueError, match="a posterior belongs to an encoder of Variant I"):
            LatentSampler(networks[0], encoder, posterior)


# ------------------------------------------------------------------------------------------------------------ controls
def test_isotropic_control_has_variant_iis_noise_and_one_sigma():
    mean, sigma = torch.randn(3, 512, generator=torch.Generator().manual_seed(0)), np.array([0.0, 0.1, 0.5])
    latents = samplers.isotropic_control(mean, sigma, 6, seed=4, indices=[7, 8, 9])
    assert latents.shape == (3, 6, 512) and latents.dtype == torch.float32
    unit = inference.sample_latents(torch.zeros(3, 512), torch.zeros(3, 512), 6, seed=4, indices=[7, 8, 9])
    expected = mean[:, None] + torch.tensor(sigma, dtype=torch.float32)[:, None, None] * unit
    np.testing.assert_allclose(latents, expected, rtol=1e-6, atol=1e-6)
    assert torch.equal(latents[0], mean[0].expand(6, 512))
    alone = samplers.isotropic_control(mean[1:2], sigma[1:2], 3, seed=4, indices=[8])
    assert torch.equal(alone[0], latents[1, :3])


def test_neighbour_control_is_sorted_by_distance():
    generator = np.random.default_rng(0)
    latents, references = generator.normal(size=(5, 16)), generator.normal(size=(20, 16))
    distances = np.linalg.norm(latents[:, None] - references[None], axis=2)
    np.testing.assert_array_equal(samplers.neighbour_control(latents, references, 4), distances.argsort(1)[:, :4])
    assert samplers.neighbour_control(latents, references, 1).shape == (5, 1)
    with pytest.raises(ValueError, match="n=21: expected 1 to 20"):
        samplers.neighbour_control(latents, references, 21)
    for sigma, message in (([-1.0, 1], "negative"), ([1.0], r"sigma_mean: expected shape \(2,\)")):
        with pytest.raises(ValueError, match=message):
            samplers.isotropic_control(torch.zeros(2, 5), sigma, 3)
