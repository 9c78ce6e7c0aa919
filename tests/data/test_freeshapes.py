"""The embedded data set: its committed source, its builder, what is made from it, and the splits."""

from __future__ import annotations

import csv
import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lmnet_utils.core import cache, paths
from lmnet_utils.data import freeshapes, packs, splits, views
from lmnet_utils.data.mesh import Mesh, sample_surface
from lmnet_utils.data.taxonomy import CLASSES

CHAIR = CLASSES["chair"]
SOURCE_FILES = ("meshes.npz.xz", "ATTRIBUTION.csv", "LICENSES.md")


# ------------------------------------------------------------------------------------------------ committed source
def test_source_holds_the_243_objects_small_and_attributed() -> None:
    rows = freeshapes.attribution()
    meshes = freeshapes.load_meshes()
    assert len(rows) == 243 and set(meshes) == {row["id"] for row in rows}
    assert sum((freeshapes.source_dir() / name).stat().st_size for name in SOURCE_FILES) <= 15e6
    assert {row["license"] for row in rows} == {"CC-BY-3.0", "CC-BY-3.0-US", "CC0-1.0"}
    assert all(row["creator"] and row["name"] and CLASSES[row["class"]] == row["synset"] for row in rows)
    licenses = (freeshapes.source_dir() / "LICENSES.md").read_text(encoding="utf-8")
    assert all(row["license"] in licenses for row in rows)


def test_ids_are_hashes_of_the_origin() -> None:
    for row in freeshapes.attribution()[::40]:
        assert row["id"] == hashlib.sha256(f"{row['archive']}/{row['path']}".encode()).hexdigest()[:12]


def test_every_mesh_is_centred_with_a_diagonal_of_one_and_sound() -> None:
    for mesh in freeshapes.load_meshes().values():
        low, high = mesh.vertices.min(axis=0), mesh.vertices.max(axis=0)
        assert np.linalg.norm(high - low) == pytest.approx(1, abs=0.01)
        assert np.abs(low + high).max() < 0.01
        assert mesh.faces.min() == 0 and mesh.faces.max() == len(mesh.vertices) - 1
        assert mesh.colours.shape == mesh.faces.shape and mesh.colours.dtype == np.uint8


def test_a_pixel_has_the_mean_colour_of_its_covered_samples() -> None:
    rng = np.random.default_rng(0)
    fine = rng.integers(0, 256, (12 * views.SUPERSAMPLE, 12 * views.SUPERSAMPLE, 4), dtype=np.uint8)
    covered = rng.random(fine.shape[:2]) < np.linspace(0, 1, len(fine))[:, None]
    fine[..., 3] = 255
    fine[~covered] = 0
    found, side = views.average_samples(fine[::-1])[::-1], views.SUPERSAMPLE  # VTK's rows begin at the bottom
    for i in range(12):
        for j in range(12):
            block = fine[side * i : side * (i + 1), side * j : side * (j + 1)].reshape(-1, 4)
            hits = block[block[:, 3] > 0]
            expected = [*(hits[:, :3].mean(axis=0) if len(hits) else np.zeros(3)), 255 * len(hits) / side**2]
            assert np.abs(found[i, j] - expected).max() <= 0.5


def test_a_sofa_is_wider_than_deep_and_its_back_is_behind() -> None:
    """Front is +x: the highest points of a seat, those of its back, lie at negative x."""
    for row in freeshapes.attribution():
        if row["class"] in ("chair", "sofa") and row["name"] in ("Sofa 3 seats", "Oak chair", "Osaka chair"):
            mesh = freeshapes.mesh_of(row["id"])
            points, _ = sample_surface(mesh, 20_000, np.random.default_rng(0))
            top = points[points[:, 1] > np.quantile(points[:, 1], 0.9)]
            assert top[:, 0].mean() < -0.05, row["name"]
            if row["class"] == "sofa":
                assert np.ptp(points[:, 2]) > 1.5 * np.ptp(points[:, 0])


# ------------------------------------------------------------------------------------------------------- sampling
def test_samples_lie_on_the_surface_uniformly_by_area() -> None:
    """Two triangles in different planes, areas 1:3; chi-square over the two and over the halves of one."""
    vertices = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 5], [0, 3, 5], [0, 0, 7.0]])
    mesh = Mesh(vertices, np.array([[0, 1, 2], [3, 4, 5]]), np.zeros((2, 3), np.uint8))
    n = 40_000
    points, face = sample_surface(mesh, n, np.random.default_rng(3))
    first = points[face == 0]
    assert np.abs(first[:, 2]).max() < 1e-12
    assert first.min() >= -1e-12 and (first[:, 0] + first[:, 1]).max() <= 1 + 1e-12
    second = points[face == 1]
    assert np.abs(second[:, 0]).max() < 1e-12 and (second[:, 1] / 3 + (second[:, 2] - 5) / 2).max() <= 1 + 1e-12
    expected = np.array([0.5, 3.0]) / 3.5 * n  # areas ½ and 3
    assert (((np.bincount(face) - expected) ** 2) / expected).sum() < 10.8  # p = 0.001, 1 degree of freedom
    near = (first[:, 0] + first[:, 1] < np.sqrt(0.5)).mean()  # half of the area lies below √½
    assert near == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(len(first)))


# --------------------------------------------------------------------------------------------------- the made data
@pytest.fixture(scope="module")
def few_rows() -> list[dict[str, str]]:
    rows = freeshapes.attribution()
    return [row for row in rows if row["class"] == "chair"][:4] + [row for row in rows if row["class"] == "lamp"][:1]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, few_rows: list[dict[str, str]]) -> Path:
    """Five objects and a copy each of the training ones, made by one process, below <folder>/freeshapes."""
    root = tmp_path_factory.mktemp("made") / "freeshapes"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(freeshapes, "attribution", lambda: few_rows)
        counts = freeshapes.make_dataset(root, freeshapes.Contents(copies=1), workers=1, progress=False)
    assert counts["models"] == 5 and counts["rendered"] == counts["clouds"] == 5 + counts["copies"]
    return root


def content(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_two_runs_with_other_process_counts_give_the_same_bytes(
    made: Path, few_rows: list[dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(freeshapes, "attribution", lambda: few_rows)
    freeshapes.make_dataset(tmp_path, freeshapes.Contents(copies=1), workers=2, progress=False)
    first, second = content(made), content(tmp_path)
    assert first.keys() == second.keys() and len(first) > 8 * 27
    assert [name for name in first if first[name] != second[name]] == []

    # Resumed: what is complete is kept, what is missing is made again, the same.
    victim = next(path for path in tmp_path.glob("ShapeNetRendering/*/*/rendering"))
    for path in victim.iterdir():
        path.unlink()
    victim.rmdir()
    assert freeshapes.make_dataset(tmp_path, freeshapes.Contents(copies=1), progress=False)["rendered"] == 1
    assert content(tmp_path) == first


def test_layout_and_metadata_are_those_of_r2n2(made: Path, few_rows: list[dict[str, str]]) -> None:
    folder = made / "ShapeNetRendering" / CHAIR / few_rows[0]["id"] / "rendering"
    assert sorted(path.name for path in folder.iterdir()) == [f"{i:02d}.png" for i in range(24)] + [
        "rendering_metadata.txt"
    ]
    lines = (folder / "rendering_metadata.txt").read_text().splitlines()
    table = np.array([[float(x) for x in line.split(" ")] for line in lines])
    assert table.shape == (24, 5)
    for column, low, high in ((0, 0, 360), (1, 25, 30), (2, 0, 0), (3, 0.65, 0.95), (4, 25, 25)):
        assert table[:, column].min() >= low and table[:, column].max() <= high
    assert np.ptp(table[:, 0]) > 180
    for i in range(24):
        image = Image.open(folder / f"{i:02d}.png")
        assert (image.mode, image.size) == ("RGBA", (137, 137))
        pixels = np.asarray(image)
        assert (pixels[pixels[..., 3] == 0] == 0).all()
        assert set(np.unique(pixels[..., 3])) > {0, 255}, "edges are antialiased"


def test_views_fit_the_projected_mesh(made: Path, few_rows: list[dict[str, str]]) -> None:
    """The silhouette's bounding box is that of the vertices, projected by a pinhole written out here."""
    for row in few_rows:
        mesh = freeshapes.mesh_of(row["id"])
        folder = made / "ShapeNetRendering" / row["synset"] / row["id"] / "rendering"
        for view, line in enumerate((folder / "rendering_metadata.txt").read_text().splitlines()[:4]):
            azimuth, elevation, _, ratio, _ = map(float, line.split())
            a, e = np.radians(azimuth), np.radians(elevation)
            # turned so that the camera looks along -x from (1.75·ratio, 0, 0): first about y, then about z
            x, y, z = mesh.vertices.T
            x, z = np.cos(a) * x + np.sin(a) * z, -np.sin(a) * x + np.cos(a) * z
            x, y = np.cos(e) * x + np.sin(e) * y, -np.sin(e) * x + np.cos(e) * y
            scale = 137 / 2 * 35 / 16 / (1.75 * ratio - x)
            columns, rows = 137 / 2 - z * scale, 137 / 2 - y * scale
            alpha = np.asarray(Image.open(folder / f"{view:02d}.png"))[..., 3] > 0
            drawn_rows, drawn_columns = np.flatnonzero(alpha.any(axis=1)), np.flatnonzero(alpha.any(axis=0))
            assert drawn_columns[[0, -1]] + 0.5 == pytest.approx([columns.min(), columns.max()], abs=1.5)
            assert drawn_rows[[0, -1]] + 0.5 == pytest.approx([rows.min(), rows.max()], abs=1.5)


def test_clouds_are_in_the_file_frame_and_independent(made: Path, few_rows: list[dict[str, str]]) -> None:
    lamp = few_rows[-1]
    folder = made / "ShapeNet_pointclouds" / lamp["synset"] / lamp["id"]
    large, small = (np.load(folder / f"pointcloud_{n}.npy") for n in (2048, 1024))
    assert large.shape == (2048, 3) and small.shape == (1024, 3) and large.dtype == small.dtype == np.float32
    low, high = large.min(axis=0), large.max(axis=0)
    vertices = freeshapes.mesh_of(lamp["id"]).vertices
    assert low[0] == pytest.approx(-vertices[:, 1].max(), abs=0.03)  # up is −x in the file
    assert high[1] == pytest.approx(vertices[:, 0].max(), abs=0.03)
    assert high[2] == pytest.approx(vertices[:, 2].max(), abs=0.03)
    assert not set(map(tuple, small.tolist())) & set(map(tuple, large.tolist()))


def test_copies_are_listed_in_train_only_and_are_other_objects(made: Path, few_rows: list[dict[str, str]]) -> None:
    for name in splits.SPLITS:
        split = splits.read(made, name)
        held_out = split.val + split.test
        copies = [model for model in split.train if "-c" in model]
        assert copies and not any("-c" in model for model in held_out)
        assert {model.partition("-c")[0] for model in copies} == {m for m in split.train if "-c" not in m}
        assert all((made / "ShapeNetRendering" / model / "rendering" / "23.png").is_file() for model in copies)
    copy = splits.read(made).train[1].split("/")[1]
    original, changed = freeshapes.mesh_of(copy.partition("-c")[0]), freeshapes.mesh_of(copy)
    assert np.linalg.norm(np.ptp(changed.vertices, axis=0)) == pytest.approx(1)
    ratio = np.abs(changed.vertices).max(axis=0) / np.abs(original.vertices).max(axis=0)
    assert np.ptp(np.log(ratio)) > 0.01 and np.ptp(np.log(ratio)) < 0.6
    assert not np.array_equal(original.colours, changed.colours)


def test_what_another_version_made_is_removed_even_if_the_removal_is_cut_short(tmp_path, monkeypatch):
    kept = tmp_path / "ShapeNetRendering" / "03001627" / "a" / "rendering"

    def cleared() -> bool:
        kept.mkdir(parents=True, exist_ok=True)
        freeshapes._keep_or_clear(tmp_path / "made_by.json", {"recipe": cache.VERSIONS["freeshapes"]}, "*")
        return not kept.is_dir()

    assert cleared()  # nobody knows what made it
    assert not cleared()
    monkeypatch.setitem(cache.VERSIONS, "freeshapes", cache.VERSIONS["freeshapes"] + 1)
    with monkeypatch.context() as killed:
        killed.setattr(freeshapes.shutil, "rmtree", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            freeshapes._keep_or_clear(tmp_path / "made_by.json", {"recipe": cache.VERSIONS["freeshapes"]}, "*")
    assert cleared() and not cleared()


def test_another_seed_does_not_keep_what_the_first_made(
    few_rows: list[dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(freeshapes, "attribution", lambda: few_rows[:2])
    monkeypatch.setattr(freeshapes, "_render_all", lambda *_: None)
    freeshapes.make_dataset(tmp_path, freeshapes.Contents(seed=0), progress=False)
    before = content(tmp_path / "ShapeNet_pointclouds")
    freeshapes.make_dataset(tmp_path, freeshapes.Contents(seed=1), progress=False)
    after = content(tmp_path / "ShapeNet_pointclouds")
    assert before.keys() == after.keys() and all(before[name] != after[name] for name in before)


def test_a_limited_data_set_keeps_every_object_on_its_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(freeshapes, "_render_all", lambda *_: None)
    made = freeshapes.make_dataset(tmp_path, freeshapes.Contents(limit=1), progress=False)
    small = splits.read(tmp_path)
    groups = {f"{row['synset']}/{row['id']}": row["duplicate_group"] for row in freeshapes.attribution()}
    whole = splits.official(groups)
    for side in splits.SIDES:
        names = getattr(small, side)
        assert names and set(names) <= set(getattr(whole, side))
        assert len({name.split("/")[0] for name in names}) == len(names), "one of each class"
    assert made["models"] == len(small.train + small.val + small.test) < 40
    with pytest.raises(ValueError, match="at least 1"):
        freeshapes.make_dataset(tmp_path, freeshapes.Contents(limit=0), progress=False)


def test_a_missing_asset_says_how_to_get_it_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LMNET_ROOT", str(tmp_path))
    freeshapes.load_meshes.cache_clear()
    with pytest.raises(FileNotFoundError, match="git checkout data/freeshapes/source"):
        freeshapes.load_meshes()


# --------------------------------------------------------------------------------------------------------- splits
def all_groups() -> dict[str, str]:
    with open(freeshapes.source_dir() / "ATTRIBUTION.csv", newline="", encoding="utf-8") as file:
        return {f"{row['synset']}/{row['id']}": row["duplicate_group"] for row in csv.DictReader(file)}


def test_official_split_has_shapenets_counts() -> None:
    """ShapeNet's chairs: 5,422 and 1,356; a tenth of the training ids validates."""
    ids = [f"{CHAIR}/{hashlib.md5(str(i).encode()).hexdigest()}" for i in range(6778)]
    split = splits.official(dict.fromkeys(ids, ""))
    assert len(split.train) + len(split.val) == 5422 and len(split.test) == 1356 and len(split.val) == 542
    assert split.train + split.val + split.test == sorted(ids)


def test_official_split_without_groups_follows_the_rule_class_by_class() -> None:
    split = splits.official(dict.fromkeys(all_groups(), ""))
    assert len(split.test) == 55
    assert [name for name in split.test if name.startswith(CLASSES["airplane"])], "one of one is a test object"
    for synset in CLASSES.values():
        ids = sorted(name for name in all_groups() if name.startswith(synset))
        n = int(0.8 * len(ids))
        assert sorted(m for m in split.train + split.val if m.startswith(synset)) == ids[:n]


@pytest.mark.parametrize("rule", [splits.official, splits.drawn_60_20_20])
def test_near_duplicates_stay_together_and_nothing_is_lost(rule) -> None:
    groups = all_groups()
    split = rule(groups)
    side_of = {name: side for side in splits.SIDES for name in getattr(split, side)}
    assert sorted(split.train + split.val + split.test) == sorted(groups) and len(side_of) == 243
    named = {group for group in groups.values() if group}
    assert len(named) >= 5
    for group in named:
        members = sorted(name for name in groups if groups[name] == group)
        assert len(members) > 1 and len({side_of[name] for name in members}) == 1
    assert rule(groups) == split, "drawn once"


def test_60_20_20_has_its_proportions() -> None:
    split = splits.drawn_60_20_20({f"{CHAIR}/{i:04d}": "" for i in range(1000)})
    assert (len(split.train), len(split.val), len(split.test)) == (600, 200, 200)


def test_files_are_nested_checksummed_and_read_back(tmp_path: Path) -> None:
    groups = all_groups()
    for name, rule in (("official", splits.official), ("60-20-20", splits.drawn_60_20_20)):
        splits.write(tmp_path, name, rule(groups), copies=2)
        whole, three, chair = (splits.read(tmp_path, name, group) for group in ("13", "3", "chair"))
        for side in splits.SIDES:
            chairs = [model for model in getattr(whole, side) if model.startswith(CHAIR)]
            assert getattr(chair, side) == chairs and set(chairs) <= set(getattr(three, side)) <= set(
                getattr(whole, side)
            )
        assert len({whole.checksum, three.checksum, chair.checksum}) == 3
    before = splits.read(tmp_path).checksum
    splits.write(tmp_path, "official", splits.official(groups), copies=1)
    assert splits.read(tmp_path).checksum != before


def test_reading_a_split_names_what_is_wrong(tmp_path: Path, kit_folders: Path) -> None:
    with pytest.raises(FileNotFoundError, match="01_data_preparation"):
        packs.read_split("freeshapes")
    with pytest.raises(ValueError, match="60-20-20"):
        splits.read(tmp_path, "80-20")
    splits.write(tmp_path, "official", splits.Split([f"{CHAIR}/a"], [], []))
    (tmp_path / "splits/official/13/train.txt").write_text("chair/a\n")
    with pytest.raises(ValueError, match="synset/model"):
        splits.read(tmp_path)


SCRIPT = """
import sys
from pathlib import Path
from lmnet_utils.data import freeshapes

rows = [row for row in freeshapes.attribution() if row["class"] == "chair"][:3]
freeshapes.attribution = lambda: rows
print("main", flush=True)
freeshapes.make_dataset(Path(sys.argv[1]), workers=2, progress=False)
"""


def test_a_script_without_a_guard_makes_the_data_set(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    environment = {**os.environ, "PYTHONPATH": str(paths.project_root())}
    command = [sys.executable, "script.py", str(tmp_path / "made")]
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (0, "main\n"), result.stderr
    assert len(list((tmp_path / "made").glob("ShapeNetRendering/*/*/rendering/23.png"))) == 3


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_an_interrupted_make_keeps_what_is_finished(tmp_path: Path) -> None:
    script = SCRIPT.replace("[:3]", "[:20]")
    (tmp_path / "script.py").write_text(script)
    environment = {**os.environ, "PYTHONPATH": str(paths.project_root())}
    command = [sys.executable, "script.py", str(tmp_path / "made")]
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, start_new_session=True)
    finished = "ShapeNetRendering/*/*/rendering"
    deadline = time.monotonic() + 180
    while not list((tmp_path / "made").glob(finished)) and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)  # Ctrl-C
    errors = process.communicate(timeout=60)[1].decode()
    kept = list((tmp_path / "made").glob(finished))
    assert process.returncode and "KeyboardInterrupt" in errors, errors
    assert 1 <= len(kept) < 20 and all(len(list(folder.iterdir())) == 25 for folder in kept)
