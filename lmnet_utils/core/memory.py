"""Where memory runs out: which errors say so, and what their reader is told."""

from __future__ import annotations

import contextlib
import errno
import re
from collections.abc import Iterator

_SAID = re.compile(r"out of memory|allocate memory|not enough memory|could not create a memory|start new thread", re.I)
_BEGINS = "not enough memory for "
GO_ON = "Close other programs, or run fewer --jobs. Nothing half-written is left; the same command then goes on."
"""Advice where nothing can be made smaller."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out: MemoryError, the system's ENOMEM, or an error of torch's or Pillow's that says so.

    A thread that cannot be started counts: it is its stack for which there is no room.
    """
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno == errno.ENOMEM
    said = isinstance(error, (RuntimeError, OSError)) and _SAID.search(str(error)) is not None
    return isinstance(error, MemoryError) or said


@contextlib.contextmanager
def memory_for(what: str, advice: str = GO_ON) -> Iterator[None]:
    """Where memory runs out within, say for what, and what to do.

    Args:
        what: what is being made, such as ``"the pack of data/freeshapes"``.
        advice: sentences: what needs less, and what becomes of the work so far.

    Raises:
        MemoryError: memory ran out; the message holds both. That of a ``memory_for`` within passes as it is.
    """
    try:
        yield
    except Exception as error:
        if not is_out_of_memory(error) or str(error).startswith(_BEGINS):
            raise
        raise MemoryError(f"{_BEGINS}{what}. {advice}") from error


def explain_memory(error: BaseException) -> str:
    """What ran out, and what to do: for those who started a command. What :func:`memory_for` raised says it already."""
    return (
        str(error) if str(error).startswith(_BEGINS) else f"not enough memory ({str(error) or 'MemoryError'}). {GO_ON}"
    )


def raise_if_out_of_memory(error: BaseException) -> None:
    """For who takes an error for a damaged file: what failed for want of memory says nothing about the file.

    Raises:
        MemoryError: the error came of that. Pillow's is an OSError, "out of memory error when reading image file".
    """
    if is_out_of_memory(error):
        raise MemoryError(str(error)) from error
