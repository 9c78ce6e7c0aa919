"""Checks of single values, with errors that say what was found and what may stand there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

    Array = NDArray[Any] | torch.Tensor
else:
    Array = Any  # torch takes two seconds to import, and whoever checks a choice can do without


def choose(name: str, value: Any, choices: Iterable[Any]) -> None:
    """Raise ValueError naming the setting, what was found and what may stand there, unless ``value`` is a choice."""
    choices = tuple(choices)
    if value not in choices:
        raise ValueError(f"{name}={value!r}: expected one of {', '.join(map(repr, choices))}.")


# ------------------------------------------------------------------------------------------------------------- inputs
def finite_array(values: Any, name: str, shape: tuple[int | None, ...]) -> NDArray[np.float64]:
    """``values`` as finite float64 of a shape, in which ``None`` is any size from 1 on."""
    values = values.detach().cpu().numpy() if hasattr(values, "detach") else np.asarray(values)
    wanted = ", ".join("≥ 1" if size is None else str(size) for size in shape) + ("," if len(shape) == 1 else "")
    fits = len(values.shape) == len(shape) and all(
        found >= 1 if size is None else found == size for found, size in zip(values.shape, shape, strict=True)
    )
    if not fits:
        raise ValueError(f"{name}: expected shape ({wanted}), found {values.shape}.")
    values = values.astype(np.float64)
    if not np.isfinite(values).all():
        raise ValueError(f"{name}: {(~np.isfinite(values)).sum()} of {values.size} values are NaN or infinite.")
    return values
