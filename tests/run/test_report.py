"""`report.html`: what is in it, that it holds everything itself, and that nothing a run contains can break out of it."""

from __future__ import annotations

import base64
import html.parser
import json
import re
import shutil
import struct
import zlib
from pathlib import Path

import pytest

from lmnet_utils.core import paths
from lmnet_utils.core.files import write_json
from lmnet_utils.run import cli, report, report_tables

ENVIRONMENT = {
    "python": "3.11.7",
    "platform": "Linux x86_64",
    "processor": "Test processor",
    "cores": 2,
    "gpu": None,
    "packages": {"torch": "2.12.1", "numpy": "2.3.0"},
    "git_commit": "0123456789abcdef",
    "git_dirty": True,
}
TABLE = [
    {
        "model": "sampling floor",
        "n_models": 55,
        "chamfer": 3.1,
        "chamfer_low": 2.9,
        "chamfer_high": 3.3,
        "forward": 1.5,
    },
    {"model": "L1", "n_models": 55, "chamfer": 10.456, "chamfer_low": 9.5, "chamfer_high": 11.5, "forward": None},
]
HISTORY = [
    {"epoch": 0, "validation_chamfer": 9.0, "learning_rate": 0.0, "seconds": 0.0},
    {"epoch": 1, "loss": 4.0, "validation_chamfer": 8.0, "learning_rate": 0.1, "seconds": 3.0},
    {"epoch": 2, "loss": 2.5, "validation_chamfer": 7.5, "learning_rate": 0.1, "seconds": 3.0},
]


def png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0\1\2\3")) + chunk(b"IEND", b"")
    )


def add_step(run: str, key: str, results: dict, *, status: str = "done", swept: dict | None = None, **record) -> Path:
    """Leave what an executed notebook and the runner leave."""
    notebook = key.partition("--")[0]
    folder = paths.runs_root() / run / key.replace("--", "/")
    folder.mkdir(parents=True)
    (folder / "some_figure.png").write_bytes(png())
    settings = record.pop("settings", {"epochs": 3, "augment": True, "limit": None})
    metrics = {"notebook": notebook, "settings": settings, "data": {"split": "official"}, "results": results}
    write_json(folder / "metrics.json", {**metrics, "environment": ENVIRONMENT, "wall_time_s": 61.0})
    path = paths.runs_root() / run / "steps.json"
    state = (
        json.loads(path.read_text()) if path.exists() else {"run": run, "profile": "tiny", "planned": [], "steps": {}}
    )
    state.update(description="A run for tests", updated="2026-01-02T03:04:05+00:00")
    relative = folder.relative_to(paths.runs_root()).as_posix()
    outputs = [f"runs/{relative}/metrics.json", f"runs/{relative}/some_figure.png", *record.pop("outputs", [])]
    state["planned"].append(key)
    state["steps"][key] = {
        "notebook": notebook, "status": status, "swept": swept or {}, "wall_s": 75.2, "outputs": outputs,
        "parameters": settings, "error": None, **record,
    }  # fmt: skip
    write_json(path, state)
    return folder


class _Page(html.parser.HTMLParser):
    """Reads a page as a browser would: tags with attributes, and the text between them."""

    VOID = {"meta", "img", "path", "circle", "polyline", "br"}

    def __init__(self, text: str):
        super().__init__()
        self.tags, self.texts, self.open = [], [], []
        self.feed(text)
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.texts.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def text(self):
        return re.sub(r"\s+", " ", " ".join(self.texts))


@pytest.fixture
def full_run(kit_folders) -> _Page:
    add_step("tiny", "01_data_preparation", {"images_per_s": 123456.0, "objects": {"train": 185, "test": 55}})
    model = paths.model_dir("tiny", "autoencoder")
    model.mkdir(parents=True)
    write_json(model / "metrics.json", {"settings": {}, "results": {"best_epoch": 2, "history": HISTORY}})
    outputs = ["trained_models/tiny/autoencoder/metrics.json"]
    add_step("tiny", "02_autoencoder_training", {"chamfer": 7.123456, "wall_time_s": 3725.0}, outputs=outputs)
    for weight in (0.0, 5.5):
        key = f"05_encoder_probabilistic--diversity_weight={weight:g}"
        add_step("tiny", key, {"chamfer": 12.0 + weight}, swept={"diversity_weight": weight})
    folder = add_step("tiny", "06_inference", {"table": TABLE, "note": "Chamfer ×100."})
    (folder / "second.png").write_bytes(png())
    write_json(folder / "figures.json", {"second.png": "Chairs, truth & guess", "some_figure.png": "All"})
    folder = add_step("tiny", "09_explorer", {"images": 24})
    (folder / "the gallery.html").write_text("<!DOCTYPE html>")
    write_json(folder / "figures.json", {"the gallery.html": "Every shape & λ, to be turned"})
    return _Page(report.write_report("tiny").read_text(encoding="utf-8"))


def test_the_page_shows_results_figures_settings_versions_commit_and_times(full_run):
    text = full_run.text
    for part in (
        "3D-LMNet", "tiny", "finished", "A run for tests",
        "sampling floor", "10.46", "9.50–11.50",  # the table and its intervals
        "1 min 15 s", "Point-cloud autoencoder", "7.12", "1 h 02 min",  # steps, figures of merit, durations
        "diversity weight = 0", "diversity weight = 5.5", "17.50",  # the sweep
        "epochs", "augment", "yes",  # settings
        "torch", "2.12.1", "Test processor", "0123456789 + uncommitted changes",
        "Chairs, truth & guess", "Some figure", "validation chamfer", "9.00 → 7.50",
    ):  # fmt: skip
        assert part in text, part


def test_the_page_holds_its_pictures_and_asks_the_network_for_nothing(full_run):
    images = full_run.all("img")
    assert len(images) == 7
    for image in images:
        assert base64.b64decode(image["src"].removeprefix("data:image/png;base64,")) == png()
        assert image["alt"].strip()
    for tag, attributes in full_run.tags:
        assert tag not in ("script", "link", "iframe", "object", "base")
        for name, value in attributes.items():
            assert not name.startswith("on")
            if name in ("src", "href"):
                assert value.startswith(("data:image/", "#", "09_explorer/")), value
    style = (paths.runs_root() / "tiny" / "report.html").read_text().split("<style>")[1].split("</style>")[0]
    assert "url(" not in style and "@import" not in style


def test_tables_say_what_their_rows_and_columns_are(full_run):
    assert all(cell.get("scope") in ("row", "col") for cell in full_run.all("th"))
    named = {attributes["href"] for attributes in full_run.all("a")}
    assert "09_explorer/the%20gallery.html" in named
    assert (paths.runs_root() / "tiny" / "09_explorer" / "the gallery.html").is_file(), "beside the report"
    named -= {"09_explorer/the%20gallery.html"}
    assert named <= {f"#{attributes['id']}" for _, attributes in full_run.tags if "id" in attributes}
    for tag, attributes in full_run.tags:
        if tag == "svg":
            assert attributes["role"] == "img" and attributes["aria-label"]


def test_captions_and_their_order_come_from_figures_json(full_run):
    text = full_run.text
    assert text.index("Chairs, truth & guess") < text.index("All")


def test_pictures_among_the_results_stay_in_their_folders(kit_folders):
    folder = add_step("tiny", "11_own_photo", {"pictures": 1})
    write_json(folder / "figures.json", {"some_figure.png": "All clouds"})
    (folder / "clouds" / "chair").mkdir(parents=True)
    shutil.copy(folder / "some_figure.png", folder / "clouds" / "chair" / "cutout.png")
    page = _Page(report.report_html("tiny"))
    assert len(page.all("img")) == 1 and "All clouds" in page.text and "Cutout" not in page.text


@pytest.mark.parametrize("evil", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "'</style>&amp;"])
def test_nothing_in_a_run_is_taken_for_markup(kit_folders, evil):
    folder = add_step(
        "tiny", "01_data_preparation", {evil: 1.0, "note": evil, "word": evil, "table": [{"model": evil, evil: 1.0}],
                                        "parts": {evil: {"a": 1}}},
        settings={"name": evil, evil: "x"}, swept={"name": evil}, status="failed", error=evil,
    )  # fmt: skip
    write_json(folder / "figures.json", {"some_figure.png": evil})
    page = _Page(report.report_html("tiny"))
    assert not page.all("script")
    assert all(not name.startswith("on") for _, attributes in page.tags for name in attributes)
    assert len(page.all("img")) == 1 and len(page.all("style")) == 1
    assert evil in page.text


def test_rows_without_figures_and_missing_figures_do_no_harm(kit_folders):
    rows = [{"model": "a", "chamfer": None, "n": 2}, {"model": None, "chamfer": 1.5}, {"model": "c", "n": 1}]
    add_step(
        "tiny",
        "06_inference",
        {"table": rows, "none": [{"a": None}], "empty": [{}], "lists": [{"x": [1]}], "one": {"x": {}}},
    )
    text = _Page(report.report_html("tiny")).text
    assert re.search(r"model chamfer n +a – 2 +– 1.50 – +c – 1", text), "a count stays whole beside a missing one"


def test_results_of_several_class_groups_are_kept_apart_and_long_tables_folded(kit_folders):
    rows = [{**row, "classes": group} for group in ("13", "chair") for row in TABLE]
    add_step("tiny", "06_inference", {"table": rows, "per_class": [{"model": i, "chamfer": 1.0} for i in range(60)]})
    page = _Page(report.report_html("tiny"))
    assert "All classes" in page.text and "Chairs only" in page.text
    assert "Per class (60 rows)" in page.text
    assert len(page.all("details")) == 2  # the long table, the settings


def test_the_last_notebooks_results_lead_and_kinds_of_icp_are_kept_apart(kit_folders):
    rows = [
        {"classes": group, "icp": icp, **row, "emd": 7.5, "n_seeds": 3}
        for icp in ("none", "exact")
        for group in ("13", "chair")
        for row in TABLE
    ]
    add_step("tiny", "06_inference", {"table": [{"model": "only there", "chamfer": 1.0}]})
    add_step("tiny", "08_evaluation", {"table": rows, "note": "All ×100.", "subset": "2 of 24 views each"})
    page = _Page(report.report_html("tiny"))
    titles = [f"{group}, {icp}" for icp in ("without ICP", "with ICP") for group in ("All classes", "Chairs only")]
    positions = [page.text.index(title) for title in titles]
    assert positions == sorted(positions) and page.text.index("only there") > positions[-1]
    assert "Inference and figures of merit: its own table" in page.text
    assert "EMD" in page.text and "seeds" in page.text and page.text.count("All ×100.") == 4
    assert page.text.count("2 of 24 views each.") == 1


def test_claims_stand_with_evidence_and_verdict(kit_folders):
    claims = [{"claim": "L1 beats L2", "evidence": "−0.08 [−0.20, 0.05] & <9 objects>", "verdict": "undecided"}]
    curves = {"from behind": {"L1": [{"n": 1, "mean": 9.0}]}}
    add_step("tiny", "08_evaluation", {"verdicts": claims, "best_of_n": curves})
    page = _Page(report.report_html("tiny"))
    for part in claims[0].values():
        assert page.text.count(part) == 1
    assert page.text.index("Claims") < page.text.index("Evaluation")
    assert "Best of n" not in page.text  # curves are in the figures; a table could only name them
    assert "Claims" not in _Page(report.report_html("empty")).text


def test_the_page_opens_with_pictures_and_then_the_numbers_that_matter(kit_folders):
    models = ["sampling floor", "autoencoder", "L1", "L2", "retrieval by L1's latent", "mean shape of the class"]
    rows = [
        {"classes": group, "icp": icp, "model": model, "n_models": 49, "chamfer": shift + place, "emd": 20.0 + place}
        for icp, shift in (("none", 60.0), ("exact", 70.5))
        for group in ("13", "chair")
        for place, model in enumerate(models)
    ]
    for row in rows:
        row["chamfer"] += 10 * (row["classes"] == "chair")
    for key in ("06_inference", "07_rendering"):
        folder = add_step("tiny", key, {})
        shutil.copy(folder / "some_figure.png", folder / report.OPENING[key])
        write_json(folder / "figures.json", {"some_figure.png": "Speeds", report.OPENING[key]: f"{key}: all models"})
    add_step("tiny", "08_evaluation", {"table": rows, "subset": "49 test objects of freeshapes"})
    page = _Page(report.report_html("tiny"))
    text, images = page.text, page.all("img")
    assert [image["alt"] for image in images[:2]] == [f"{key}: all models" for key in ("06_inference", "07_rendering")]
    assert len(images) == 5, "a picture of the opening is not shown twice"
    assert text.count("At the top of the page") == 2
    assert "all classes, 49 test objects of freeshapes, split official, with ICP." in text
    numbers = text[text.index("The numbers that matter most") : text.index("Results")]
    assert re.findall(r"(\d\d\.\d\d) EMD", numbers) == ["70.50", "71.50", "72.50", "74.50", "75.50"]
    assert text.index("From an image to a point cloud") < text.index("The numbers that matter") < text.index("Results")


def test_without_a_table_or_pictures_of_clouds_the_page_opens_with_neither(kit_folders):
    add_step("tiny", "01_data_preparation", {"objects": 55})
    add_step("tiny", "06_inference", {"table": [{"model": "L1", "chamfer": 1.0}]})
    text = _Page(report.report_html("tiny")).text
    assert "matter most" not in text and "From an image to a point cloud" not in text


def test_a_failed_run_says_so_and_shows_what_there_is(kit_folders):
    add_step("tiny", "01_data_preparation", {"objects": 55})
    add_step("tiny", "03_encoder_l1", {}, status="failed", error="cell 7/18 raised ValueError: no such shape")
    text = _Page(report.report_html("tiny")).text
    assert "1 of 2 steps finished" in text
    assert "03_encoder_l1 failed" in text
    assert "cell 7/18 raised ValueError: no such shape" in text
    assert "Data preparation" in text


def test_steps_that_never_came_up_are_listed(kit_folders):
    add_step("tiny", "01_data_preparation", {"objects": 55})
    path = paths.runs_root() / "tiny" / "steps.json"
    state = json.loads(path.read_text())
    state["planned"] += ["05_encoder_probabilistic--diversity_weight=5.5", "07_rendering"]
    write_json(path, state)
    text = _Page(report.report_html("tiny")).text
    assert "diversity weight = 5.5 not run" in text
    assert "Rendering not run" in text
    assert "1 of 3 steps finished" in text


def test_notebooks_executed_by_hand_have_a_report_too(kit_folders, capsys):
    add_step("tiny", "06_inference", {"table": TABLE})
    (paths.runs_root() / "tiny" / "steps.json").unlink()
    assert cli.main(["report", "tiny"]) == 0
    assert capsys.readouterr().out.strip().endswith("tiny/report.html")
    text = _Page((paths.runs_root() / "tiny" / "report.html").read_text(encoding="utf-8")).text
    assert "sampling floor" in text and "by hand" in text


def test_an_empty_run_and_an_unknown_one(kit_folders, capsys):
    assert "nothing has run yet" in _Page(report.report_html("empty")).text
    assert cli.main(["report", "unknown"]) == 2
    assert "no run 'unknown'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0, "0.000"), (0.123456, "0.123"), (7.123456, "7.12"), (1e-6, "1.00e-06"), (123456, "123,456"), (2048, "2048"),
     (12345.6, "12,346"), (float("nan"), "nan"), (None, "–"), (-0.5, "-0.500")],
)  # fmt: skip
def test_numbers_are_written_for_the_eye(value, shown):
    assert report_tables.for_the_eye(value) == shown
