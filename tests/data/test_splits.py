"""Folds for cross-validation and parts of the training objects, on the embedded data set's names."""

from __future__ import annotations

import collections
import csv
from pathlib import Path

import pytest

from lmnet_utils.data import freeshapes, packs, splits
from lmnet_utils.data.programs.catalogue import listed
from lmnet_utils.data.splits import without_copies
from lmnet_utils.data.taxonomy import CLASSES


@pytest.fixture(scope="module")
def groups() -> dict[str, str]:
    with open(freeshapes.source_dir() / "ATTRIBUTION.csv", newline="", encoding="utf-8") as file:
        return {f"{row['synset']}/{row['id']}": row["duplicate_group"] for row in csv.DictReader(file)}


def per_class(models) -> collections.Counter:
    return collections.Counter(model.split("/")[0] for model in models)


# ---------------------------------------------------------------------------------------------------------------- folds
def test_every_object_is_tested_in_one_fold_and_near_duplicates_stay_together(groups):
    folds = splits.folds(groups)
    assert list(folds) == list(splits.FOLDS)
    assert sorted(model for split in folds.values() for model in split.test) == sorted(groups)
    for split in folds.values():
        assert sorted(split.train + split.val + split.test) == sorted(groups)
        side_of = {model: side for side in splits.SIDES for model in getattr(split, side)}
        for name in set(groups.values()) - {""}:
            assert len({side_of[model] for model in groups if groups[model] == name}) == 1
        assert 0.05 < len(split.val) / len(split.train) < 0.12
    assert splits.folds(dict(reversed(groups.items()))) == folds, "the order of the objects decides nothing"


def test_folds_are_alike_in_size_and_classes(groups):
    tests = [split.test for split in splits.folds(groups).values()]
    assert max(map(len, tests)) - min(map(len, tests)) <= 3
    largest_group = max(collections.Counter(name for name in groups.values() if name).values())
    for synset in per_class(groups):
        counts = [per_class(test)[synset] for test in tests]
        assert max(counts) - min(counts) <= largest_group
        if all(not groups[model] for model in groups if model.startswith(synset)):
            assert max(counts) - min(counts) <= 1


def test_a_made_data_set_has_folds_with_copies_and_programs_in_training_only(kit_folders: Path, monkeypatch):
    monkeypatch.setattr(freeshapes, "_render_all", lambda *_: None)
    root = kit_folders / "data" / "freeshapes"
    freeshapes.make_dataset(root, freeshapes.Contents(copies=1, limit=1, programs=3, folds=True), progress=False)
    everything = set()
    for name in splits.FOLDS:
        split = splits.read(root, name)
        held_out = split.val + split.test
        assert not any("-c" in model or "program_" in model for model in held_out)
        originals = splits.originals_of(split.train)
        assert (
            sum(original != model for model, original in originals.items()) == len(split.train) // 2 - 1
        )  # less programs
        assert set(listed(3)) <= set(split.train) and set(originals.values()).isdisjoint(held_out)
        everything |= set(split.train)
    clouds = {path.parent for path in root.glob("ShapeNet_pointclouds/*/*/pointcloud_2048.npy")}
    assert {root / "ShapeNet_pointclouds" / model for model in everything} <= clouds


def test_without_folds_the_data_set_is_what_it_was(kit_folders: Path, monkeypatch):
    monkeypatch.setattr(freeshapes, "_render_all", lambda *_: None)
    root = kit_folders / "data" / "freeshapes"
    freeshapes.make_dataset(root, freeshapes.Contents(copies=1, limit=1), progress=False)
    assert sorted(path.name for path in (root / "splits").iterdir()) == sorted(splits.SPLITS)
    with pytest.raises(FileNotFoundError, match="folds=True"):
        splits.read(root, "fold-2-of-5")


def test_of_an_unseen_class_nothing_is_trained_on_and_everything_real_is_tested(kit_folders: Path, monkeypatch, groups):
    monkeypatch.setattr(freeshapes, "_render_all", lambda *_: None)
    root = kit_folders / "data" / "freeshapes"
    freeshapes.make_dataset(root, freeshapes.Contents(copies=1, programs=26, folds=True), progress=False)
    official = splits.read(root)
    for name in ("chair", "watercraft", "rifle"):
        split = splits.read(root, f"unseen-{name}")
        assert split.test == sorted(model for model in groups if model.startswith(CLASSES[name]))
        for side in ("train", "val"):
            others = [model for model in getattr(official, side) if not model.startswith(CLASSES[name])]
            left = set(getattr(split, side))
            assert left <= set(others) and len(left) > 0.9 * len(others)
            assert {model for model in others if "program_" in model} <= left
        twins = {groups[model] for model in split.test} - {""}
        assert twins.isdisjoint(groups.get(model.partition("-c")[0], "") for model in split.train + split.val)
    twins = set(splits.read(root, "unseen-rifle").train) - set(splits.read(root, "unseen-chair").train)
    assert any(not model.startswith(CLASSES["chair"]) for model in twins), "chairs have twins in other classes"


# --------------------------------------------------------------------------------------------------------------- subset
def test_copies_are_those_of_another_object_in_the_list():
    models = ["1/a", "1/a-c1", "1/a-c12", "1/b-c1", "1/u9-c2-f", "1/c", "1/c-copy", "1/c-c"]
    assert without_copies(models) == ["1/a", "1/b-c1", "1/u9-c2-f", "1/c", "1/c-copy", "1/c-c"]


@pytest.fixture(scope="module")
def train(groups) -> list[str]:
    real = splits.official(groups).train
    return sorted([*real, *(f"{model}-c{k}" for model in real for k in (1, 2)), *listed(300)])


def test_fewer_objects_are_among_more_and_copies_go_with_their_originals(train):
    parts = [splits.subset(train, count, 0) for count in (1, 20, 45, 90, 179)]
    for count, smaller, larger in zip((1, 20, 45, 90, 179), parts, [*parts[1:], train], strict=True):
        assert len(without_copies(smaller)) == count and len(smaller) == 3 * count
        assert set(smaller) < set(larger) and smaller == sorted(smaller)
        assert {f"{model}-c{k}" for model in without_copies(smaller) for k in (1, 2)} < set(smaller)


@pytest.mark.parametrize("count", [20, 45, 90])
def test_each_class_has_its_share_of_the_first_objects(train, count):
    real = per_class(without_copies(splits.subset(train, None, 0)))
    found = per_class(without_copies(splits.subset(train, count, 0)))
    for synset, total in real.items():
        assert abs(found[synset] - count * total / 179) < 1.5


def test_programs_come_in_the_order_in_which_they_are_made(train):
    for count in (0, 1, 47, 100, 300):
        made = [model for model in splits.subset(train, 20, count) if "program_" in model]
        assert sorted(made) == sorted(listed(count))
    assert splits.subset(sorted(listed(30, seed=3)), None, 10) == sorted(listed(10, seed=3))
    assert splits.subset(train, None, None) == train


def test_more_than_there_are_is_refused(train):
    with pytest.raises(ValueError, match="real_objects=180: the training objects hold 179"):
        splits.subset(train, 180, None)
    with pytest.raises(ValueError, match="programs=301: the training objects hold 300"):
        splits.subset(train, 20, 301)


def test_a_class_groups_part_is_of_the_whole_groups_part(kit_folders, groups):
    root = kit_folders / "data" / "freeshapes"
    splits.write(root, "official", splits.official(groups), copies=1, made=listed(100))
    whole, chairs = (packs.read_split("freeshapes", "official", group, 45, 50) for group in ("13", "chair"))
    of_chairs = [model for model in whole.train if model.startswith(CLASSES["chair"])]
    assert chairs.train == of_chairs and 0 < len(of_chairs) < len(whole.train)
    everything = packs.read_split("freeshapes", "official", "chair")
    assert (chairs.val, chairs.test, chairs.checksum) == (everything.val, everything.test, everything.checksum)


def test_a_split_is_written_again_where_it_has_changed_and_only_there(tmp_path):
    models = [f"{CLASSES['chair']}/{name}" for name in "abc"]
    splits.write_group(tmp_path, "official", "13", splits.Split(models[:1], models[1:2], models[2:]))
    files = {side: tmp_path / "splits" / "official" / "13" / f"{side}.txt" for side in splits.SIDES}
    written = {side: file.stat().st_ino for side, file in files.items()}
    splits.write_group(tmp_path, "official", "13", splits.Split(models[:2], models[1:2], models[2:]))
    assert files["train"].read_text() == f"{models[0]}\n{models[1]}\n"
    assert [side for side in splits.SIDES if files[side].stat().st_ino != written[side]] == ["train"]
