"""The search for ambiguous images, on a program whose hidden parameters are known."""

from __future__ import annotations

import find_ambiguity
import pytest
from find_ambiguity import Search
from test_ambiguity_set import SCREEN, Screen

from lmnet_utils.data.programs import ambiguity
from lmnet_utils.evaluation.ambiguity import chamfer_above_floor


def test_hidden_parameters_are_found_and_variants_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ambiguity, "draw", lambda category, seed: SCREEN)
    monkeypatch.setattr(find_ambiguity, "TOGETHER", 12)
    seed = next(  # an object whose camera stands behind it
        seed
        for seed in range(ambiguity.FIRST_SEED, ambiguity.FIRST_SEED + 500)
        if abs(Search("chair", seed).image.camera[0] - 180) < 8
    )
    image = Search("chair", seed).run()
    changed = {name for variant in image.variants for name in variant.change}
    assert changed <= {"block", "kind"} and "block" in changed
    assert 2 <= len(image.variants) <= ambiguity.MOST_VARIANTS
    clouds = [image.cloud(variant, image.mesh(variant)) for variant in image.variants]
    apart = chamfer_above_floor(clouds)
    assert all(apart[i, j] >= ambiguity.LEAST_DISTANCE for i in range(len(clouds)) for j in range(i))
    assert Search("chair", seed).run() == image, "the same search twice"
    assert all(isinstance(Screen(**{**vars(SCREEN), **variant.change}), Screen) for variant in image.variants)


def test_the_choice_takes_turns_among_classes_and_a_quarter_leaves_nothing_open() -> None:
    def rows(category: str, count: int, variants: int) -> list[dict]:
        return [{"class": category, "seed": k + 100 * variants, "variants": [{}] * variants} for k in range(count)]

    found = rows("sofa", 30, 2) + rows("chair", 3, 1) + rows("car", 30, 0) + rows("lamp", 1, 0)
    picked = find_ambiguity.chosen(found, 20)
    assert len(picked) == 20 and sum(not row["variants"] for row in picked) == 5
    by_class = {
        name: [row["seed"] for row in picked if row["class"] == name] for name in ("sofa", "chair", "car", "lamp")
    }
    assert {name: len(seeds) for name, seeds in by_class.items()} == {"sofa": 12, "chair": 3, "car": 4, "lamp": 1}
    assert by_class["sofa"] == list(range(200, 212)), "the first seeds of a class"
