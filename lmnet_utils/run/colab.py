"""The setup cell that every notebook begins with, and what it does on Google Colab.

Everywhere but on Colab :func:`setup` returns at once: ``make`` or conda has installed everything already. On Colab it
installs what the runtime lacks and leaves alone what fits, above all the runtime's own torch.

The cell itself and the "Open in Colab" badges are made from the repository's public address, which stands in one
place: ``[project.urls]`` in ``pyproject.toml``. After a change there, ``python -m lmnet_utils.run.colab`` rewrites them.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path

from lmnet_utils.core import paths

# Colab has its own front end; JupyterLab would replace the server that the runtime is talking through.
NOT_ON_COLAB = ("jupyterlab",)

SETUP_CELL = """\
from lmnet_utils.run.colab import setup

setup()"""

FETCH_ON_COLAB = """\
import sys

if "google.colab" in sys.modules:  # on Colab, fetch the kit first
    !test -d lmnet || git clone --quiet --depth 1 {address} lmnet
    sys.path.insert(0, "lmnet")

"""

BADGE_IMAGE = "https://colab.research.google.com/assets/colab-badge.svg"


def on_colab() -> bool:
    """Whether this Python is the kernel of a Colab runtime."""
    return "google.colab" in sys.modules or "COLAB_RELEASE_TAG" in os.environ


def setup() -> None:
    """Make the kit's packages importable: on Colab, install what is missing; elsewhere do nothing.

    Raises:
        RuntimeError: pip failed on Colab; the message holds its last lines and what to do.
    """
    if not on_colab():
        return
    project = read_pyproject()
    installed = installed_versions()
    needed = missing_requirements(
        installed,
        [line for line in project["project"]["dependencies"] if _name(line) not in NOT_ON_COLAB],
        pins=project["tool"]["uv"]["constraint-dependencies"],
    )
    if not needed:
        print(f"lmnet: nothing to install, torch {installed.get('torch')} fits.")
        return
    result = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", *needed], capture_output=True, text=True, check=False
    )
    if result.returncode != 0:
        last_lines = "\n".join((result.stderr or result.stdout).strip().splitlines()[-8:])
        raise RuntimeError(
            f"pip could not install {', '.join(needed)}:\n{last_lines}\n"
            "Restart the runtime (Runtime > Disconnect and delete runtime) and run this cell again."
        )
    replaced = [name for line in needed if (name := _name(line)) in installed and name in sys.modules]
    print(f"lmnet: installed {', '.join(needed)}." + (" Restart the session now." if replaced else ""))


def missing_requirements(
    installed: Mapping[str, str], requirements: Iterable[str], pins: Iterable[str] = ()
) -> list[str]:
    """What pip has to be told so that ``requirements`` hold, and nothing that holds already is touched.

    torch and torchvision are one pair, since each torchvision is built for one torch: a torch outside its range
    takes torchvision with it, to the tested ``pins``; a torch that fits is held where only torchvision is missing.

    Args:
        installed: version of each installed distribution, by its lower-case name.
        requirements: requirement lines, as in ``pyproject.toml``; those whose marker does not apply are left out.
        pins: lines such as ``"torch==2.12.1"``, used in place of the range for what has to be installed.

    Returns:
        Requirement lines for ``pip install``, in the order given; empty where everything is satisfied.
    """
    from packaging.requirements import Requirement

    wanted = {}
    for line in requirements:
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate():
            wanted[requirement.name.lower()] = requirement
    pinned = {_name(line): line for line in pins}

    def fits(name: str) -> bool:
        return name in installed and wanted[name].specifier.contains(installed[name], prereleases=True)

    missing = [name for name in wanted if not fits(name)]
    if "torch" in missing and "torchvision" in wanted and "torchvision" not in missing:
        missing.insert(missing.index("torch") + 1, "torchvision")
    lines = []
    for name in missing:
        requirement = wanted[name]
        if name == "torchvision" and "torch" in wanted and "torch" not in missing:
            lines += [f"torch=={installed['torch']}", f"{requirement.name}{requirement.specifier}"]
        else:
            lines.append(pinned.get(name, f"{requirement.name}{requirement.specifier}"))
    return lines


def installed_versions() -> dict[str, str]:
    """Version of every installed distribution, by its lower-case name with ``-`` for ``_``."""
    versions = {}
    for distribution in metadata.distributions():
        if name := distribution.metadata["Name"]:
            versions.setdefault(name.lower().replace("_", "-"), distribution.version)
    return versions


def read_pyproject() -> dict:
    """The checkout's ``pyproject.toml``, parsed."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    return tomllib.loads((paths.project_root() / "pyproject.toml").read_text(encoding="utf-8"))


def repository_address() -> str:
    """The repository's public address from ``[project.urls]``, or ``""`` while there is none."""
    return read_pyproject()["project"].get("urls", {}).get("Repository", "").rstrip("/")


def setup_cell(address: str | None = None) -> str:
    """Source of the notebooks' setup cell; with a public ``address`` (default: the repository's) it fetches the kit."""
    address = repository_address() if address is None else address
    return (FETCH_ON_COLAB.format(address=address) if address else "") + SETUP_CELL


def badge(address: str, notebook: str) -> str:
    """Markdown of the "Open in Colab" badge of ``notebook`` (a file name), ``""`` unless the address is on GitHub."""
    match = re.fullmatch(r"https://github\.com/([\w.-]+/[\w.-]+?)(\.git)?/?", address)
    if not match:
        return ""
    page = f"https://colab.research.google.com/github/{match[1]}/blob/main/notebooks/{notebook}"
    return f"[![Open in Colab]({BADGE_IMAGE})]({page})"


def sync_notebooks(folder: str | Path | None = None, address: str | None = None) -> list[Path]:
    """Bring the setup cell and the badge of every numbered notebook in line with the repository's address.

    The setup cell is the code cell that imports ``setup``; the badge stands below the title.

    Returns:
        The notebooks that were changed; none when all are in line.

    Raises:
        ValueError: a notebook has no setup cell or no title cell.
    """
    import nbformat

    from lmnet_utils.core.files import atomic_path

    address = repository_address() if address is None else address
    changed = []
    root = Path(folder or paths.notebooks_root())
    for path in sorted([*root.glob("[0-9][0-9]_*.ipynb"), *root.glob("solutions/[0-9][0-9]_*.ipynb")]):
        notebook = nbformat.read(path, as_version=4)
        cells = [cell for cell in notebook.cells if cell.cell_type == "code" and SETUP_CELL in cell.source]
        if len(cells) != 1 or notebook.cells[0].cell_type != "markdown":
            raise ValueError(
                f"{paths.display(path)}: expected a title cell and one setup cell, found {len(cells)} setup cells. "
                f"A notebook begins with a markdown cell, followed by:\n{SETUP_CELL}"
            )
        title = _with_badge(notebook.cells[0].source, badge(address, path.relative_to(root).as_posix()))
        if (notebook.cells[0].source, cells[0].source) == (title, setup_cell(address)):
            continue
        notebook.cells[0].source, cells[0].source = title, setup_cell(address)
        with atomic_path(path) as temporary:
            nbformat.write(notebook, temporary)
        changed.append(path)
    return changed


def _with_badge(title: str, badge_line: str) -> str:
    """The title cell's source with ``badge_line`` as the paragraph below the heading, in place of any that is there."""
    lines = title.split("\n")
    for index in reversed([index for index, line in enumerate(lines) if BADGE_IMAGE in line]):
        del lines[index - 1 : index + 1]  # with the blank line above it
    if badge_line:
        lines[1:1] = ["", badge_line]
    return "\n".join(lines)


def _name(requirement: str) -> str:
    """The distribution's name at the start of a requirement line, lower-case."""
    return re.match(r"[\w.-]+", requirement)[0].lower()


def main() -> int:
    """``python -m lmnet_utils.run.colab``: rewrite setup cells and badges from the repository's address."""
    changed = sync_notebooks()
    print("\n".join(paths.display(path) for path in changed) or "All notebooks are in line with pyproject.toml.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
