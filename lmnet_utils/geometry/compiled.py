"""Modules of loops that numba compiles, where numba is installed (the extra ``fast``); without it, or them, all goes on slower."""

from __future__ import annotations

import functools
import importlib
import warnings
from types import ModuleType


@functools.cache
def compiled(name: str) -> ModuleType | None:
    """``"grid_search"`` or ``"augmenting_paths"`` of this room, None without numba.

    The first call on a machine compiles for some seconds; numba keeps the machine code beside the module, or below the
    user's home where that folder is not writable.
    """
    try:
        importlib.import_module("numba")
        return importlib.import_module(f"lmnet_utils.geometry.{name}")
    except ModuleNotFoundError as error:
        if error.name == "numba":
            return None
        problem: Exception = error
    except Exception as error:  # it does not know this NumPy, may keep nothing on this disk, finds its files damaged …
        problem = error
    warnings.warn(
        f"numba is installed but cannot be used ({type(problem).__name__}: {problem}): the results are the same without it, "
        f"but come several times slower. Reinstall it with `pip install -U numba`, or remove the files `{name}*.nb?` in "
        "`lmnet_utils/geometry/__pycache__`.",
        stacklevel=2,
    )
    return None
