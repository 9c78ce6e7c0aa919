"""The ambiguity set: what is in the list, that variants look the same and differ, and how it is made."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import find_ambiguity
import numpy as np
import pytest

from lmnet_utils.data.programs import ambiguity, catalogue
from lmnet_utils.data.programs.ambiguity import AmbiguousImage, Variant
from lmnet_utils.data.programs.parameters import Program, one_of, uniform
from lmnet_utils.data.programs.parts import Part, box
from lmnet_utils.data.taxonomy import CLASSES
from lmnet_utils.evaluation.ambiguity import chamfer_above_floor
from lmnet_utils.geometry.frames import y_up_from_file

BEHIND = (180.0, 27.0, 0.8)
LISTED = ambiguity.ambiguous_images()
SOME = sorted(LISTED, key=lambda image: -len(image.variants))[:3] + LISTED[:: max(len(LISTED) // 9, 1)]
"""The images with the most variants, and others from all over the list."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Screen(Program):
    """A wide board across x, and before it, hidden from behind, a block."""

    block: float = uniform(0.1, 1.0)
    kind: str = one_of("low", "high")
    board: float = uniform(1.0, 2.0)

    def parts(self) -> list[Part]:
        high = 0.3 if self.kind == "low" else 0.5
        return [
            box((0.1, 2, self.board), (-0.05, 1, 0), (0.8, 0.2, 0.2)),
            box((self.block, high, 0.6), (self.block / 2, high / 2, 0), (0.2, 0.2, 0.8)),
        ]


SCREEN = Screen(block=0.3, kind="low", board=1.6)


@pytest.fixture
def screens(monkeypatch: pytest.MonkeyPatch) -> AmbiguousImage:
    """An image of a screen from behind, whose program stands where those of chairs are."""
    monkeypatch.setattr(ambiguity, "draw", lambda category, seed: SCREEN)
    return AmbiguousImage("chair", ambiguity.FIRST_SEED, BEHIND)


# ---------------------------------------------------------------------------------------------------------- the list
def test_no_object_of_the_list_can_be_in_training() -> None:
    """The list's objects are those of a data-set seed that is refused; its neighbours' sets reach none of them."""
    reserved = {f"{CLASSES[image.category]}/{image.model}" for image in LISTED}
    for seed in (catalogue.RESERVED, catalogue.FRESH):
        with pytest.raises(ValueError, match="never to be trained on"):
            catalogue.listed(10, seed)
    for seed in (0, 1, catalogue.RESERVED - 1, catalogue.RESERVED + 1, catalogue.FRESH + 1):
        assert not set(catalogue.fresh(20_000)) & set(catalogue.listed(20_000, seed))
        assert not reserved & set(catalogue.listed(20_000, seed))
    assert {image.seed // catalogue.SEEDS_A_SET for image in LISTED} == {catalogue.RESERVED}
    for seed in (7, (catalogue.RESERVED + 1) * catalogue.SEEDS_A_SET):
        with pytest.raises(ValueError, match="training may have seen it"):
            AmbiguousImage("chair", seed, BEHIND)


def test_the_list_has_classes_azimuths_and_images_that_leave_nothing_open() -> None:
    assert len({image.name for image in LISTED}) == len(LISTED) >= 60
    counts = np.array([len(image.variants) for image in LISTED])
    assert 0.2 < (counts == 1).mean() < 0.3 and counts.max() <= ambiguity.MOST_VARIANTS
    assert len({image.category for image, count in zip(LISTED, counts, strict=True) if count > 1}) >= 6
    assert {image.category for image in LISTED} <= set(CLASSES)
    assert all(np.histogram([image.camera[0] for image in LISTED], 8, (0, 360))[0])
    for image in LISTED:
        assert image.variants[0] == Variant(), "the true object is the first"
        assert len({str(variant) for variant in image.variants}) == len(image.variants)


@pytest.mark.parametrize("image", SOME, ids=[image.name for image in SOME])
def test_variants_look_the_same_and_differ(
    image: AmbiguousImage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LMNET_DATA", str(tmp_path))
    made = ambiguity.read_ambiguous(image)
    true = made["image"].astype(int)
    size = (true[..., 3] > 0).sum()
    for variant in image.variants:
        mesh = image.mesh(variant)
        differ = (np.abs(image.render(mesh).astype(int) - true) > 8).any(axis=-1)
        assert differ.sum() <= 0.01 * size, variant
        assert ambiguity.centre_offset(mesh, image.camera) <= ambiguity.CENTRE_PIXELS
    meshes = [image.mesh(variant) for variant in image.variants]
    pairs = np.tril_indices(len(meshes), -1)
    for seed in find_ambiguity.CONFIRMING[:2]:
        clouds = [image.cloud(variant, mesh, seed) for variant, mesh in zip(image.variants, meshes, strict=True)]
        assert (chamfer_above_floor(clouds)[pairs] >= ambiguity.LEAST_DISTANCE).all()
    assert ambiguity.CLOUD_SEED not in (0, *find_ambiguity.CONFIRMING), "clouds of the choice would be biased"


# ---------------------------------------------------------------------------------------------- variants in the picture
def test_a_hidden_part_that_grows_does_not_move_what_is_seen(screens: AmbiguousImage) -> None:
    longer = Variant({"block": 0.9})
    true, other = screens.mesh(Variant()), screens.mesh(longer)
    assert true.vertices.tolist() == SCREEN.mesh().vertices.tolist()
    board = np.flatnonzero(true.vertices[:, 1] > 0.1)  # its upper corners
    assert other.vertices[board].tolist() == true.vertices[board].tolist()
    own = dataclasses.replace(SCREEN, block=0.9).mesh()
    assert np.abs(own.vertices[board] - true.vertices[board]).max() > 0.05, "in its own frame it would move"
    assert ambiguity.changed_pixels(screens.render(true), screens.render(other)) == 0
    assert ambiguity.changed_pixels(screens.render(true), screens.render(own)) > 0.2
    assert ambiguity.changed_pixels(screens.render(true), screens.render(screens.mesh(Variant({"board": 1.2})))) > 0.2


@pytest.mark.parametrize(("azimuth", "near"), [(180.0, "min"), (10.0, "max")])
def test_an_anchor_keeps_the_side_near_the_camera(screens: AmbiguousImage, azimuth: float, near: str) -> None:
    image = dataclasses.replace(screens, camera=(azimuth, 27.0, 0.8))
    change = {"block": 0.9, "board": 1.1}
    true, free, held = (image.mesh(one).vertices for one in (Variant(), Variant(change), Variant(change, "x")))
    assert getattr(held[:, 0], near)() == pytest.approx(getattr(true[:, 0], near)(), abs=2e-6)
    assert held[:, 1:].tolist() == free[:, 1:].tolist()
    assert np.ptp(held[:, 0]) == pytest.approx(np.ptp(free[:, 0]), abs=2e-6)


def test_the_centre_of_a_longer_variant_leaves_the_pictures_middle(screens: AmbiguousImage) -> None:
    assert ambiguity.centre_offset(screens.mesh(Variant()), BEHIND) < 1e-2
    mesh = screens.mesh(Variant({"block": 0.9}))
    shift = (mesh.vertices[:, 0].min() + mesh.vertices[:, 0].max()) / 2  # away from the camera, which looks down by 27°
    across, along = shift * np.sin(np.radians(27)), 1.75 * 0.8 + shift * np.cos(np.radians(27))
    assert ambiguity.centre_offset(mesh, BEHIND) == pytest.approx(across / along / (16 / 35) * 137 / 2, rel=1e-3)


def test_pixels_that_change_are_counted_among_the_objects() -> None:
    image = np.zeros((10, 10, 4), np.uint8)
    image[:5, :, 3] = 255
    other = image.copy()
    other[0, :4, 0] = 8  # not yet seen
    other[1, :4, 1] = 9
    other[9, 9, 3] = 200  # a new part beside the object
    assert ambiguity.changed_pixels(image, other) == pytest.approx(5 / 50)


# ------------------------------------------------------------------------------------------------------------- making
def test_the_set_is_the_same_bytes_twice_and_is_continued(tmp_path: Path) -> None:
    images = LISTED[:3]
    made = [ambiguity.read_ambiguous(image, tmp_path / "here") for image in images]
    assert ambiguity.make_ambiguity_set(images, tmp_path / "processes", workers=2) == 3
    one, two = (sorted((tmp_path / folder).iterdir()) for folder in ("here", "processes"))
    assert [path.name for path in one] == [path.name for path in two] and len(one) == 3
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]

    kept = two[0].stat().st_mtime_ns
    two[1].write_bytes(b"cut off")
    two[2].unlink()
    assert ambiguity.make_ambiguity_set(images, tmp_path / "processes", workers=2) == 2
    assert two[0].stat().st_mtime_ns == kept
    assert [path.read_bytes() for path in two] == [path.read_bytes() for path in one]
    assert ambiguity.make_ambiguity_set(images, tmp_path / "processes") == 0

    for image, arrays in zip(images, made, strict=True):
        assert arrays["image"].shape == (137, 137, 4) and arrays["clouds"].shape == (len(image.variants), 2048, 3)
        for variant, cloud in zip(image.variants, arrays["clouds"], strict=True):
            vertices, upright = image.mesh(variant).vertices, y_up_from_file(cloud)
            assert upright.min(axis=0) == pytest.approx(vertices.min(axis=0), abs=0.03)
            assert upright.max(axis=0) == pytest.approx(vertices.max(axis=0), abs=0.03)
