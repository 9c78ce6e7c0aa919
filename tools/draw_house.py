"""Draw the package: its rooms as floors, a box a module, arcs for the imports between floors (``docs/architecture.svg``).

::

    python tools/draw_house.py          # draws docs/architecture.svg
    python tools/draw_house.py --check  # says whether the drawing is that of today's code
"""

from __future__ import annotations

import argparse
import ast
import sys
from collections import Counter
from pathlib import Path

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "lmnet_utils"
FLOORS = ("core", "geometry", "data", "models", "training", "rendering", "evaluation", "apps", "run")
"""From the ground up; the contract in ``pyproject.toml`` says the same."""
PICTURE = ROOT / "docs" / "architecture.svg"
COLOURS = ("#5B6C8F", "#3F7F93", "#2E8B7A", "#5C9A4F", "#96A03B", "#C39A35", "#CC7A3C", "#C05B52", "#9A5A84")
WIDTH, INDENT, CHIP, LINE = 13.0, 3.1, 0.34, 0.44  # inches


def modules() -> dict[str, dict[str, int]]:
    """Room → module → lines; a folder of modules counts as one, ``programs/``."""
    found: dict[str, dict[str, int]] = {}
    for room in FLOORS:
        folder = ROOT / PACKAGE / room
        own = {path.stem: _lines(path) for path in folder.glob("*.py") if path.stem != "__init__"}
        for inner in {path.parent for path in folder.glob("*/*.py")}:
            own[f"{inner.name}/"] = sum(map(_lines, inner.glob("*.py")))
        found[room] = dict(sorted(own.items()))
    return found


def _lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def imports() -> Counter[tuple[str, str]]:
    """(importing room, imported room) → how many import statements, those within functions included."""
    found: Counter[tuple[str, str]] = Counter()
    for path in (ROOT / PACKAGE).rglob("*.py"):
        room = path.relative_to(ROOT / PACKAGE).parts[0]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{PACKAGE}."):
                other = node.module.split(".")[1]
                if other != room:
                    found[room, other] += 1
    return found


def chips(names: dict[str, int]) -> list[list[tuple[float, float, str, int]]]:
    """Lines of boxes: (left, width, name, lines of code), as many a line as fit."""
    lines, left = [[]], INDENT
    for name, count in names.items():
        width = 0.088 * len(name) + 0.62
        if left + width > WIDTH - 0.1:
            lines.append([])
            left = INDENT
        lines[-1].append((left, width, name, count))
        left += width + 0.08
    return lines


def draw() -> None:
    """Write the picture; the same code gives the same bytes."""
    rooms, between = modules(), imports()
    layout = {room: chips(names) for room, names in rooms.items()}
    heights = {room: LINE * len(lines) + 0.2 for room, lines in layout.items()}
    figure = plt.figure(figsize=(WIDTH, sum(heights.values()) + 0.1 * len(heights) + 0.1))
    axis = figure.add_axes((0, 0, 1, 1))
    axis.set(xlim=(0, WIDTH), ylim=(0, figure.get_figheight()))
    axis.axis("off")
    bottom, middle = 0.05, {}
    for room, colour in zip(FLOORS, COLOURS, strict=True):
        height = heights[room]
        axis.add_patch(
            FancyBboxPatch(
                (1.3, bottom),
                WIDTH - 1.4,
                height,
                boxstyle="round,pad=0,rounding_size=0.06",
                fc=colour,
                alpha=0.16,
                lw=0,
            )
        )
        axis.text(1.45, bottom + height / 2 + 0.08, room, fontsize=13, weight="bold", color=colour, va="center")
        total = sum(rooms[room].values())
        axis.text(1.45, bottom + height / 2 - 0.13, f"{total:,} lines", fontsize=8, color="0.35", va="center")
        for k, line in enumerate(layout[room]):
            y = bottom + height - 0.1 - LINE * (k + 1) + (LINE - CHIP) / 2
            for left, width, name, count in line:
                axis.add_patch(
                    FancyBboxPatch(
                        (left, y), width, CHIP, boxstyle="round,pad=0,rounding_size=0.05", fc="white", ec=colour, lw=1
                    )
                )
                axis.text(left + 0.08, y + CHIP / 2, name, fontsize=9, va="center")
                axis.text(
                    left + width - 0.07, y + CHIP / 2, str(count), fontsize=7, color="0.5", va="center", ha="right"
                )
        middle[room] = bottom + height / 2
        bottom += height + 0.1
    for (room, other), count in sorted(between.items()):
        if room in middle and other in middle:
            up = middle[other] > middle[room]
            arrow = FancyArrowPatch(
                (1.28, middle[room] - 0.06), (1.28, middle[other] + 0.06), connectionstyle=f"arc3,rad={-0.16 if up else 0.16}",
                arrowstyle="-|>", mutation_scale=7, lw=0.4 + 0.12 * count**0.5, color="#CC0000" if up else "0.45", alpha=0.8,
            )  # fmt: skip
            axis.add_patch(arrow)
    PICTURE.parent.mkdir(exist_ok=True)
    plt.rcParams.update({"svg.hashsalt": "house", "svg.fonttype": "none", "font.family": "sans-serif"})
    temporary = PICTURE.with_name(f".{PICTURE.name}.tmp")
    figure.savefig(temporary, format="svg", metadata={"Date": None})
    temporary.replace(PICTURE)
    plt.close(figure)


def absent() -> list[str]:
    """Modules that the stored picture lacks."""
    text = PICTURE.read_text(encoding="utf-8") if PICTURE.is_file() else ""
    return [f"{room}/{name}" for room, names in modules().items() for name in names if f">{name}<" not in text]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--check", action="store_true", help="change nothing; status 1 if a module is not in the picture"
    )
    if not parser.parse_args().check:
        draw()
        return 0
    if missing := absent():
        print(f"docs/architecture.svg lacks {', '.join(missing)}: python tools/draw_house.py")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
