"""Objaverse's meshes from a server on this machine with its layout: licences, faults, going on."""

from __future__ import annotations

import csv
import gzip
import json

import pytest
import trimesh
from loopback import File, Loopback

from lmnet_utils.data import objaverse, transfer
from lmnet_utils.data.layout import find_objects
from lmnet_utils.data.meshes import import_meshes
from lmnet_utils.run import cli

LICENCES = ["by", "by-nc", "cc0", "by-sa", "by-nc-nd", "by"]


def packed(content) -> File:
    return File(gzip.compress(json.dumps(content).encode()))


@pytest.fixture
def server(monkeypatch):
    """Six chairs and six boats (boxes of different sides) in two files of descriptions."""
    monkeypatch.setattr(transfer, "FIRST_WAIT_S", 0.01)
    with Loopback() as running:
        places, labels, shards = {}, {"chair": [], "boat": [], "zebra": ["z0"]}, {"000-001": {}, "000-002": {}}
        for k, label in enumerate(("chair", "boat")):
            for i, licence in enumerate(LICENCES):
                uid, shard = f"{label}{i}", f"000-00{1 + i % 2}"
                places[uid] = f"glbs/{shard}/{uid}.glb"
                labels[label].append(uid)
                shards[shard][uid] = {
                    "name": f"My {label} {i}",
                    "license": licence,
                    "user": {"username": "ann", "displayName": "Ann"},
                    "viewerUrl": f"https://example.org/{uid}",
                }
                box = trimesh.creation.box([1 + 0.1 * i, 1 + k, 0.5 + 0.05 * i])
                running.files[f"/{places[uid]}"] = File(box.export(file_type="glb"))
        running.files["/lvis-annotations.json.gz"] = packed(labels)
        running.files["/object-paths.json.gz"] = packed(places)
        running.files |= {f"/metadata/{name}.json.gz": packed(content) for name, content in shards.items()}
        monkeypatch.setattr(objaverse, "ADDRESS", running.url)
        yield running


def meshes(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.glob("*/*.glb"))


def test_free_licences_alone_with_their_authors(server, tmp_path):
    found = objaverse.fetch_objaverse(["chair", "watercraft"], 10, folder=tmp_path, quiet=True)
    free = {
        f"{folder}/{label}{i}.glb"
        for folder, label in (("chair", "chair"), ("watercraft", "boat"))
        for i in (0, 2, 3, 5)
    }
    assert set(meshes(tmp_path)) == free
    assert found.counts == {"chair": 4, "watercraft": 4}
    assert found.left_out == {"licence CC BY-NC 4.0": 2, "licence CC BY-NC-ND 4.0": 2}
    with open(tmp_path / "attribution.csv", newline="") as stream:
        rows = {row["file"]: row for row in csv.DictReader(stream)}
    assert rows.keys() == free
    assert rows["watercraft/boat2.glb"] == {
        "file": "watercraft/boat2.glb", "class": "watercraft", "label": "boat", "title": "My boat 2", "author": "Ann",
        "licence": "CC0 1.0", "address": "https://example.org/boat2",
    }  # fmt: skip
    everything = objaverse.fetch_objaverse(["chair"], 10, folder=tmp_path, all_licences=True, quiet=True)
    assert everything.counts["chair"] == 6


def test_few_are_among_many_and_nothing_is_fetched_twice(server, tmp_path):
    objaverse.fetch_objaverse(["chair"], 2, folder=tmp_path, quiet=True)
    few = meshes(tmp_path)
    assert len(few) == 2
    server.requests.clear()
    objaverse.fetch_objaverse(["chair"], 4, folder=tmp_path, quiet=True)
    assert set(few) < set(meshes(tmp_path))
    asked = [request.path for request in server.requests]
    assert len([path for path in asked if path.endswith(".glb")]) == 2
    assert "/lvis-annotations.json.gz" not in asked
    with open(tmp_path / "attribution.csv") as stream:
        assert len(stream.readlines()) == 5


def test_one_bad_mesh_costs_that_mesh(server, tmp_path):
    server.files["/glbs/000-001/chair0.glb"].status = 404
    server.files["/glbs/000-001/chair2.glb"].content = server.files["/glbs/000-001/chair2.glb"].content[:-7]
    cut = server.files["/glbs/000-002/chair3.glb"]
    cut.cuts = [50]  # breaks off once, and goes on
    found = objaverse.fetch_objaverse(["chair"], 10, folder=tmp_path, quiet=True)
    assert meshes(tmp_path) == ["chair/chair3.glb", "chair/chair5.glb"]
    assert (tmp_path / "chair/chair3.glb").read_bytes() == cut.content
    assert found.left_out["not found"] == 1 and found.left_out["GLB cut off"] == 1
    assert not list(tmp_path.rglob("*.part"))


def test_a_server_that_is_gone_ends_the_download_and_what_came_is_kept(server, tmp_path):
    objaverse.fetch_objaverse(["chair"], 1, folder=tmp_path, quiet=True)
    for path, file in server.files.items():
        if path.endswith(".glb"):
            file.status = 404
    objaverse_patience = objaverse.PATIENCE
    with pytest.raises(objaverse.ObjaverseError, match=f"{objaverse_patience} meshes in a row"):
        objaverse.fetch_objaverse(["chair"], 9, folder=tmp_path, all_licences=True, quiet=True)
    assert len(meshes(tmp_path)) == 1
    assert len((tmp_path / "attribution.csv").read_text().splitlines()) == 2


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>", gzip.compress(b"[1]"), gzip.compress(b"{}")[:-9]],
    ids=["empty", "a page", "a list", "cut off"],
)
def test_a_damaged_list_is_named_and_fetched_again(server, tmp_path, content):
    server.files["/lvis-annotations.json.gz"].content, good = content, server.files["/lvis-annotations.json.gz"].content
    with pytest.raises(objaverse.ObjaverseError, match=r"lvis-annotations\.json\.gz"):
        objaverse.fetch_objaverse(["chair"], 1, folder=tmp_path, quiet=True)
    server.files["/lvis-annotations.json.gz"].content = good
    assert objaverse.fetch_objaverse(["chair"], 1, folder=tmp_path, quiet=True).counts["chair"] == 1


def test_from_the_command_to_a_data_set(server, kit_folders, capsys):
    assert cli.main(["download", "objaverse", "--classes", "chair,boats", "--limit", "2"]) == 2
    assert "boats" in capsys.readouterr().err
    command = ["download", "objaverse", "--classes", "chair,watercraft", "--limit", "2", "--quiet"]
    assert cli.main(command) == 2  # nobody accepts the terms
    assert "--yes" in capsys.readouterr().err
    assert cli.main([*command, "--yes"]) == 0
    output = capsys.readouterr().out
    assert "lmnet import-meshes" in output and "CC BY" in output
    import_meshes(kit_folders / "data" / "objaverse", "found", progress=False)
    assert len(find_objects("found")) == 4
