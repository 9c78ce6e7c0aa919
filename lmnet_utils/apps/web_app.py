"""``make app``: the explorer of notebook 09 as a web page, served by Voilà on this machine's loopback address.

The page is made of the notebook's own cells, those tagged ``app``. It is served from a temporary folder that holds
nothing else, so that nothing of the checkout can be asked for; every visitor has a kernel of their own, idle ones end.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
from jupyter_core.paths import jupyter_path
from nbformat.v4 import new_markdown_cell, new_notebook

from lmnet_utils.apps.explorer_controls import ABOUT, HEADING
from lmnet_utils.core import paths

NOTEBOOK = "09_explorer.ipynb"
TITLE = f"# {HEADING}\n\n{ABOUT}\n"
IDLE_SECONDS = 1800


def make_page(folder: str | Path, notebook: str | Path | None = None) -> Path:
    """Write the page's notebook, title and cells tagged ``app``, into ``folder``; returns its path."""
    source = nbformat.read(notebook or paths.notebooks_root() / NOTEBOOK, as_version=4)
    cells = [cell for cell in source.cells if "app" in cell.metadata.get("tags", [])]
    if not cells:
        raise ValueError(f"{NOTEBOOK} has no cell tagged `app`, so there is nothing to serve.")
    for cell in cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    path = Path(folder) / "explorer.ipynb"
    metadata = {**source.metadata, "title": "3D-LMNet explorer"}  # the browser's tab says it
    nbformat.write(new_notebook(cells=[new_markdown_cell(TITLE), *cells], metadata=metadata), path)
    return path


def make_template(folder: str | Path) -> str:
    """Make Voilà's template ``lab`` anew without the style sheets that it asks a network for; returns its name."""
    places = [Path(place) / "voila" / "templates" for place in jupyter_path()]
    found = next((place for place in places if (place / "lab").is_dir()), None)
    if found is None:
        raise FileNotFoundError("Voilà's template `lab` was not found: install the kit again (`make install`).")
    copy = Path(folder) / "voila" / "templates" / "lmnet"
    copy.mkdir(parents=True)
    (copy / "conf.json").write_text('{"base_template": "lab"}', encoding="utf-8")
    lines = (found / "lab" / "index.html.j2").read_text(encoding="utf-8").splitlines(keepends=True)
    kept = "".join(line for line in lines if "https://cdn." not in line)
    (copy / "index.html.j2").write_text(kept, encoding="utf-8")
    return "lmnet"


def command(page: str | Path, template: str, port: int, idle_seconds: int = IDLE_SECONDS) -> list[str]:
    """The command that serves a page on the loopback address; kernels end after ``idle_seconds`` without a message."""
    return [
        sys.executable, "-m", "voila", str(page), "--no-browser", f"--port={port}", "--Voila.ip=127.0.0.1",
        f"--template={template}",
        "--VoilaConfiguration.file_allowlist=^$",  # no file of any name
        "--VoilaConfiguration.show_tracebacks=False",
        f"--MappingKernelManager.cull_idle_timeout={idle_seconds}",
        f"--MappingKernelManager.cull_interval={min(60, idle_seconds)}",
        "--MappingKernelManager.cull_connected=True",  # an open page counts as idle when nobody moves anything
    ]  # fmt: skip


def server_environment(folder: str | Path) -> dict[str, str]:
    """This process's environment with the page's template, and one thread a visitor."""
    places = [str(folder), *filter(None, [os.environ.get("JUPYTER_PATH")])]
    return {"OMP_NUM_THREADS": "1", **os.environ, "JUPYTER_PATH": os.pathsep.join(places)}


def main(arguments: list[str] | None = None) -> int:
    """``python -m lmnet_utils.apps.web_app``: serve until it is interrupted."""
    parser = argparse.ArgumentParser(prog="lmnet_utils.apps.web_app", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--port", type=int, default=8866)
    port = parser.parse_args(arguments).port
    with tempfile.TemporaryDirectory(prefix="lmnet-app-") as folder:
        (Path(folder) / "page").mkdir()
        page = make_page(Path(folder) / "page")
        template = make_template(folder)
        print(
            f"The explorer: http://127.0.0.1:{port}/ (the first picture takes some seconds; Ctrl+C ends it)", flush=True
        )
        try:
            return subprocess.run(command(page, template, port), env=server_environment(folder), check=False).returncode
        except KeyboardInterrupt:
            return 0


if __name__ == "__main__":
    sys.exit(main())
