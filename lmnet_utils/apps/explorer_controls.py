"""What the explorer says and offers, in one place: the notebook's widgets and the page for any browser are made of it.

The page cannot import this: :func:`description` is what it gets, as JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lmnet_utils.apps import explorer_groups as groups
from lmnet_utils.core.settings import MAX_SAMPLES
from lmnet_utils.data.images import LARGEST_SIDE, OBJECT_SHIFT, OBJECT_SIDE
from lmnet_utils.data.layout import INPUT_SIZE

HEADING = "3D-LMNet: what could it be from behind?"
ABOUT = (
    "One picture does not show all of an object, so these networks answer with several shapes; λ is how much their training asked for variety, and the "
    "numbers below the shapes say what came of it. Choose an image or upload one, move λ and σ ×, and drag a shape to turn all of them."
)
SHAPES = (
    "The green shapes are the network's samples: λ shows what another network, taught to vary more "
    "or less, makes of the same picture, and σ × spreads the samples of the one on screen."
)
HELP = (
    f"Pick an object and a view. {SHAPES} “Seen from” leads the input's camera round the object while the shapes stay: see which "
    "of them remain. The last of the classes are images of which all that could be behind them is known."
)
LAMBDA_NOTE = (
    "Every place of this slider is another trained network, not a knob of one network: λ acts in <em>training</em>."
)
RESIDUAL_NOTE = (
    "samples are the network's own answer plus what it got wrong on the most similar images that it was not trained "
    "on. There σ is how far these errors spread, and σ × multiplies them."
)
GROUP_NOTE = "Samples that look alike are one shape, with their share below it: as few shapes, at most four, as stand near enough to all samples."
SPREAD_LIMITS = tuple(step * power for power in (0.001, 0.01, 0.1) for step in (1, 1.5, 2, 3, 5, 7))
"""Where the spread map's colours may end, in object diagonals: few steps, so that maps compare from picture to picture."""
OWN_ANSWERS = {"variational": "the decoded mean", "residuals": "the network's own answer"}
"""What the panel “mean” is, of Variant II and of an encoder with residuals."""
SCORES = {
    "sigma": ("mean σ × temperature", "{:.3f}"),
    "shapes": ("different shapes (at most 4)", "{:.0f}"),
    "pairwise": ("pairwise distance, % of the diagonal", "{:.2f}"),
    "spread": ("spread of a point, % of the diagonal", "{:.2f}"),
    "chamfer_mean": ("Chamfer ×100 of the mean", "{:.2f}"),
    "mean_of_n": ("Chamfer ×100, mean of N samples", "{:.2f}"),
    "min_of_n": ("Chamfer ×100, best of N samples", "{:.2f}"),
}
"""Rows of the table of numbers: words, and how a number is written."""
MODEL = {"variational": "λ", "residuals": "posterior"}
"""How the choice of a network is called, joined by “or” where there are both kinds."""
COMPARE, GROUPED, TRUTH = "Compare all side by side", "Group samples that look alike", "Show the true shape"
UPLOAD = "Upload a picture"
SAVES = {
    "PNG": "Everything on screen as one picture",
    "PLY": "The large shape as a point cloud",
    "GLB": "The large shape as points for 3-D programs, y up",
}


@dataclass(frozen=True)
class Range:
    """A number that a control sets: its name, bounds, step and first value."""

    label: str
    min: float
    max: float
    step: float
    value: float

    @property
    def options(self) -> dict[str, Any]:
        """As ipywidgets' sliders take it, without the name."""
        return {"min": self.min, "max": self.max, "step": self.step, "value": self.value}


TEMPERATURE = Range("σ ×", 0, 20, 0.1, 1)
SAMPLES = Range("Samples", 1, MAX_SAMPLES, 1, MAX_SAMPLES)
SEED = Range("Seed", 0, 2**31 - 1, 1, 0)


def description(colours: Mapping[str, Any]) -> dict[str, Any]:
    """All of it that the page needs, for JSON.

    Args:
        colours: further entries that belong to drawing, such as the spread map's colours.
    """
    return {
        "notes": {"lambda": LAMBDA_NOTE, "residuals": RESIDUAL_NOTE, "grouped": GROUP_NOTE},
        "model": MODEL,
        "own_answers": OWN_ANSWERS,
        "scores": {name: words for name, (words, _) in SCORES.items()},
        "ranges": {"temperature": TEMPERATURE.options, "samples": SAMPLES.options, "seed": SEED.options},
        "groups": {"alike": groups.ALIKE, "most": groups.MOST_GROUPS, "points": groups.COMPARED_POINTS},
        "placing": {"size": INPUT_SIZE, "side": OBJECT_SIDE, "shift": OBJECT_SHIFT, "largest": LARGEST_SIDE},
        "spread_limits": SPREAD_LIMITS,
        **colours,
    }
