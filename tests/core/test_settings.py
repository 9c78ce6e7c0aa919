"""Settings: what they refuse and how they say it, and that the notebooks' parameters cells, the classes and the plan agree."""

from __future__ import annotations

import ast
import typing
from pathlib import Path
from typing import Any

import pytest

from lmnet_utils.core import curve_settings, notebook_settings, paths, settings
from lmnet_utils.core.notebook_settings import AutoencoderSettings, DataSettings, EncoderSettings, FigureSettings
from lmnet_utils.core.settings import DatasetName, Settings, SettingsError, check_value
from lmnet_utils.data import splits, taxonomy
from lmnet_utils.run import cli, plans, profiles

NOTEBOOKS = sorted(path.stem for path in profiles.notebook_path("x").parent.glob("[0-9]*.ipynb"))
OWN = {
    "01_data_preparation": DataSettings,
    "02_autoencoder_training": AutoencoderSettings,
    "03_encoder_l1": EncoderSettings,
    "04_encoder_l2": EncoderSettings,
    "05_encoder_probabilistic": EncoderSettings,
    "06_inference": notebook_settings.InferenceSettings,
    "07_rendering": FigureSettings,
    "08_evaluation": notebook_settings.EvaluationSettings,
    "09_explorer": notebook_settings.ExplorerSettings,
    "10_pix3d": notebook_settings.Pix3DSettings,
    "11_own_photo": notebook_settings.PhotoSettings,
    "12_strong_variant": notebook_settings.StrongSettings,
    "13_how_much_data": curve_settings.CurveSettings,
    "14_posteriors": notebook_settings.PosteriorSettings,
}
AUTOENCODER = {
    "run": "test", "dataset": "boxes", "split": "official", "classes": "13", "seed": 0, "device": "cpu",
    "precision": "fp32", "epochs": 2, "batch_size": 8, "learning_rate": 3e-4, "schedule": "one_cycle", "augment": True,
    "initial_weights": None, "weight_decay": 0.0, "loss": "paper", "input_points": 256,
}  # fmt: skip


def problems(**changes: Any) -> str:
    with pytest.raises(SettingsError) as caught:
        AutoencoderSettings(**{**AUTOENCODER, **changes})
    return str(caught.value)


# ---------------------------------------------------------------------------------------------------- values and messages
@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("epochs", -3, "expected at least 1, found -3 (int)"),
        ("epochs", "3", "expected a whole number, found '3' (str)"),
        ("epochs", True, "expected a whole number, found True (bool)"),
        ("epochs", 3.0, "expected a whole number, found 3.0 (float)"),
        ("learning_rate", True, "expected a number, found True (bool)"),
        ("learning_rate", 0, "expected more than 0, found 0 (int)"),
        ("learning_rate", float("inf"), "expected a finite number, found inf (float)"),
        ("augment", 1, "expected True or False, found 1 (int)"),
        ("classes", "13,,x", "expected '13', '3' or 'chair', found '13,,x' (str)"),
        ("classes", 13, "found 13 (int)"),
        ("split", "80-20", "expected 'official', '60-20-20', 'fold-1-of-5', "),
        ("device", "abacus", "expected 'auto', 'cpu', 'cuda'"),
        ("seed", -1, "expected at least 0, found -1 (int)"),
        ("run", "../escape", "expected 1 to 64 letters"),
        ("dataset", "", "expected 1 to 64 letters, digits and -_."),
        ("dataset", "x" * 300, f"found '{'x' * 49}… (str of 300)"),
        ("dataset", 7, 'expected text, found 7 (int); write "7" in quotes'),
        ("initial_weights", 3, "expected text, or None, found 3 (int)"),
        ("initial_weights", "a/" + "x" * 300, "expected a path of parts of at most 200 characters, or None"),
    ],
)
def test_a_wrong_value_is_named_with_what_was_expected_and_where_to_change_it(name, value, expected) -> None:
    (line,) = problems(**{name: value}).splitlines()
    assert line.startswith(f"AutoencoderSettings.{name}: ") and expected in line
    assert line.endswith("Change it in the parameters cell or the profile.")


def test_every_problem_has_a_line_of_its_own() -> None:
    lines = problems(epochs=0, epoch=3, loss="emd").splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "AutoencoderSettings.epochs",
        "AutoencoderSettings.loss",
        "AutoencoderSettings.epoch",
    ]
    assert "no such setting (did you mean 'epochs'?)" in lines[2]


def test_an_int_stands_for_a_float_and_nothing_else_is_converted() -> None:
    made = AutoencoderSettings(**{**AUTOENCODER, "learning_rate": 1})
    assert type(made.learning_rate) is float
    assert made.as_dict() == {**AUTOENCODER, "learning_rate": 1.0}
    with pytest.raises(ValueError, match="frozen"):
        made.epochs = 3
    assert made.but(epochs=3).epochs == 3
    with pytest.raises(SettingsError, match="at least 1"):
        made.but(epochs=0)


@pytest.mark.parametrize("name", ["own", "Own_2", "60-20", "a.b", "x" * 64, "_"])
def test_names_of_data_sets(name: str) -> None:
    check_value("name", DatasetName, name)


@pytest.mark.parametrize("name", ["", ".", "..", ".own", "-own", "a/b", "a\\b", "a b", "ä", "a\n", "x" * 65])
def test_what_names_no_folder_is_no_name_of_a_data_set(name: str) -> None:
    with pytest.raises(SettingsError, match="name: expected 1 to 64 letters"):
        check_value("name", DatasetName, name)


# --------------------------------------------------------------------------------------------------------- from a notebook
def test_settings_are_taken_from_a_namespace_and_other_names_left_alone() -> None:
    names = {**AUTOENCODER, "__name__": "__main__", "time": 3, "loss_curve": [1]}
    assert AutoencoderSettings.from_mapping(names) == AutoencoderSettings(**AUTOENCODER)
    assert AutoencoderSettings.from_mapping(names, loss="port").loss == "port"
    del names["epochs"], names["loss"]
    with pytest.raises(SettingsError) as caught:
        AutoencoderSettings.from_mapping(names)
    assert [name for name, _ in caught.value.problems] == ["epochs", "loss"]
    assert "AutoencoderSettings.epochs: is missing" in str(caught.value)


def test_settings_within_settings_are_taken_under_their_plain_names() -> None:
    counts = {"run": "r", "objects": 1, "sampled_objects": 1, "turntable_frames": 4, "turntable_size": 128}
    made = FigureSettings.from_mapping({**counts, "turntable_class": "sofa", "zoom": 2})
    assert made.render == notebook_settings.RenderSettings(zoom=2.0)
    assert made.as_dict()["render"]["zoom"] == made.flat()["zoom"] == 2.0
    with pytest.raises(SettingsError) as caught:
        FigureSettings.from_mapping({**counts, "turntable_class": "horse", "zoom": "x", "color": [0, 2, 0]})
    assert [name for name, _ in caught.value.problems] == ["turntable_class", "color[1]", "zoom"]


def test_choices_are_those_of_the_rest_of_the_kit() -> None:
    assert typing.get_args(settings.Classes) == tuple(taxonomy.GROUPS)
    assert typing.get_args(settings.ClassName) == tuple(taxonomy.CLASSES)
    assert typing.get_args(settings.Split) == (*splits.SPLITS, *splits.FOLDS, splits.PORT, *splits.UNSEEN)


@pytest.mark.parametrize("stem", NOTEBOOKS)
def test_parameters_cell_and_settings_have_the_same_names_and_the_defaults_are_valid(stem: str) -> None:
    declared = profiles.read_declaration(profiles.notebook_path(stem))
    assert declared.settings is OWN[stem], "built by <Class>.from_mapping(globals()), without a parameter of its own"
    built = declared.build({})
    assert {name: built.flat()[name] for name in declared.defaults} == declared.defaults
    variant_ii = {"diversity_weight", "alpha", "penalty_angle"}
    closed = {"03_encoder_l1": variant_ii, "04_encoder_l2": {"loss", *variant_ii}, "07_rendering": {"background"}}
    closed["05_encoder_probabilistic"] = {"loss"}
    assert set(declared.settings.types()) - set(declared.defaults) == closed.get(stem, set())


@pytest.mark.parametrize("stem", NOTEBOOKS)
def test_no_cell_gives_a_settings_name_another_value(stem: str) -> None:
    """Else the settings cell, executed again, would take what a later cell has left."""
    declared = profiles.read_declaration(profiles.notebook_path(stem))
    taken = set(declared.settings.types()) - set(declared.fixed)
    for cell in profiles.read_notebook(profiles.notebook_path(stem))["cells"]:
        if not profiles.is_code(cell) or profiles.is_tagged(cell, "parameters"):
            continue
        module = ast.parse(cell["source"])
        inner = (ast.FunctionDef, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
        local = {node for scope in ast.walk(module) if isinstance(scope, inner) for node in ast.walk(scope)}
        stored = {
            node.id
            for node in ast.walk(module)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node not in local
        }
        assert not stored & taken, cell["source"]


# ------------------------------------------------------------------------------------------------------------- the plan
@pytest.mark.parametrize("flag", [["--dry-run"], []])
def test_the_plan_finds_every_wrong_value_at_once_and_nothing_is_written(
    kit_folders: Path, capsys: pytest.CaptureFixture[str], flag: list[str]
) -> None:
    wrong = {
        "02.epochs=-3": "02_autoencoder_training: parameter epochs: expected at least 1, found -3",
        "all.classes=13,,x": "08_evaluation: parameter classes: expected '13', '3' or 'chair', found '13,,x'",
        f"01.dataset={'x' * 300}": "01_data_preparation: parameter dataset: expected 1 to 64 letters",
        "06.dataset=": "06_inference: parameter dataset: expected 1 to 64 letters",
        "05.diversity_weight=[0.5, x]": "05_encoder_probabilistic: parameter diversity_weight: expected a number, found 'x'",
        "03.width=0.3": "03_encoder_l1: parameter width: expected one of 1.0, 0.5, 0.25, found 0.3",
        "04.autoencoder=[a, true]": "04_encoder_l2: parameter autoencoder: expected text, or None, found True",
        "07.radius=0.4": "07_rendering: radius=0.4 at zoom=1.8: expected at most 0.5",
        "09.weights_run=../x": "09_explorer: parameter weights_run: expected 1 to 64 letters",
        "10.yaw=45": "10_pix3d: parameter yaw: expected 0, 90, 180 or 270, or None, found 45",
        "11.photos=[]": "11_own_photo: parameter photos: expected at least 1 in the list",
    }
    options = [word for text in wrong for word in ("--set", text)]
    assert cli.main(["run", "quickstart", *flag, *options]) == 2
    said = capsys.readouterr().err
    for line in wrong.values():
        assert line in said
    assert [path for path in kit_folders.rglob("*") if path.is_file()] == []


def test_the_plan_gives_the_very_values_that_the_notebook_builds(kit_folders: Path) -> None:
    chosen = ["05.diversity_weight=[0, 2]", "05.classes=13", "07.zoom=2", "02.initial_weights=null"]
    chosen += ["05.initial_weights=null", "03.initial_weights=null", "04.initial_weights=null"]
    steps = plans.plan_steps(profiles.load_profile("smoke"), "trial", [*chosen, *(
        f"{number}.weights_run=null" for number in ("09", "10", "11")
    )])  # fmt: skip
    for step in steps:
        declared = profiles.read_declaration(profiles.notebook_path(step.notebook))
        built = declared.settings.from_mapping(step.values, **declared.fixed).flat()
        assert {name: (built[name], type(built[name])) for name in step.parameters} == {
            name: (value, type(value)) for name, value in step.parameters.items()
        }
    variants = [step for step in steps if step.notebook == "05_encoder_probabilistic"]
    assert [(step.parameters["diversity_weight"], step.key.partition("--")[2]) for step in variants] == [
        (0.0, "diversity_weight=0"),
        (2.0, "diversity_weight=2"),
    ]
    assert all(step.parameters["classes"] == "13" for step in variants)


def test_settings_of_a_notebook_that_cannot_be_read_are_a_problem_of_the_plan(tmp_path, monkeypatch) -> None:
    import nbformat

    monkeypatch.setenv("LMNET_ROOT", str(tmp_path))
    folder = paths.notebooks_root()
    (folder / "profiles").mkdir(parents=True)
    v4 = nbformat.v4
    for stem, source in {"01_a": "from nowhere import X\nX.from_mapping(globals())", "02_b": "1"}.items():
        cell = v4.new_code_cell("number: Strange = 1", metadata={"tags": ["parameters"]})
        nbformat.write(v4.new_notebook(cells=[cell, v4.new_code_cell(source)]), folder / f"{stem}.ipynb")
    (folder / "profiles" / "own.yaml").write_text("notebooks: {01_a: , 02_b: }")
    with pytest.raises(profiles.ProfileError) as caught:
        plans.plan_steps(profiles.load_profile("own"), "own")
    assert "01_a: its settings cannot be read: No module named 'nowhere'" in str(caught.value)
    assert "02_b: its settings cannot be read: " in str(caught.value) and "Strange" in str(caught.value)


def test_plain_kinds_of_a_type() -> None:
    assert settings.kinds_of(settings.Count | None) == {int, type(None)}
    assert settings.kinds_of(list[str] | None) == {list, type(None)}
    assert settings.kinds_of(settings.Classes) == {str}
    assert issubclass(SettingsError, ValueError) and issubclass(DataSettings, Settings)


def test_what_leaves_a_step_of_the_strong_variant_out_differs_in_that_alone(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("LMNET_TRAINED_MODELS", str(tmp_path))
    declared = profiles.read_declaration(profiles.notebook_path("12_strong_variant")).defaults
    strong = notebook_settings.StrongSettings(**declared)
    assert strong.within(16).real_objects == 16 and strong.within(5_000) == strong, "a small collection has fewer"
    assert strong.but(real_objects=None).within(16).real_objects is None
    assert strong.of_autoencoder().initial_weights == strong.autoencoder
    assert strong.of_autoencoder().run != strong.run, "the reproduction's autoencoder stays what it is"
    full = strong.of_encoder("l1").as_dict()
    for left_out, expected in (
        ("emd", {"run", "autoencoder"}),
        ("features", {"run", "architecture", "width"}),
        ("photographs", {"run", "photographs"}),
    ):
        other = strong.of_encoder("l1", without=left_out).as_dict()
        assert {name for name in full if full[name] != other.get(name)} == expected and set(other) <= set(full)
    assert full["autoencoder"] == str(tmp_path / "quickstart-strong" / "autoencoder")
    assert strong.of_encoder("end_to_end", start=tmp_path / "a").initial_weights == str(tmp_path / "a")
