"""Samples from the errors on held-out images: which residuals, in which order, and what is stored."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from lmnet_utils.models import posteriors
from lmnet_utils.models.posteriors import ResidualPosterior, load_residuals


def two_kinds() -> ResidualPosterior:
    """Images near 0 were predicted too low by 1 or 2 in the second number, those near 100 too high."""
    predicted = torch.tensor([[0.0, 0.0], [1.0, 0.0], [100.0, 0.0], [101.0, 0.0]])
    return ResidualPosterior(predicted, torch.tensor([[0.0, 1.0], [0.0, 2.0], [0.0, -1.0], [0.0, -2.0]]))


def test_a_sample_is_the_latent_and_an_error_of_the_nearest_images():
    latents = torch.tensor([[0.2, 5.0], [100.9, 5.0]])
    found = dataclasses.replace(two_kinds(), nearest=2).sample(latents, 2)
    assert found.shape == (2, 2, 2) and found.dtype == torch.float32
    np.testing.assert_allclose(sorted(found[0].tolist()), [[0.2, 6.0], [0.2, 7.0]], rtol=1e-6)
    np.testing.assert_allclose(sorted(found[1].tolist()), [[100.9, 3.0], [100.9, 4.0]], rtol=1e-6)
    every = two_kinds().sample(latents[:1], 4)[0, :, 1]
    np.testing.assert_allclose(sorted(every.tolist()), [3.0, 4.0, 6.0, 7.0])


def test_samples_belong_to_an_image_and_a_seed():
    generator = torch.Generator().manual_seed(0)
    posterior = ResidualPosterior(*torch.randn(2, 200, 16, generator=generator))
    latents = torch.randn(3, 16, generator=generator)
    together = posterior.sample(latents, 8, seed=5, indices=[7, 8, 9])
    assert torch.equal(posterior.sample(latents[1:2], 4, seed=5, indices=[8])[0], together[1, :4])
    assert not torch.equal(posterior.sample(latents, 8, seed=6, indices=[7, 8, 9]), together)
    # By brute force: every sample's residual is one of the 64 nearest images', none twice.
    distances = torch.cdist(latents, posterior.predicted)
    for latent, samples, nearest in zip(latents, together, distances.argsort(1)[:, :64], strict=True):
        which = (samples[:, None] - latent - posterior.residuals[nearest]).abs().amax(-1).argmin(1)
        assert len(set(which.tolist())) == 8
        torch.testing.assert_close(samples, latent + posterior.residuals[nearest[which]])


def test_every_near_residual_is_as_probable_as_the_next():
    posterior = ResidualPosterior(torch.zeros(4, 1), torch.arange(4.0)[:, None])
    drawn = posterior.sample(torch.zeros(4000, 1), 1)[:, 0, 0]
    shares = torch.bincount(drawn.long(), minlength=4) / len(drawn)
    assert shares.tolist() == pytest.approx([0.25] * 4, abs=0.03)


def test_stored_in_half_precision_beside_the_weights(tmp_path):
    assert load_residuals(tmp_path) is None
    file = dataclasses.replace(two_kinds(), nearest=3).save(tmp_path)
    found = load_residuals(tmp_path)
    assert found.nearest == 3
    assert torch.equal(found.predicted, two_kinds().predicted) and torch.equal(found.residuals, two_kinds().residuals)
    save_file({name: getattr(two_kinds(), name) for name in ("predicted", "residuals")}, file)
    assert load_residuals(tmp_path).nearest == posteriors.NEAREST, "of files that do not say"
    file.write_bytes(file.read_bytes()[:-3])
    with pytest.raises(ValueError, match="residuals.safetensors is damaged"):
        load_residuals(tmp_path)


def test_errors_of_other_weights_are_refused(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"first")
    two_kinds().save(tmp_path)
    assert load_residuals(tmp_path) is not None
    (tmp_path / "model.safetensors").write_bytes(b"second")
    with pytest.raises(ValueError, match="errors of other weights than those beside it"):
        load_residuals(tmp_path)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="samples=5: expected 1 to 4"):
        two_kinds().sample(torch.zeros(1, 2), 5)
    with pytest.raises(ValueError, match="2 indices for 1 images"):
        two_kinds().sample(torch.zeros(1, 2), 1, indices=[0, 1])
    for shapes in (((4, 2), (3, 2)), ((0, 2), (0, 2))):
        with pytest.raises(ValueError, match="one shape"):
            ResidualPosterior(*map(torch.zeros, shapes))
    with pytest.raises(ValueError, match="nearest=0"):
        dataclasses.replace(two_kinds(), nearest=0)
