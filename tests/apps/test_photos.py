"""Own photos: placing, familiarity, results on disk, the batch, and `lmnet reconstruct`. Models have random weights."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path

import numpy as np
import photograph_features
import pytest
import pyvista
import torch
from PIL import Image
from r2n2_tree import write_tree
from test_cutouts import png

from lmnet_utils.apps import familiarity, photo_pages, photos, placing, reconstruction
from lmnet_utils.apps.cutouts import Cutout
from lmnet_utils.apps.familiarity import Familiarity
from lmnet_utils.apps.reconstruction import PhotoOptions
from lmnet_utils.core import cache, paths
from lmnet_utils.core.notebook_settings import PhotoSettings
from lmnet_utils.data import images
from lmnet_utils.data.images import PhotoError
from lmnet_utils.evaluation.protocol import score
from lmnet_utils.geometry import frames
from lmnet_utils.geometry.frames import file_from_y_up
from lmnet_utils.models import inference, posteriors, registry
from lmnet_utils.models.networks import ImageEncoder, PointCloudAutoencoder
from lmnet_utils.models.strong import StrongEncoder
from lmnet_utils.models.weights import save_model
from lmnet_utils.run import cli


@pytest.fixture(scope="module")
def networks():
    torch.manual_seed(0)
    autoencoder = PointCloudAutoencoder().eval()
    encoder = ImageEncoder(width=0.25).initialise().eval()
    variational = ImageEncoder(width=0.25, variational=True).initialise(sigma=0.5).eval()
    return autoencoder, encoder, variational


def picture(seed: int = 0, size: tuple[int, int] = (160, 120)) -> Image.Image:
    """A coloured box before a white wall, another one for each seed."""
    rng = np.random.default_rng(seed)
    width, height = size
    image = np.full((height, width, 3), 250, np.uint8)
    top, left = rng.integers(10, 30, 2)
    image[top : top + height // 2, left : left + width // 3] = rng.integers(0, 180, 3)
    return Image.fromarray(image)


def photo(seed: int = 0) -> placing.Photo:
    image = np.dstack([np.asarray(picture(seed)), np.full((120, 160), 255, np.uint8)])
    mask = (image[..., 0] < 240).astype(np.float32)
    return placing.Photo(image, Cutout(mask, "plain background"), placing.place(image, mask))


# -------------------------------------------------------------------------------------------------------------- place
@pytest.mark.parametrize(
    ("width", "height"), [(400, 200), (200, 400), (300, 300), (37, 11), (1000, 7), (93, 93), (128, 41)]
)
def test_the_longest_side_gets_93_pixels_and_the_aspect_stays(width: int, height: int) -> None:
    image = np.zeros((height + 50, width + 30, 3), np.uint8)
    mask = np.zeros(image.shape[:2], np.float32)
    image[20 : 20 + height, 10 : 10 + width] = (250, 120, 30)
    mask[20 : 20 + height, 10 : 10 + width] = 1
    placed = placing.place(image, mask)
    assert placed.shape == (128, 128, 3) and placed.dtype == np.uint8
    rows, columns = np.flatnonzero(placed.any((1, 2))), np.flatnonzero(placed.any((0, 2)))
    tall, wide = max(1, 93 * height // max(width, height)), max(1, 93 * width // max(width, height))
    assert (len(rows), len(columns)) == (tall, wide)
    assert columns[0] == (128 - wide) // 2, "in the middle from left to right"
    assert abs((rows[0] + rows[-1] + 1) / 2 - (64 + placing.OBJECT_SHIFT)) <= 0.5, "a little below the middle"
    assert (placed[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] == (250, 120, 30)).all()


def test_a_place_is_the_same_for_every_size_and_position_of_the_object() -> None:
    rng = np.random.default_rng(0)
    small = np.kron(rng.integers(0, 256, (31, 31, 3)), np.ones((3, 3, 1))).astype(np.uint8)  # 93 × 93
    once = placing.place(small, np.ones((93, 93), np.float32))
    assert (once[22:115, 17:110] == small).all()
    large = np.zeros((500, 700, 3), np.uint8)
    mask = np.zeros((500, 700), np.float32)
    large[100:472, 200:572] = small.repeat(4, 0).repeat(4, 1)
    mask[100:472, 200:572] = 1
    assert (placing.place(large, mask) == once).all()


def test_partly_covered_pixels_have_the_full_colour_and_the_rest_is_black() -> None:
    """As in the training renders, whose edge pixels are not darkened."""
    y, x = np.mgrid[:400, :400]
    mask = (np.hypot(y - 200, x - 200) < 180).astype(np.float32)
    image = np.full((400, 400, 3), 255, np.uint8)  # the background is white and must not show
    image[mask > 0] = (80, 160, 240)
    placed = placing.place(image, mask)
    assert set(map(tuple, placed.reshape(-1, 3))) == {(0, 0, 0), (80, 160, 240)}


def test_the_rim_takes_its_colour_from_inside() -> None:
    image = np.full((60, 60, 3), 255, np.uint8)
    mask = np.zeros((60, 60), np.float32)
    image[10:50, 10:50], mask[10:50, 10:50] = (40, 90, 20), 1
    image[10:50, 10], image[10, 10:50] = (150, 170, 140), (150, 170, 140)  # mixed with the white around it
    image[5, 10:50], mask[5, 10:50] = (90, 90, 90), 1  # so thin that it is all rim
    cleaned = placing.without_fringe(image, mask)
    assert (cleaned[10:50, 10:50] == (40, 90, 20)).all()
    assert (cleaned[5, 10:50] == (90, 90, 90)).all() and (cleaned[mask == 0] == 255).all()


def test_remarks_on_what_a_person_should_know(tmp_path: Path) -> None:
    image = np.full((100, 200, 3), 250, np.uint8)
    image[60:, 40:80] = (30, 60, 120)
    Image.fromarray(image).save(tmp_path / "a.png")
    found = placing.prepare_photo(tmp_path / "a.png")
    assert "touches the picture's edge (bottom)" in found.notes[0]
    assert "only 40 pixels" in found.notes[1]
    picture(0, (400, 400)).save(tmp_path / "b.png")
    assert placing.prepare_photo(tmp_path / "b.png").notes == ()


def test_an_input_does_not_depend_on_format_or_rotation(tmp_path: Path) -> None:
    whole = picture(3, (400, 300))
    whole.save(tmp_path / "a.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    whole.rotate(90, expand=True).save(tmp_path / "b.png", exif=exif)
    whole.convert("CMYK").save(tmp_path / "c.tif")
    first, second, third = (placing.prepare_photo(tmp_path / name) for name in ("a.png", "b.png", "c.tif"))
    assert (first.input == second.input).all() and first.noise_index == second.noise_index
    assert np.abs(first.input.astype(int) - third.input).max() <= 3
    assert photo(0).noise_index != photo(1).noise_index


# --------------------------------------------------------------------------------------------------------- familiarity
def to_nearest(points: np.ndarray, references: np.ndarray) -> np.ndarray:
    every = np.sqrt(((points[:, None].astype(np.float64) - references[None].astype(np.float64)) ** 2).sum(-1))
    return np.sort(every, axis=1)[:, :5].mean(1)


def test_distances_and_percentiles_against_brute_force() -> None:
    rng = np.random.default_rng(0)
    references = rng.normal(size=(300, 512)).astype(np.float32)
    appearances = rng.uniform(0, 1, (200, 1536)).astype(np.float32)
    calibration = rng.uniform(20, 40, (100, 2)) * [1, 0.5]
    known = Familiarity(references, appearances, calibration)
    latents = rng.normal(size=(7, 512)).astype(np.float32) * rng.uniform(0.5, 1.5, (7, 1)).astype(np.float32)
    inputs = rng.integers(0, 256, (7, 3, 128, 128)).astype(np.uint8)
    blocks = inputs.reshape(7, 3, 16, 8, 16, 8) / 255
    seen = np.concatenate([blocks.mean((3, 5)), 2 * blocks.std((3, 5))], axis=1).reshape(7, -1)
    expected = np.stack([to_nearest(latents, references), to_nearest(seen, appearances)], -1)
    found = known.distances(latents, torch.from_numpy(inputs))
    np.testing.assert_allclose(found, expected, rtol=1e-4)

    def worse_rank(pair: np.ndarray) -> float:
        return max((calibration[:, k] < pair[k]).sum() for k in (0, 1))

    some = np.concatenate([calibration[:40], [[0, 0], [100, 0], [0, 100], [30, 15.1]]])
    others = np.array([worse_rank(pair) for pair in calibration])
    shares = [100 * (others < worse_rank(pair)).mean() for pair in some]
    np.testing.assert_allclose(known.percentiles(some), shares)
    assert known.percentiles(some)[40:43].tolist() == [0, 100, 100], "far by one of both is far"
    few = Familiarity(references[:2], appearances[:2], calibration)
    assert few.distances(latents, torch.from_numpy(inputs)).shape == (7, 2), "fewer than five references"


@pytest.fixture
def trained_here(kit_folders: Path, networks) -> str:
    """A run whose models say that they were trained on a small data set which is on disk."""
    write_tree(kit_folders / "data" / "boxes", {"train": 2, "val": 1, "test": 1})
    data = {"data": {"dataset": "boxes", "split": "official", "classes": "13"}}
    for name, network in zip(("autoencoder", "encoder_l1", "encoder_lambda_5.5"), networks, strict=True):
        save_model(kit_folders / "trained_models" / "mine" / name, network, training=data)
    return "mine"


def test_familiarity_is_measured_with_the_training_data_and_kept(
    trained_here: str, kit_folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = registry.load_networks(trained_here)["encoder_l1"]
    known = familiarity.familiarity_of(trained_here, "encoder_l1", encoder)
    assert known.latents.shape == (2 * 8, 512) and known.appearances.shape == (2 * 8, 1536)
    assert known.data == "2 training and 1 test objects of boxes"
    assert known.calibration.shape == (8, 2) and known.calibration.min() > 0
    noise = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (3, 3, 128, 128)).astype(np.uint8))
    distances = known.distances(inference.encode_images(encoder, noise)[0], noise)
    assert (known.percentiles(distances) == 100).all(), "noise is no box"

    def never(*_, **__):
        raise AssertionError("measured a second time")

    monkeypatch.setattr(familiarity, "measure_familiarity", never)
    again = familiarity.familiarity_of(trained_here, "encoder_l1", encoder)
    for name in ("latents", "appearances"):
        np.testing.assert_allclose(getattr(again, name), getattr(known, name), rtol=2e-3, atol=1e-3)
    np.testing.assert_array_equal(again.calibration, known.calibration)
    monkeypatch.setitem(cache.VERSIONS, "inference", cache.VERSIONS["inference"] + 1)
    with pytest.raises(AssertionError, match="a second time"):  # other code
        familiarity.familiarity_of(trained_here, "encoder_l1", encoder)
    monkeypatch.setitem(cache.VERSIONS, "inference", cache.VERSIONS["inference"] - 1)
    (file,) = (kit_folders / "data" / "boxes" / "familiarity").glob("*.npz")
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(AssertionError, match="a second time"):  # a damaged record does not count
        familiarity.familiarity_of(trained_here, "encoder_l1", encoder)


def test_without_its_training_data_a_model_knows_nothing_as_familiar(kit_folders: Path, networks) -> None:
    for k, extra in enumerate(({}, {"training": {"data": {"dataset": "far", "split": "official", "classes": "13"}}})):
        for name, network in zip(("autoencoder", "encoder_l1"), networks, strict=False):
            save_model(kit_folders / "trained_models" / f"run{k}" / name, network, **extra)
        encoder = registry.load_networks(f"run{k}")["encoder_l1"]
        assert familiarity.familiarity_of(f"run{k}", "encoder_l1", encoder) is None


def test_what_placing_costs_is_measured_on_the_test_split(trained_here: str, kit_folders: Path) -> None:
    networks = registry.load_networks(trained_here)
    cost = placing.placing_cost(networks["autoencoder"], networks["encoder_l1"], views=3)
    assert cost["images"] == 3 and 0 < cost["placed"] != cost["as_rendered"] > 0
    # The renders of this data set, placed by hand, scored by hand.
    folder = next((kit_folders / "data" / "boxes" / "ShapeNetRendering").glob("*/test000"))
    inputs = []
    for view in (0, 8, 16):
        image = np.asarray(Image.open(folder / "rendering" / f"{view:02d}.png"))[4:-5, 4:-5, :3]
        inputs.append(placing.place(image, image.max(-1) > 0))
    clouds = inference.reconstruct(networks["autoencoder"], networks["encoder_l1"], images.as_batch(inputs))
    truth = np.load(str(folder).replace("ShapeNetRendering", "ShapeNet_pointclouds") + "/pointcloud_1024.npy")
    expected = score(np.stack([truth] * 3), clouds)["chamfer"].mean()
    assert cost["placed"] == pytest.approx(expected, rel=1e-4)


# ---------------------------------------------------------------------------------------------------------- reconstruct
def test_clouds_and_samples_do_not_depend_on_the_batch(networks) -> None:
    autoencoder, encoder, variational = networks
    pictures = [photo(k) for k in range(3)]
    together = reconstruction.reconstruct_photos(autoencoder, variational, pictures, PhotoOptions(4, seed=7))
    alone = reconstruction.reconstruct_photos(autoencoder, variational, pictures[2:], PhotoOptions(2, seed=7))
    np.testing.assert_allclose(together[2].points, alone[0].points, atol=1e-5)
    np.testing.assert_allclose(together[2].samples[:2], alone[0].samples, atol=1e-5)
    assert together[0].samples.shape == (4, 2048, 3)
    assert np.abs(together[0].samples[0] - together[0].samples[1]).max() > 1e-3
    expected = inference.reconstruct(autoencoder, encoder, images.as_batch([one.input for one in pictures]))
    single = reconstruction.reconstruct_photos(autoencoder, encoder, pictures)
    for one, points in zip(single, expected.numpy(), strict=True):
        np.testing.assert_allclose(one.points, points, atol=1e-6)
        assert one.percentile is None and one.samples.shape == (0, 2048, 3)
    assert reconstruction.reconstruct_photos(autoencoder, variational, [], PhotoOptions(3)) == []
    with pytest.raises(ValueError, match="samples=2.*samples need Variant II, or residuals"):
        reconstruction.reconstruct_photos(autoencoder, encoder, pictures, PhotoOptions(2))


def test_what_is_far_from_the_training_gets_a_note(networks) -> None:
    autoencoder, encoder, _ = networks
    latent = inference.encode_images(encoder, images.as_batch([photo(0).input]))[0].numpy()
    seen = familiarity.appearance(images.as_batch([photo(0).input])).numpy()
    scale = np.stack([np.linspace(1, 2, 100)] * 2, -1)
    near = Familiarity(np.repeat(latent, 5, 0), np.repeat(seen, 5, 0), scale)
    far = Familiarity(np.repeat(latent, 5, 0), np.repeat(seen, 5, 0) + 100, scale)
    found = reconstruction.reconstruct_photos(autoencoder, encoder, [photo(0)], PhotoOptions(familiarity=near))[0]
    assert (found.percentile, found.notes) == (0.0, ())
    found = reconstruction.reconstruct_photos(autoencoder, encoder, [photo(0)], PhotoOptions(familiarity=far))[0]
    assert found.percentile == 100.0 and "unlike what the model has seen" in found.notes[-1]


# --------------------------------------------------------------------------------------------------------------- files
def test_results_on_disk(tmp_path: Path, networks) -> None:
    import matplotlib.pyplot as plt

    found = reconstruction.reconstruct_photos(networks[0], networks[2], [photo(0)], PhotoOptions(2))[0]
    figure = photo_pages.overview(found, photo_pages.render_settings(48))
    folder = tmp_path / "chair"
    said = photo_pages.save(folder, found, figure, file="chair.jpg")
    plt.close(figure)
    names = ["cloud.ply", "cutout.png", "input.png", "overview.png", "reconstruction.json", "sample_1.ply"]
    assert sorted(path.name for path in folder.iterdir()) == [*names, "sample_2.ply", "view.html"]
    upright = pyvista.read(folder / "cloud.ply").points
    np.testing.assert_allclose(file_from_y_up(upright), found.points, atol=1e-6)
    assert (np.asarray(Image.open(folder / "input.png")) == found.photo.input).all()
    cutout = np.asarray(Image.open(folder / "cutout.png"))
    assert cutout.shape[2] == 4 and (cutout[..., 3] == 255).all(), "the box of a box"
    record = json.loads((folder / "reconstruction.json").read_text())
    assert record == {
        "file": "chair.jpg",
        "foreground": "plain background",
        "percentile": None,
        "samples": 2,
        "notes": [],
    }
    assert {"file": "chair.jpg", **said} == record
    assert list(tmp_path.iterdir()) == [folder]


def test_the_answer_that_fits_best_lies_beside_all_others(tmp_path: Path, networks) -> None:
    autoencoder, encoder, variational = networks
    generator = torch.Generator().manual_seed(0)
    posterior = posteriors.ResidualPosterior(*torch.randn(2, 9, 512, generator=generator))
    plain = PhotoOptions(3, posterior=posterior)
    options = PhotoOptions(3, posterior=posterior, best=True)
    ready = [photo(0), photo(1)]
    without, found = (reconstruction.reconstruct_photos(autoencoder, encoder, ready, how) for how in (plain, options))
    for one, other in zip(found, without, strict=True):
        assert other.best is None and not one.best.refined
        np.testing.assert_array_equal(one.points, other.points)
        np.testing.assert_array_equal(one.samples, other.samples)
        answers = [one.points, *one.samples]
        np.testing.assert_allclose(one.best.points, answers[one.best.number], atol=1e-5)
        assert one.best.number == one.best.overlaps.argmax() and len(one.best.overlaps) == 4
    folder = tmp_path / "x"
    photo_pages.save(folder, found[0])
    assert sorted(path.name for path in folder.glob("*.ply")) == ["best.ply", "cloud.ply", *(f"sample_{k}.ply" for k in (1, 2, 3))]  # fmt: skip
    np.testing.assert_allclose(
        pyvista.read(folder / "best.ply").points, frames.y_up_from_file(found[0].best.points), atol=1e-5
    )
    record = json.loads((folder / "reconstruction.json").read_text())
    assert record["best"]["sample"] == found[0].best.number and "fits best" in (folder / "view.html").read_text()
    row = {"file": "x.png", "name": "x", "status": "done", **record}
    assert f"(silhouette {found[0].best.overlap:.2f}" in photos.report_text([row])
    drawn = reconstruction.reconstruct_photos(autoencoder, variational, ready[:1], PhotoOptions(2, best=True))
    assert len(drawn[0].best.overlaps) == 3, "Variant II, too"
    with pytest.raises(ValueError, match="nothing to choose from"):
        reconstruction.reconstruct_photos(autoencoder, encoder, ready, PhotoOptions(best=True))


def test_the_page_holds_the_clouds_and_asks_for_nothing(networks) -> None:
    found = reconstruction.reconstruct_photos(networks[0], networks[2], [photo(0)], PhotoOptions(2))[0]
    page = photo_pages.view_page(found, "<chair> & co")
    assert "&lt;chair&gt; &amp; co" in page and "<chair>" not in page
    assert not re.search(
        r"""(src|href)\s*=\s*["']?(?!data:)\w|@import|url\(""", page.split('<script type="module">')[0]
    )
    data = re.search(r'id="p0">([^<]*)<', page)[1]
    packed = np.frombuffer(base64.b64decode(data), "<i2").reshape(3, 2048, 3) / 32767
    expected = np.stack([found.points, *found.samples])
    np.testing.assert_allclose(packed, np.clip(frames.y_up_from_file(expected), -1, 1), atol=1e-4)
    described = json.loads(re.search(r'id="entries">(.*?)</script>', page)[1])[0]["groups"][0]["panels"]
    assert [panel["title"] for panel in described] == ["cloud", "picture", "network input", "sample 1", "sample 2"]


def test_a_result_is_written_whole_or_not_at_all(tmp_path: Path, networks) -> None:
    first, second = reconstruction.reconstruct_photos(networks[0], networks[1], [photo(0), photo(1)])
    photo_pages.save(tmp_path / "a", first)
    before = (tmp_path / "a" / "cloud.ply").read_bytes()

    class Broken:
        def savefig(self, *_, **__):
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        photo_pages.save(tmp_path / "a", second, Broken())
    assert (tmp_path / "a" / "cloud.ply").read_bytes() == before and len(list(tmp_path.iterdir())) == 1
    photo_pages.save(tmp_path / "a", second)
    assert (tmp_path / "a" / "cloud.ply").read_bytes() != before and len(list(tmp_path.iterdir())) == 1
    (tmp_path / ".a.tmp").mkdir()  # of a process that was killed while it wrote
    (tmp_path / ".a.old").mkdir()
    photo_pages.save(tmp_path / "a", first)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "diary.txt").write_text("dear diary")
    with pytest.raises(FileExistsError, match="no reconstruction"):
        photo_pages.save(tmp_path / "mine", first)
    assert (tmp_path / "mine" / "diary.txt").read_text() == "dear diary"


def test_pictures_in_folders_are_found_and_named_apart(tmp_path: Path) -> None:
    root = tmp_path / "photos"
    for name in (
        "b/chair.jpg",
        "b.png",
        "chair.png",
        "chair.jpg",
        "Chair.webp",
        ".hidden/x.png",
        "notes.txt",
        "out/old/input.png",
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"")
    (tmp_path / "empty").mkdir()
    found = photos.find_sources(
        [root, root / "chair.jpg", tmp_path / "none.png", tmp_path / "empty"], skip=[root / "out"]
    )
    called = [source.file for source in found]
    assert called[:3] == ["Chair.webp", "b/chair.jpg", "b.png"], "as one finds it again in the folder"
    names = [(source.path.relative_to(tmp_path).as_posix(), source.name) for source in found]
    assert names == [
        ("photos/Chair.webp", "Chair"),
        ("photos/b/chair.jpg", "b/chair"),
        ("photos/b.png", "b_2"),
        ("photos/chair.jpg", "chair_2"),
        ("photos/chair.png", "chair_3"),
        ("photos/chair.jpg", "chair_4"),
        ("none.png", "none"),
        ("empty", "empty"),
    ]
    assert "no pictures in this folder" in found[-1].problem


def test_links_in_a_circle_and_names_too_long_cost_nothing_else(tmp_path: Path, networks) -> None:
    folder = tmp_path / "photos"
    (folder / "b").mkdir(parents=True)
    picture().save(folder / "chair.png")
    (folder / "alias.png").symlink_to("chair.png")
    (folder / "one").symlink_to("two")
    (folder / "two").symlink_to("one")  # neither exists
    (folder / "b" / "back").symlink_to(folder)  # leads back
    (folder / "round.jpg").symlink_to("round.jpg")
    (folder / "gone.png").symlink_to("nowhere.png")
    endless, long = folder / "one", tmp_path / f"{'x' * 300}.png"
    sources = photos.find_sources([folder, endless, long], skip=[folder / "two"])
    problems = {source.file: source.problem for source in sources}
    assert list(problems) == ["alias.png", "chair.png", "gone.png", "round.jpg", "one", long.name]
    dead = [name for name, problem in problems.items() if "leads nowhere or in a circle" in problem]
    assert dead == ["gone.png", "round.jpg", "one"]
    rows = photos.reconstruct_files(
        sources, tmp_path / "out", *networks[:2], photos.Options(figures=False), progress=False
    )
    assert [row["status"] for row in rows] == ["done", "done", "failed", "failed", "failed", "failed"]
    assert rows[-1]["error"] == "there is no such file. Check the path."


def test_masks_belong_to_pictures_by_name(tmp_path: Path) -> None:
    (tmp_path / "masks").mkdir()
    for name in ("a.jpg", "b.png", "masks/a.png"):
        (tmp_path / name).write_bytes(b"")
    one, other = photos.find_sources([tmp_path], masks=tmp_path / "masks")
    assert one.mask == tmp_path / "masks" / "a.png" and "no mask called b.png" in other.problem
    assert photos.find_sources([tmp_path / "b.png"], masks=tmp_path / "a.jpg")[0].mask == tmp_path / "a.jpg"
    several = photos.find_sources([tmp_path / "a.jpg", tmp_path / "b.png"], masks=tmp_path / "masks" / "a.png")
    assert all("one mask for several" in source.problem for source in several)
    gone = photos.find_sources([tmp_path / "b.png"], masks=tmp_path / "nowhere")
    assert gone[0].problem == "there is no mask nowhere. Check the path."


# ----------------------------------------------------------------------------------------------------------- the batch
@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """Three good pictures among bad ones."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for k in range(3):
        picture(k).save(folder / f"good_{k}.png")
    (folder / "empty.png").write_bytes(b"")
    (folder / "text.jpg").write_bytes(b"nothing")
    Image.new("RGB", (50, 50), "white").save(folder / "white.png")
    Image.new("RGB", (1, 1), "red").save(folder / "one.png")
    (folder / "huge.png").write_bytes(png((16_000, 9_000, 1, 0), b""))
    return folder


@pytest.mark.parametrize("batch_size", [1, 2, 100])
def test_a_batch_goes_on_after_bad_pictures(tmp_path: Path, mixed: Path, networks, batch_size: int) -> None:
    sources = photos.find_sources([mixed, tmp_path / "none.png"])
    options = photos.Options(batch_size=batch_size, figures=False)
    rows = photos.reconstruct_files(sources, tmp_path / "out", *networks[:2], options, progress=False)
    assert [row["file"] for row in rows] == [source.path.name for source in sources]
    states = {row["file"]: row["error"] for row in rows}
    assert [name for name, error in states.items() if not error] == ["good_0.png", "good_1.png", "good_2.png"]
    for name, reason in {
        "empty.png": "empty",
        "text.jpg": "no picture",
        "white.png": "no object found",
        "one.png": "only 1 × 1 pixels: expected 16 at least",
        "huge.png": "at most",
        "none.png": "no such file",
    }.items():
        assert reason in states[name]
    assert json.loads((tmp_path / "out" / photos.REPORT).read_text()) == rows
    made = sorted(path.parent.name for path in (tmp_path / "out").glob("*/cloud.ply"))
    assert made == ["good_0", "good_1", "good_2"]
    alone = reconstruction.reconstruct_photos(*networks[:2], [placing.prepare_photo(mixed / "good_1.png")])[0]
    upright = pyvista.read(tmp_path / "out" / "good_1" / "cloud.ply").points
    np.testing.assert_allclose(file_from_y_up(upright), alone.points, atol=1e-5)
    assert "good_0.png: good_0/ (cut out by plain background)" in photos.report_text(rows)
    assert "text.jpg: FAILED: this is no picture" in photos.report_text(rows)


def test_a_folder_that_cannot_be_replaced_fails_alone(tmp_path: Path, mixed: Path, networks) -> None:
    (tmp_path / "out" / "good_1").mkdir(parents=True)
    (tmp_path / "out" / "good_1" / "diary.txt").write_text("mine")
    sources = photos.find_sources([mixed / f"good_{k}.png" for k in range(3)])
    rows = photos.reconstruct_files(
        sources, tmp_path / "out", *networks[:2], photos.Options(figures=False), progress=False
    )
    assert [row["status"] for row in rows] == ["done", "failed", "done"]
    assert "holds something that is no reconstruction" in rows[1]["error"]


# --------------------------------------------------------------------------------------------------------- command line
def test_lmnet_reconstruct(trained_here: str, mixed: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    command = ["reconstruct", "--run", trained_here, "--out", str(tmp_path / "out"), "--no-figures"]
    assert cli.main([*command, str(mixed / "good_0.png"), str(mixed / "good_1.png")]) == 0
    output = capsys.readouterr().out
    assert "L1, trained on boxes" in output and "2 reconstructed, 0 failed" in output
    assert "less familiar than" in output
    assert cli.main([*command, str(mixed), "--samples", "2"]) == 1, "bad pictures count"
    output = capsys.readouterr().out
    assert output.startswith("λ = 5.5") and "3 reconstructed, 5 failed" in output
    assert len(list((tmp_path / "out" / "good_2").glob("sample_*.ply"))) == 2
    # the results lie among the pictures: they are not taken for pictures the next time
    assert cli.main([*command[:-2], str(mixed / "results"), "--no-figures", str(mixed)]) == 1
    assert cli.main([*command[:-2], str(mixed / "results"), "--no-figures", str(mixed)]) == 1
    assert capsys.readouterr().out.count("3 reconstructed, 5 failed") == 2


def test_a_variant_ii_of_any_name_gives_samples(
    trained_here: str, networks, mixed: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    """As a converted checkpoint: its config.json says ``variational``, its folder's name says nothing."""
    save_model(paths.model_dir("x", "autoencoder"), networks[0])
    save_model(paths.model_dir("x", "encoder_l1"), networks[1])
    save_model(paths.model_dir("x", "official_plm"), networks[2])
    command = ["reconstruct", "--run", "x", "--out", str(tmp_path / "out"), "--no-figures", "--samples", "2"]
    for options in ((), ("--model", "official_plm")):
        assert cli.main([*command, *options, str(mixed / "good_0.png")]) == 0
        assert capsys.readouterr().out.startswith("official_plm (Variant II), trained on classes chair")
        assert len(list((tmp_path / "out" / "good_0").glob("sample_*.ply"))) == 2
    assert reconstruction.choose_model("x") == "encoder_l1"


def test_the_strong_variant_goes_first_where_its_features_are(
    trained_here: str, networks, mixed: Path, tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch
) -> None:
    for name, network in zip(("autoencoder", "encoder_l1", "encoder_lambda_5.5"), networks, strict=True):
        save_model(paths.model_dir("z", name), network)
    save_model(paths.model_dir("z", "encoder_strong"), StrongEncoder().initialise())
    with monkeypatch.context() as without:
        photograph_features.remove(without)
        assert reconstruction.choose_model("z") == "encoder_l1"
    photograph_features.install(tmp_path / "site", monkeypatch)
    assert reconstruction.choose_model("z", samples=2) == "encoder_lambda_5.5"
    command = ["reconstruct", "--run", "z", "--out", str(tmp_path / "out"), "--no-figures", str(mixed / "good_0.png")]
    for options, label in (((), "strong (end to end)"), (("--model", "encoder_l1"), "L1")):
        capsys.readouterr()
        assert cli.main([*command, *options]) == 0
        assert capsys.readouterr().out.startswith(f"{label}, trained on classes 13")


def test_l1_with_its_residuals_gives_samples(
    trained_here: str, networks, mixed: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    """They go before Variant II, which may know chairs alone; a damaged file of residuals is named."""
    autoencoder, encoder, _ = networks
    for name, network in zip(("autoencoder", "encoder_l1", "encoder_lambda_5.5"), networks, strict=True):
        save_model(paths.model_dir("y", name), network)
    generator = torch.Generator().manual_seed(0)
    posterior = posteriors.ResidualPosterior(*torch.randn(2, 9, 512, generator=generator).half().float())
    file = posterior.save(paths.model_dir("y", "encoder_l1"))
    command = ["reconstruct", "--run", "y", "--out", str(tmp_path / "out"), "--no-figures", "--samples", "2"]
    assert cli.main([*command, str(mixed / "good_0.png")]) == 0
    assert capsys.readouterr().out.startswith("L1, trained on classes 13")
    found = sorted((tmp_path / "out" / "good_0").glob("sample_*.ply"))
    assert len(found) == 2

    prepared = placing.prepare_photo(mixed / "good_0.png")
    latent, _ = inference.encode_images(encoder, images.as_batch([prepared.input]))
    drawn = posterior.sample(latent, 2, indices=[prepared.noise_index])
    expected = inference.decode(autoencoder, drawn)[0].numpy()
    one = reconstruction.reconstruct_photos(autoencoder, encoder, [prepared], PhotoOptions(2, posterior=posterior))[0]
    np.testing.assert_allclose(one.samples, expected, atol=1e-5)
    file.write_bytes(b"no tensors")
    assert cli.main([*command, str(mixed / "good_0.png")]) == 2
    assert "encoder_l1/residuals.safetensors is damaged" in capsys.readouterr().err


def test_lmnet_reconstruct_refuses_to_start(
    trained_here: str, mixed: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    command = ["reconstruct", str(mixed / "good_0.png"), "--run", trained_here, "--out", str(tmp_path / "out")]
    for options, message in {
        ("--run", "nowhere"): "no trained autoencoder",
        ("--model", "encoder_l7"): "has no image encoder 'encoder_l7'; it has encoder_l1",
        ("--model", "encoder_l1", "--samples", "3"): "samples need one of: encoder_lambda_5.5",
        ("--samples", "-1"): "samples=-1",
        ("--best",): "without samples",
        ("--background", "magic"): "background='magic'",
        ("--batch-size", "0"): "batch_size=0",
        ("--device", "abacus"): "abacus",
    }.items():
        assert cli.main([*command, *options]) == 2, options
        assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    (tmp_path / "out").write_text("a file, where a folder is wanted")
    assert cli.main(command) == 2
    assert f"cannot write to {tmp_path / 'out'}: " in capsys.readouterr().err


def test_settings_of_notebook_11() -> None:
    good = {
        "run": "quickstart", "weights_run": None, "model": "encoder_l1", "beside_model": None, "sampled_model": None, "photos": ["a.jpg"],
        "masks": None, "background": "auto", "samples": 4, "test_views": 2, "seed": 0, "device": "auto", "precision": "fp32", "batch_size": 8,
    }  # fmt: skip
    assert PhotoSettings(**good).photos == ["a.jpg"]
    for name, value in {"photos": [], "background": "white", "batch_size": 0, "samples": 0, "test_views": 0}.items():
        with pytest.raises(ValueError, match=name):
            PhotoSettings(**{**good, name: value})
    with pytest.raises(ValueError, match="photos"):
        PhotoSettings(**{**good, "photos": "a.jpg"})


def test_photo_errors_are_value_errors() -> None:
    assert issubclass(PhotoError, ValueError)
