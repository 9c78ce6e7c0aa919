"""Residuals of fresh objects: what is shipped is what the tool makes, and validation objects never see their own errors."""

from __future__ import annotations

import make_residuals
import numpy as np
import pytest
import torch
from safetensors import safe_open

from lmnet_utils.core import paths
from lmnet_utils.core.files import read_json, sha256_of
from lmnet_utils.data.programs.catalogue import fresh, listed
from lmnet_utils.models.posteriors import FILE, ResidualPosterior, load_residuals
from lmnet_utils.models.registry import load_networks
from lmnet_utils.models.samplers import Repeated

SHIPPED = paths.project_root() / "trained_models" / make_residuals.RUN / make_residuals.ENCODER
LIMIT = 5_000_000  # bytes


def test_the_shipped_residuals_are_those_of_the_fresh_objects(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setenv("LMNET_RUNS", str(tmp_path))
    networks = load_networks(make_residuals.RUN, [make_residuals.ENCODER])
    latents = make_residuals.fresh_latents(networks["autoencoder"], networks[make_residuals.ENCODER], 3, 1)
    assert latents["predicted"].shape == (3, 1, 512) and latents["true"].shape == (3, 512)
    expected = make_residuals.bank(latents, 3, 1, 1)
    found = load_residuals(SHIPPED)
    assert found is not None and found.nearest == make_residuals.NEAREST
    assert (SHIPPED / FILE).stat().st_size <= LIMIT and len(found.predicted) == make_residuals.OBJECTS
    with safe_open(SHIPPED / FILE, "pt") as file:
        assert file.metadata()["weights"] == sha256_of(SHIPPED / "model.safetensors")
    for name in ("predicted", "residuals"):
        torch.testing.assert_close(getattr(found, name)[:3], getattr(expected, name), rtol=2e-3, atol=2e-2)
    assert not set(fresh(make_residuals.OBJECTS)) & set(listed(20_000))


def test_the_shipped_residuals_are_the_best_of_those_compared_by_energy_score() -> None:
    rows = read_json(make_residuals.MEASURED)["rows"]
    energy = {row["sampler"]: row["mean"] for row in rows if (row["views"], row["figure"]) == ("all", "energy")}
    assert (
        min(energy, key=energy.__getitem__)
        == f"{make_residuals.OBJECTS} objects, 1 views, nearest {make_residuals.NEAREST}"
    )
    assert len(energy) >= 10


def test_a_bank_takes_the_first_objects_and_views() -> None:
    generator = np.random.default_rng(0)
    latents = {"predicted": generator.random((5, 3, 4), np.float32), "true": generator.random((5, 4), np.float32)}
    found = make_residuals.bank(latents, 2, 2, 7)
    assert found.nearest == 7
    np.testing.assert_array_equal(found.predicted, latents["predicted"][[0, 0, 1, 1], [0, 1, 0, 1]])
    np.testing.assert_allclose(found.predicted + found.residuals, latents["true"][[0, 0, 1, 1]], rtol=1e-6)


def test_an_image_of_a_validation_object_gets_other_objects_errors() -> None:
    left_out = object.__new__(make_residuals.LeftOut)
    left_out.predicted = torch.arange(6.0)[:, None]
    left_out.residuals = torch.tensor([1.0, 1, 2, 2, 3, 3])[:, None] / 10
    left_out.rows, left_out.nearest, left_out.beside = torch.tensor([7, 7, 8, 8, 9, 9]), 64, None
    drawn = left_out.sample(left_out.predicted[[1, 4]], 4) - left_out.predicted[[1, 4], None]
    assert [sorted(round(x, 4) for x in row) for row in drawn[..., 0].tolist()] == [
        [0.2, 0.2, 0.3, 0.3],
        [0.1, 0.1, 0.2, 0.2],
    ]
    left_out.beside = ResidualPosterior(torch.tensor([[4.1]]), torch.tensor([[0.9]]))
    left_out.nearest = 1
    assert float(left_out.sample(left_out.predicted[[4]], 1)) == pytest.approx(4.9)


def test_a_scaled_posterior_is_drawn_nearer() -> None:
    posterior = ResidualPosterior(torch.zeros(3, 2), torch.arange(6.0).reshape(3, 2))
    latents = torch.ones(1, 2)
    far = posterior.sample(latents, 3, seed=2)
    near = make_residuals.Scaled(posterior, 0.5).sample(latents, 3, seed=2)
    torch.testing.assert_close(near, (far + latents[:, None]) / 2)
    assert torch.equal(make_residuals.Scaled(Repeated(), 0.5).sample(latents, 2), latents[:, None].repeat(1, 2, 1))
