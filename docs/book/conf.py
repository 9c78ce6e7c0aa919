"""How Sphinx makes the book of `make site`: README, notebooks as they are stored, docs, and the docstrings.

The sources are the repository itself, so that every link between its files works in the book, too. Nothing is executed
and nothing is fetched; what the pages load lies beside them. docs/commands.md says why with these tools.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from importlib import metadata
from pathlib import Path

from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from lmnet_utils import __version__  # noqa: E402
from lmnet_utils.core import paths  # noqa: E402

README = (ROOT / "README.md").read_text(encoding="utf-8")
TITLES = {page: title for title, page in re.findall(r"\[(\d\d · [^\]]+)\]\((notebooks/\w+)\.ipynb\)", README)}  # short
ROOMS = "core geometry data models training rendering evaluation apps run".split()  # from the ground up
CONTENTS = {  # what stands in the side bar
    "Notebooks": list(TITLES),
    "Documentation": list(dict.fromkeys(re.findall(r"\]\((docs/\w+)\.md[)#]", README))),
    "Package": [f"docs/api/{room}" for room in ROOMS],
    "Data and weights": [
        "data/freeshapes/source/LICENSES",
        "trained_models/freeshapes/MODEL_CARD",
        "notebooks/images/README",
    ],
    "Solutions": [f"notebooks/solutions/{path.stem}" for path in sorted(ROOT.glob("notebooks/solutions/*.ipynb"))],
}

# ------------------------------------------------------------------------------------------------------------ sources
project, author, release = "3D-LMNet in notebooks", "The lmnet notebook kit authors", __version__
root_doc = "README"
include_patterns = ["README.md", *(f"{page}.*" for pages in CONTENTS.values() for page in pages)]
exclude_patterns = [".*", "build", "site", "runs", "data/*/ShapeNet*"]  # not even looked into
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode", "sphinx_copybutton"]
highlight_language = "none"  # of code whose language is not named

myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 4
nb_execution_mode = "off"
nb_merge_streams = True
nb_render_markdown_format = "gfm"  # cells print tables
nb_mime_priority_overrides = [("html", "image/gif", 0)]
nb_ipywidgets_js: dict[str, str] = {}  # these scripts would come from elsewhere; no stored notebook needs them

autodoc_preserve_defaults = True  # as they are written: a path would be this machine's
autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_member_order = "bysource"
add_module_names = False
python_use_unqualified_type_names = True
napoleon_numpy_docstring = False


def live_pages() -> dict[str, tuple[str, Path]]:
    """What is there of the explorer's folder and of the latest run: title → (address in the book, file or folder)."""
    found = {"The explorer": ("explorer/index.html", ROOT / "build" / "explorer")}
    reports = sorted(paths.runs_root().glob("*/report.html"), key=lambda path: path.stat().st_mtime)
    for run in [path.parent for path in reports[-1:]]:
        found["A gallery of shapes to turn"] = ("run/09_explorer/gallery.html", run / "09_explorer" / "gallery.html")
        found[f"The report of the run {run.name}"] = ("run/report.html", run / "report.html")
    return {title: (address, path) for title, (address, path) in found.items() if path.exists()}


# -------------------------------------------------------------------------------------------------------------- pages
MATHJAX = Path(str(metadata.distribution("sphinx-mathjax-offline").locate_file("sphinx-mathjax-offline")))
html_theme = "furo"
pygments_style, pygments_dark_style = "a11y-high-contrast-light", "a11y-high-contrast-dark"  # furo brings them
html_title = project
html_favicon = "favicon.svg"
html_static_path = ["book.css", "book.js", str(MATHJAX / "static" / "mathjax" / "tex-svg-full.js")]
mathjax_path = "tex-svg-full.js"  # MathJax 3 with all extensions in one file
html_css_files = ["book.css"]
html_js_files = [("book.js", {"defer": ""})]
html_copy_source = html_show_sourcelink = html_show_sphinx = False
templates_path = ["."]
html_context = {"live_pages": {title: address for title, (address, _) in live_pages().items()}}
html_sidebars = {
    "**": [
        *("sidebar/brand.html", "sidebar/search.html", "sidebar/scroll-start.html"),
        *("sidebar.html", "sidebar/scroll-end.html"),
    ]
}


def read_source(app: Sphinx, page: str, source: list[str]) -> None:
    """Sphinx's event source-read: what a page has in the book beyond its file."""
    if page == root_doc:
        for name, pages in CONTENTS.items():
            lines = "\n".join(f"{TITLES[page]} <{page}>" if page in TITLES else page for page in pages)
            source[0] += f"\n\n```{{toctree}}\n:hidden:\n:caption: {name}\n\n{lines}\n```"
    elif page.startswith("notebooks/") and "nbformat" in source[0]:
        source[0] = with_alternatives(source[0])
    else:  # a link to a room is one to its page here
        source[0] = re.sub(rf"\]\(\.\./lmnet_utils/({'|'.join(ROOMS)})\)", r"](api/\1.md)", source[0])


def with_alternatives(notebook: str) -> str:
    """A notebook's JSON in which MyST-NB finds the texts that its cells give for those who cannot see their pictures."""
    content = json.loads(notebook)
    for cell in content["cells"]:
        about = [kind for output in cell.get("outputs", []) for kind in output.get("metadata", {}).values()]
        if texts := [kind["alt"] for kind in about if "alt" in kind]:
            cell["metadata"]["mystnb"] = {"image": {"alt": "; ".join(texts)}}
    return json.dumps(content)


def finish(app: Sphinx, error: Exception | None) -> None:
    """Sphinx's event build-finished: the home page under the name that servers look for, and what is alive."""
    if error or app.builder.format != "html":
        return
    shutil.copyfile(app.outdir / "README.html", app.outdir / "index.html")
    for address, path in live_pages().values():
        target = app.outdir / address
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            shutil.copytree(path, target.parent, dirs_exist_ok=True)
        else:
            shutil.copyfile(path, target)
        if path.name == "report.html":  # it links to the views of single clouds
            for page in path.parent.glob("*/**/*.html"):
                beside = target.parent / page.relative_to(path.parent)
                beside.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(page, beside)


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx before it builds."""
    app.connect("source-read", read_source)
    app.connect("build-finished", finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
