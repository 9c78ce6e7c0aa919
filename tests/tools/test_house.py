"""The picture of the package, its contract, and the checksums that show that a change changed no result."""

from __future__ import annotations

import json

import checksums
import draw_house

from lmnet_utils.run.colab import read_pyproject


def test_the_picture_shows_every_module_on_the_floors_of_the_contract() -> None:
    contracts = read_pyproject()["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["name"] == "floors")
    assert [name.removeprefix("lmnet_utils.") for name in layers] == list(draw_house.FLOORS)[::-1]
    assert draw_house.absent() == [], "draw it again: python tools/draw_house.py"
    rooms = {path.name for path in (draw_house.ROOT / draw_house.PACKAGE).iterdir() if (path / "__init__.py").is_file()}
    assert rooms == set(draw_house.FLOORS)


def test_checksums_see_results_and_neither_times_nor_machines(tmp_path) -> None:
    def write(folder: str, chamfer: float, seconds: float) -> list[tuple[str, str]]:
        (tmp_path / folder / "run").mkdir(parents=True)
        results = {"chamfer": chamfer, "training_s": seconds, "history": [{"loss": 1.0, "seconds": seconds}]}
        record = {"created": str(seconds), "results": results}
        (tmp_path / folder / "run" / "metrics.json").write_text(json.dumps(record))
        (tmp_path / folder / "run" / "cloud.npy").write_bytes(b"points")
        return checksums.each_file(tmp_path / folder / "run")

    first, again, other = write("a", 8.0, 1.0), write("b", 8.0, 2.0), write("c", 8.1, 1.0)
    assert first == again and [name for name, _ in first] == ["run/cloud.npy", "run/metrics.json"]
    assert first[0] == other[0] and first[1] != other[1]
