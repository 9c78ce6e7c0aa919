"""`make site`: the book holds every page, shows what the notebooks store, and asks no other server for anything."""

from __future__ import annotations

import functools
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import check_site
import pytest
from browsers import Visitor, needs_chromium, opened_chromium

from lmnet_utils.core import lazy, paths
from lmnet_utils.core.files import read_json

ROOT = paths.project_root()
NOTEBOOKS = sorted(path.relative_to(ROOT) for path in ROOT.glob("notebooks/**/*_*.ipynb"))
ROOMS = sorted(path.parent.name for path in ROOT.glob("lmnet_utils/*/__init__.py"))


# -------------------------------------------------------------------------------------------------------- the checker
@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A site of two pages in which nothing is wrong."""
    (tmp_path / "a").mkdir()
    links = (
        '<a href="a/b.html#there">b</a> <a href="https://example.org">elsewhere</a> <img src="data:image/png;base64,">'
    )
    (tmp_path / "index.html").write_text(f"<p id='top'></p>{links}<a href='#top'>up</a>", encoding="utf-8")
    (tmp_path / "a" / "b.html").write_text("<p id='there'></p><a href='..'>home</a>", encoding="utf-8")
    return tmp_path


def test_a_sound_site_has_no_problems(tiny: Path) -> None:
    assert check_site.find_problems(tiny) == []


@pytest.mark.parametrize(
    ("html", "problem"),
    [
        ('<a href="gone.html">x</a>', "gone.html, leads to no file"),
        ('<a href="b.html#nowhere">x</a>', "b.html#nowhere, leads to no such place in its page"),
        ('<a href="../../x.html">x</a>', "../../x.html, leads out of the site"),
        (
            '<script src="https://cdn.example.org/x.js"></script>',
            "https://cdn.example.org/x.js, is loaded from elsewhere",
        ),
        ('<link rel="stylesheet" href="//example.org/x.css">', "//example.org/x.css, is loaded from elsewhere"),
        (f"<p>{ROOT}/README.md</p>", f"{ROOT}, a path of this machine"),
    ],
)
def test_each_kind_of_problem_is_named_with_its_page(tiny: Path, html: str, problem: str) -> None:
    (tiny / "a" / "c.html").write_text(html, encoding="utf-8")
    assert check_site.find_problems(tiny) == [f"a/c.html: {problem}"]


def test_fonts_of_a_style_sheet_count_as_loaded(tiny: Path) -> None:
    (tiny / "x.css").write_text('@font-face { src: url("https://fonts.example.org/x.woff2"); }', encoding="utf-8")
    assert check_site.find_problems(tiny) == ["x.css: https://fonts.example.org/x.woff2, is loaded from elsewhere"]


def test_a_folder_without_a_site_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="make site"):
        check_site.find_problems(tmp_path)


def test_the_table_of_tools_is_that_of_the_committed_file() -> None:
    text = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    tools = read_json(ROOT / "benchmarks" / "book.json")["tools"]
    assert len(tools) == 4
    for name, found in tools.items():
        installed = f"{found['packages']} | {found['mb']:.0f} MB" if found["installs"] else "– | –"
        built = (
            f"{found['cpu_s']:.0f} s | {found['loads']} | {found['pictures']}" if found.get("builds") else "– | – | –"
        )
        assert f"| {name} | {installed} | {built} |" in text


# ----------------------------------------------------------------------------------------------------------- the book
@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole book, built as the Makefile does, beside a run with a report and a gallery."""
    for module in ("sphinx", "myst_nb", "furo", "sphinx_copybutton"):
        pytest.importorskip(module, reason="the book's tools are not installed: pip install -e .[site]")
    folder = tmp_path_factory.mktemp("book")
    view = "11_own_photo/clouds/chair/view.html"
    for name in ("report.html", "09_explorer/gallery.html", view):
        path = folder / "runs" / "a_run" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        link = f'<a href="{view}">turn it</a>' if name == "report.html" else ""
        path.write_text(f"<title>{name}</title>{link}", encoding="utf-8")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-c", "docs/book"]
    result = subprocess.run(
        [*command, "-d", str(folder / "doctrees"), ".", str(folder / "site")],
        cwd=ROOT,
        env={**os.environ, "LMNET_RUNS": str(folder / "runs")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    return folder / "site"


def pictures(page: str) -> list[str]:
    """The tags of a page's pictures."""
    return re.findall(r"<img [^>]*>", page)


def test_nothing_is_dead_and_nothing_comes_from_elsewhere(site: Path) -> None:
    assert check_site.find_problems(site) == []


def test_every_notebook_document_and_room_is_in_the_contents(site: Path) -> None:
    home = (site / "index.html").read_text(encoding="utf-8")
    listed = set(re.findall(r'<li class="toctree-l1"><a class="reference internal" href="([^"]+)">', home))
    pages = {path.with_suffix(".html").as_posix() for path in NOTEBOOKS}
    pages |= {f"docs/{path.stem}.html" for path in ROOT.glob("docs/*.md")}
    assert len(pages) > 30 and pages <= listed
    assert {f"docs/api/{room}.html" for room in ROOMS} <= listed


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebooks_page_shows_its_stored_pictures_with_their_texts(site: Path, notebook: Path) -> None:
    cells = json.loads((ROOT / notebook).read_text(encoding="utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    stored = [output for output in outputs if {"image/png", "image/gif"} & set(output.get("data", {}))]
    shown = pictures((site / notebook.with_suffix(".html")).read_text(encoding="utf-8"))
    assert len(shown) == len(stored)
    texts = sum(any("alt" in kind for kind in output["metadata"].values()) for output in stored)
    assert sum('alt="_images' not in tag and 'alt="../' not in tag and 'alt=""' not in tag for tag in shown) >= texts


def test_printed_tables_are_tables(site: Path) -> None:
    page = (site / "notebooks" / "08_evaluation.html").read_text(encoding="utf-8")
    notebook = json.loads((ROOT / "notebooks" / "08_evaluation.ipynb").read_text(encoding="utf-8"))
    kinds = [output.get("data", {}) for cell in notebook["cells"] for output in cell.get("outputs", [])]
    printed = ["".join(data["text/markdown"]) for data in kinds if "text/markdown" in data]
    assert page.count("<table") >= sum(text.startswith("|") for text in printed) > 0


@pytest.mark.parametrize("room", ROOMS)
def test_a_rooms_page_has_all_that_it_exports(site: Path, room: str) -> None:
    page = (site / "docs" / "api" / f"{room}.html").read_text(encoding="utf-8")
    for name in lazy.exported_names(f"lmnet_utils.{room}"):
        found = re.search(rf'id="lmnet_utils\.{room}(\.\w+)*\.{name}"', page)
        assert found, f"{name}: no docstring, or a constant that wants a line in docs/api/{room}.md"


def test_report_and_gallery_of_the_latest_run_are_in_it(site: Path) -> None:
    for address in ("run/report.html", "run/09_explorer/gallery.html"):
        assert f"<title>{address.removeprefix('run/')}</title>" in (site / address).read_text(encoding="utf-8")
        assert f'href="../{address}"' in (site / "notebooks" / "01_data_preparation.html").read_text(encoding="utf-8")


# -------------------------------------------------------------------------------------------------------- in a browser
@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """The book on a server of this machine."""
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@needs_chromium
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1280])
def test_pages_in_a_browser(address: str, width: int, scheme: str) -> None:
    """Formulae are drawn, axe finds nothing, the search finds, a phone need not scroll sideways, and every request stays at home."""
    pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install -e .[dev]")
    away, failed = [], []
    with opened_chromium() as browser, Visitor(browser, width) as visitor:
        page = visitor.tab
        page.emulate_media(color_scheme=scheme)
        page.on("request", lambda request: away.append(request.url) if not request.url.startswith(address) else None)
        page.on("response", lambda answer: failed.append(answer.url) if answer.status >= 400 else None)
        for name in ("index.html", "notebooks/09_explorer.html", "docs/results.html", "docs/api/geometry.html"):
            page.goto(address + name)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name
            formulae = page.locator(".math.notranslate").count()
            page.wait_for_function(f"document.querySelectorAll('mjx-container').length >= {formulae}")
            assert page.locator("[data-mjx-error]").count() == 0
            assert visitor.serious("body") == [], name
        white = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert white == (scheme == "light")
        page.goto(address + "search.html?q=chamfer_distance")
        page.locator("#search-results li a").first.wait_for()
    assert [url for url in away if not url.startswith(("data:", "blob:"))] == [] and failed == []
