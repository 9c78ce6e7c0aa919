"""Which tool builds the book: size, time and what works offline of four, on the same README, notebooks and docs.

    python benchmarks/book.py FOLDER

Each tool is installed by pip into an environment of its own below FOLDER, then builds without any network (`unshare`, so on
Linux only), without the package's reference, which would need the whole kit in every environment. Results: book.json.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import check_site  # from tools/

from lmnet_utils.core import paths
from lmnet_utils.core.files import write_json

ROOT = paths.project_root()
SOURCES = ["README.md", "LICENSE", "CITATION.cff", "docs", "notebooks", "lmnet_utils", "benchmarks", "tools"]
SOURCES += [
    "data/freeshapes/source",
    "trained_models/freeshapes/MODEL_CARD.md",
    "trained_models/freeshapes/evaluation.json",
]
TOOLS = {  # packages, how it builds in a copy of the sources, where the pages then are
    "Sphinx, MyST-NB, Furo": (
        "sphinx myst-nb furo sphinx-copybutton sphinx-mathjax-offline",
        "{bin}/python -m sphinx -q -c docs/book -d doctrees . html",
        "html",
    ),
    "Jupyter Book 1": ("jupyter-book<2", "{bin}/jupyter-book build --quiet .", "_build/html"),
    "Jupyter Book 2 (MyST)": ("jupyter-book>=2", "{bin}/jupyter-book build --html --ci", "_build/html"),
    "Quarto": ("quarto-cli", "{bin}/quarto render --no-execute", "_book"),
}
CONFIGURATIONS = {
    "_config.yml": 'title: book\nexecute: {execute_notebooks: "off"}\nonly_build_toc_files: true\n',
    "myst.yml": "version: 1\nproject:\n  toc: [{file: README.md}, {pattern: 'notebooks/*.ipynb'}, {pattern: 'docs/*.md'}]\n"
    "site: {template: book-theme}\n",
    "_quarto.yml": "project: {type: book}\nbook: {title: book, chapters: [README.md]}\n",
}


def copy_sources(folder: Path) -> None:
    """What is committed, without the reference, and each tool's smallest configuration."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    archive = subprocess.run(["git", "archive", "HEAD", *SOURCES], cwd=ROOT, capture_output=True, check=True).stdout
    subprocess.run(["tar", "-x", "-C", folder], input=archive, check=True)
    for page in folder.glob("docs/api/*.md"):
        page.write_text(f"# {page.stem}\n", encoding="utf-8")
    for name, text in CONFIGURATIONS.items():
        (folder / name).write_text(text, encoding="utf-8")
    pages = sorted(path.relative_to(folder) for path in [*folder.glob("notebooks/*.ipynb"), *folder.glob("docs/*.md")])
    chapters = "".join(f"- file: {path.with_suffix('').as_posix()}\n" for path in pages)
    (folder / "_toc.yml").write_text(f"format: jb-book\nroot: README\nchapters:\n{chapters}", encoding="utf-8")


def run(command: list[str], folder: Path) -> tuple[bool, float, str]:
    """Whether a command succeeded, its processor time in seconds, and its last line."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    lines = [line for line in (result.stdout + result.stderr).splitlines() if re.search("rror|failed", line)]
    return result.returncode == 0, after.ru_utime - before.ru_utime, lines[-1].strip() if lines else ""


def size(folder: Path, but: str = "") -> float:
    """MB of a folder, without the entries whose names begin with one word."""
    entries = [entry for entry in folder.iterdir() if not (but and entry.name.startswith(but))]
    files = [path for entry in entries for path in ([entry] if entry.is_file() else entry.rglob("*")) if path.is_file()]
    return round(sum(path.stat().st_size for path in files) / 1e6, 1)


def measure(name: str, folder: Path) -> dict[str, object]:
    """Install one tool, let it build offline, and look at what came out. An environment that is there is used."""
    packages, build, pages = TOOLS[name]
    binaries = folder / "venv" / "bin"
    if not binaries.exists():
        subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    fine, _, said = run([str(binaries / "pip"), "install", "--quiet", *packages.split(" ")], folder)
    if not fine:
        return {"installs": False, "why": said}
    (library,) = (folder / "venv" / "lib").glob("python*/site-packages")
    listed = subprocess.run([binaries / "pip", "list", "--format=json"], capture_output=True, check=True).stdout
    found = {
        "installs": True,
        "packages": sum(row["name"] not in ("pip", "setuptools") for row in json.loads(listed)),
        "mb": size(library, but="pip"),
    }
    copy_sources(folder / "sources")
    command = ["unshare", "-rn", *build.format(bin=binaries).split()]
    fine, seconds, said = run(command, folder / "sources")
    site = folder / "sources" / pages
    if not fine or not (site / "index.html").is_file():
        return found | {"builds": False, "why": said}
    loads = [line for line in check_site.find_problems(site) if "loaded from elsewhere" in line]
    notebooks = "".join(path.read_text("utf-8") for path in site.rglob("notebooks/*_*.html"))
    shown = {
        "pictures": len(re.findall(r"<img[^>]*_images", notebooks)),
        "formulas": notebooks.count('class="math notranslate'),
    }
    return found | {"builds": True, "cpu_s": round(seconds, 1), "site_mb": size(site), "loads": len(loads), **shown}


def main() -> None:
    parser = argparse.ArgumentParser(description="measure five tools that could build the book")
    parser.add_argument("folder", type=Path, help="where the environments go; a new folder, 1 GB")
    arguments = parser.parse_args()
    results: dict[str, dict[str, object]] = {}
    for number, name in enumerate(TOOLS):
        place = arguments.folder.resolve() / str(number)
        place.mkdir(parents=True, exist_ok=True)
        results[name] = measure(name, place)
        print(name, results[name], flush=True)
        made = {"command": "python benchmarks/book.py FOLDER", "date": time.strftime("%Y-%m-%d"), "tools": results}
        write_json(ROOT / "benchmarks" / "book.json", made)


if __name__ == "__main__":
    main()
