"""Programs of shapes: what is drawn, what is made of it, and what a data set with them holds."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from lmnet_utils.core import cache
from lmnet_utils.data import freeshapes, layout, packs, splits
from lmnet_utils.data.programs import catalogue
from lmnet_utils.data.programs.parameters import OneOf, Palette, Program, Uniform, colour, one_of, uniform
from lmnet_utils.data.programs.parts import Part, box
from lmnet_utils.data.programs.pictures import program_pictures
from lmnet_utils.data.taxonomy import CLASSES

DRAWN = 12


@dataclasses.dataclass(frozen=True, kw_only=True)
class Crate(Program):
    kind: str = one_of("low", "high", shares=(3, 1))
    boards: int = one_of(1, 2, 3)
    width: float = uniform(0.5, 2.0)
    paint: tuple[float, float, float] = colour("oak", "black")

    def parts(self) -> list[Part]:
        return [box((1, 1 if self.kind == "low" else 2, self.width), colour=self.paint)]


# ------------------------------------------------------------------------------------------------------ what is drawn
def test_parameters_are_drawn_from_their_distributions() -> None:
    random = np.random.RandomState(0)
    crates = [Crate.draw(random) for _ in range(4000)]
    widths = np.array([crate.width for crate in crates])
    assert 0.5 <= widths.min() < 0.51 and 1.99 < widths.max() <= 2.0
    assert np.histogram(widths, 4, (0.5, 2))[0] == pytest.approx(1000, abs=110)  # 4 standard deviations
    assert sum(crate.kind == "low" for crate in crates) == pytest.approx(3000, abs=110)
    assert Counter(crate.boards for crate in crates).keys() == {1, 2, 3}
    light = np.array([crate.paint for crate in crates]).mean(axis=1)
    assert (light < 0.2).any() and (light > 0.4).any() and all(0 <= c <= 1 for crate in crates for c in crate.paint)


def test_one_parameter_can_be_changed_and_the_object_is_the_same_in_all_else() -> None:
    crate = Crate.draw(np.random.RandomState(3))
    other = dataclasses.replace(crate, width=0.5)
    assert dataclasses.replace(other, width=crate.width) == crate
    assert (
        Crate(**json.loads(json.dumps(dataclasses.asdict(crate)))).mesh().vertices.tolist()
        == crate.mesh().vertices.tolist()
    )


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"width": 3.0}, r"Crate: width=3.0; expected a number from 0.5 to 2"),
        ({"width": "wide"}, "expected a number"),
        ({"kind": "middle"}, "one of 'low', 'high'"),
        ({"paint": (0.5, 2.0, 0.5)}, "RGB"),
    ],
)
def test_a_value_that_is_never_drawn_is_refused(wrong: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        dataclasses.replace(Crate.draw(np.random.RandomState(0)), **wrong)  # type: ignore[arg-type]


def test_a_mesh_is_scaled_as_the_data_sets_meshes_are() -> None:
    mesh = Crate(kind="high", boards=1, width=2.0, paint=(1.0, 0.5, 0.0)).mesh()
    assert np.ptp(mesh.vertices, axis=0) == pytest.approx([1 / 3, 2 / 3, 2 / 3], abs=2e-6)
    assert mesh.vertices.max(axis=0) == pytest.approx(-mesh.vertices.min(axis=0), abs=2e-6)
    assert (mesh.colours == (255, 128, 0)).all() and mesh.colours.dtype == np.uint8


# ------------------------------------------------------------------------------------------------- the 13 classes
@pytest.mark.parametrize("category", CLASSES)
def test_every_program_has_eight_continuous_and_three_discrete_parameters(category: str) -> None:
    for program in catalogue.programs_of(category):
        kinds = Counter(type(distribution) for distribution in program.distributions().values())
        assert kinds[Uniform] >= 8 and kinds[OneOf] >= 3 and kinds[Palette] >= 1, program.__name__
        assert program.__doc__ and not program.__doc__.startswith(f"{program.__name__}("), (
            f"{program.__name__}: say what it is"
        )


@pytest.mark.parametrize("category", CLASSES)
def test_meshes_of_a_class_are_sound_and_differ(category: str) -> None:
    programs = catalogue.programs_of(category)
    extents = []
    for program in programs:
        for k in range(max(4, DRAWN // len(programs))):
            mesh = program.draw(np.random.RandomState(k)).mesh()
            what = f"{program.__name__}, RandomState({k})"
            low, high = mesh.vertices.min(axis=0), mesh.vertices.max(axis=0)
            assert np.isfinite(mesh.vertices).all(), what
            assert np.linalg.norm(high - low) == pytest.approx(1, abs=1e-4) and np.abs(low + high).max() < 1e-4, what
            assert mesh.faces.min() == 0 and mesh.faces.max() == len(mesh.vertices) - 1, what
            assert 12 <= len(mesh.faces) <= 12_000, what
            assert mesh.colours.shape == mesh.faces.shape, what
            extents.append(tuple((high - low).round(3)))
    assert len(set(extents)) == len(extents), "two draws have the same extents"


def test_an_object_is_its_class_and_seed_whatever_the_process() -> None:
    """Drawn in a process of its own, which has hashed and drawn nothing before, every class gives the same bytes."""
    code = (
        "import hashlib; from lmnet_utils.data.programs import catalogue\n"
        "for name in catalogue.SHARES:\n"
        "    mesh = catalogue.draw(name, 5).mesh()\n"
        "    print(name, hashlib.sha256(mesh.vertices.tobytes() + mesh.faces.tobytes() + mesh.colours.tobytes()).hexdigest())"
    )
    np.random.seed(1)
    other = dict(line.split() for line in subprocess.check_output([sys.executable, "-c", code], text=True).splitlines())
    assert set(other) == set(CLASSES)
    for name, digest in other.items():
        mesh = catalogue.draw(name, 5).mesh()
        own = hashlib.sha256(mesh.vertices.tobytes() + mesh.faces.tobytes() + mesh.colours.tobytes()).hexdigest()
        assert own == digest, name
        assert catalogue.draw(name, 5) == catalogue.drawn_as(catalogue.object_id(name, 5)) != catalogue.draw(name, 6)


def test_the_legacy_stream_that_objects_rest_on_is_the_one_that_numpy_froze() -> None:
    """MT19937 seeded by an array: the first words of its authors' published test output (mt19937ar.out)."""
    stream = np.random.RandomState(np.array([0x123, 0x234, 0x345, 0x456], np.uint32))
    words = stream.randint(0, 2**32, 5, dtype=np.uint32)
    assert words.tolist() == [1067595299, 955945823, 477289528, 4107218783, 4228976476]


@pytest.mark.parametrize("category", ["Chair", "cahir", ""])
def test_an_unknown_class_is_refused(category: str) -> None:
    with pytest.raises(ValueError, match="class"):
        catalogue.draw(category, 0)


@pytest.mark.parametrize("model", ["program_chair", "program_chair_12", "17f9baac22d3", "program_cahir_0000001"])
def test_a_name_that_no_object_has_is_refused(model: str) -> None:
    with pytest.raises(ValueError, match="program_chair_0000007|expected one of"):
        catalogue.drawn_as(model)


def test_more_objects_are_the_same_ones_and_others() -> None:
    few, many = catalogue.listed(100), catalogue.listed(2000)
    assert many[:100] == few and len(set(many)) == 2000
    counts = layout.classes_in(many)
    total = sum(catalogue.SHARES.values())
    assert set(counts) == set(CLASSES)
    assert all(abs(counts[name] - 2000 * share / total) <= share for name, share in catalogue.SHARES.items())
    assert not set(many) & set(catalogue.listed(2000, seed=1))
    assert catalogue.listed(0) == []


def test_front_is_plus_x_where_a_class_has_a_back() -> None:
    """The highest points of chairs and sofas, their backs, lie behind; seats of benches with backs as well."""
    for name, least in (("chair", 0.7), ("sofa", 0.9)):
        behind = 0
        for seed in range(30):
            mesh = catalogue.draw(name, seed).mesh()
            top = mesh.vertices[mesh.vertices[:, 1] > mesh.vertices[:, 1].max() - 0.05]
            behind += top[:, 0].mean() < 0.02
        assert behind >= least * 30, name


# ---------------------------------------------------------------------------------------------- in the data set
@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two real chairs and 15 objects of programs, below <folder>/freeshapes."""
    root = tmp_path_factory.mktemp("made") / "freeshapes"
    chairs = [row for row in freeshapes.attribution() if row["class"] == "chair"][:2]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(freeshapes, "attribution", lambda: chairs)
        counts = freeshapes.make_dataset(root, freeshapes.Contents(programs=15), progress=False)
    assert counts == {"models": 2, "copies": 0, "programs": 15, "rendered": 17, "clouds": 17}
    return root


def test_objects_of_programs_are_for_training_alone(made: Path) -> None:
    expected = catalogue.listed(15)
    for name in splits.SPLITS:
        split = splits.read(made, name)
        assert [model for model in split.train if catalogue.is_program(model)] == sorted(expected)
        assert not any(map(catalogue.is_program, split.val + split.test))
    chairs = splits.read(made, "official", "chair").train
    assert [m for m in chairs if catalogue.is_program(m)] == sorted(
        m for m in expected if m.startswith(CLASSES["chair"])
    )


def test_the_parameters_are_kept_beside_the_clouds_and_make_the_object_again(made: Path) -> None:
    for model in catalogue.listed(15):
        record = json.loads((made / "ShapeNet_pointclouds" / model / freeshapes.PARAMETERS_FILE).read_text())
        programs = {program.__name__: program for program in catalogue.programs_of(layout.class_of(model))}
        again = programs[record["program"]](**record["parameters"]).mesh()
        name = model.split("/")[1]
        assert again.vertices.tolist() == freeshapes.mesh_of(name).vertices.tolist()
        cloud = np.load(made / "ShapeNet_pointclouds" / model / "pointcloud_2048.npy")
        assert cloud[:, 0].min() >= -again.vertices[:, 1].max() - 1e-6, "up is −x in the file"


def test_programs_are_made_on_and_kept(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chairs = [row for row in freeshapes.attribution() if row["class"] == "chair"][:2]
    monkeypatch.setattr(freeshapes, "attribution", lambda: chairs)
    assert freeshapes.make_dataset(made, freeshapes.Contents(programs=15), progress=False)["rendered"] == 0
    assert freeshapes.make_dataset(made, freeshapes.Contents(programs=16), progress=False)["rendered"] == 1
    assert freeshapes.make_dataset(made, freeshapes.Contents(programs=15), progress=False)["rendered"] == 0
    assert len(splits.read(made).train) == 15 + len([m for m in splits.read(made).train if "program" not in m])
    monkeypatch.setitem(cache.VERSIONS, "programs", cache.VERSIONS["programs"] + 1)
    counts = freeshapes.make_dataset(made, freeshapes.Contents(programs=15), progress=False)
    assert counts["rendered"] == counts["clouds"] == 15, (
        "another version of the programs makes its objects anew, and only those"
    )


def test_a_pack_holds_them_as_any_other_object(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LMNET_DATA", str(made.parent))
    pack = packs.open_pack("freeshapes", progress=False)
    model = catalogue.listed(15)[0]
    assert pack.images(pack.rows([model]), [0]).shape == (1, 3, 128, 128)
    assert model in packs.read_split("freeshapes").train


def test_pictures_show_the_object_on_light_grey() -> None:
    image = program_pictures("chair", [0])[0]
    assert image.shape == (137, 137, 3) and (image[0] == 235).all()
    assert (np.abs(image.astype(int) - 235).max(axis=-1) > 20).mean() > 0.05
