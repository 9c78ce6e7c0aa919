"""A room's exports, imported when they are first asked for (PEP 562): ``import lmnet_utils.models`` does not load torch.

What a room exports stands in its ``__init__`` as plain imports that type checkers and editors read::

    if TYPE_CHECKING:
        from lmnet_utils.training.loop import Training, open_data
    else:
        __getattr__, __dir__, __all__ = lazy_exports(__name__)

Notebooks write ``from lmnet_utils.training import Training``; modules of the package import from the defining module.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


def exported_names(package: str) -> dict[str, str]:
    """Name → the module that defines it: the imports under ``if TYPE_CHECKING:`` in a package's ``__init__``."""
    spec = importlib.util.find_spec(package)
    assert spec is not None and spec.origin is not None
    source = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    blocks = [node for node in source.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    lines = [node for block in blocks for node in block.body if isinstance(node, ast.ImportFrom)]
    return {alias.name: str(line.module) for line in lines for alias in line.names}


def lazy_exports(package: str) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """``__getattr__``, ``__dir__`` and ``__all__`` of a package that exports :func:`exported_names`."""
    exports = exported_names(package)

    def get(name: str) -> Any:
        if name not in exports:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(exports[name]), name)
        setattr(sys.modules[package], name, value)  # the next time nobody asks
        return value

    def names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *exports})

    return get, names, sorted(exports)
