"""What settings are: a base class on pydantic, clear errors, and the types that all settings share.

The notebooks' own stand in :mod:`lmnet_utils.core.notebook_settings`. No value is converted, except that an int stands for a
float: a text "3" where a number is meant is a mistake.
"""

from __future__ import annotations

import difflib
import re
import types
import typing
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, TypeVar, Union

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, create_model

PAPER_ALPHA, PAPER_ANGLE = 0.2, 20.0
"""The paper's α, and its δ in degrees: how wide Variant II's samples are to be, and for which views."""
MAX_SAMPLES = 16
"""Samples an image that the explorer shows."""
WIDTHS = (1.0, 0.5, 0.25)
"""Factors on the image encoder's channel counts."""


# ------------------------------------------------------------------------------------------------------------- errors
class SettingsError(ValueError):
    """Settings that cannot be, a line a problem.

    Attributes:
        problems: (name of the setting, what was expected and found); no name where settings do not go together.
    """

    def __init__(self, owner: str, problems: list[tuple[str, str]], advice: str = "") -> None:
        super().__init__(owner, problems, advice)
        self.owner, self.problems, self.advice = owner, problems, advice

    def __str__(self) -> str:
        lines = [f"{'.'.join(filter(None, (self.owner, name)))}: {text}." for name, text in self.problems]
        return "\n".join(f"{line} {self.advice}".strip() for line in lines)


_EXPECTED = {  # pydantic's kinds of errors in the words of the kit
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "True or False",
    "string_type": "text",
    "list_type": "a list",
    "literal_error": "{expected}",
    "finite_number": "a finite number",
    "greater_than": "more than {gt:g}",
    "greater_than_equal": "at least {ge}",
    "less_than_equal": "at most {le}",
    "too_short": "at least {min_length} in the list",
    "too_long": "at most {max_length} in the list",
}


def _explain(error: ValidationError, fields: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What pydantic found, as :class:`SettingsError` has it; ``fields``: name → type."""
    problems = []
    for found in error.errors(include_url=False):
        kind, value, context = found["type"], found["input"], found.get("ctx", {})
        name = "".join(map(str, found["loc"][:1]))
        name += "".join(f"[{part}]" for part in found["loc"][1:] if isinstance(part, int))  # of a list
        cause = context.get("error")
        if isinstance(cause, SettingsError):  # of settings within settings
            problems += cause.problems
        elif kind == "missing":
            problems.append((name, "is missing"))
        elif kind == "extra_forbidden":
            close = difflib.get_close_matches(name, fields, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(fields)}"
            problems.append((name, f"no such setting ({hint})"))
        elif kind == "value_error" and not name:
            problems.append((name, str(cause)))
        else:
            expected = str(cause) if cause else _EXPECTED.get(kind, "").format(**context)
            expected = expected or found["msg"].removeprefix("Input should be ")
            if name in fields and type(None) in kinds_of(fields[name]):
                expected += ", or None"
            quotes = f'; write "{value}" in quotes' if kind == "string_type" and type(value) in (int, float) else ""
            problems.append((name, f"expected {expected}, found {_shown(value)}{quotes}"))
    return problems


def _shown(value: Any) -> str:
    text, kind = repr(value), type(value).__name__
    if len(text) > 60:
        text, kind = f"{text[:50]}…", f"{kind} of {len(value)}" if isinstance(value, (str, list)) else kind
    return text if value is None else f"{text} ({kind})"


def kinds_of(annotation: Any) -> set[Any]:
    """The plain types that a value may have: ``list[str] | None`` → {list, NoneType}."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Annotated:
        return kinds_of(arguments[0])
    if origin in (Union, types.UnionType):
        return set().union(*map(kinds_of, arguments))
    if origin is Literal:
        return {type(choice) for choice in arguments}
    return {origin or annotation}


# --------------------------------------------------------------------------------------------------------------- base
S = TypeVar("S", bound="Settings")


class Settings(BaseModel):
    """Base of all settings: frozen, no unknown names, nothing converted but int to float.

    Raises:
        SettingsError: (a ValueError) with a line for each setting that is missing, unknown or wrong.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)
    advice: ClassVar[str] = "Change it in the parameters cell or the profile."

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise SettingsError(type(self).__name__, _explain(error, self.types()), self.advice) from None

    @classmethod
    def from_mapping(cls: type[S], values: Mapping[str, Any], **fixed: Any) -> S:
        """The settings from a notebook's ``globals()``: its own names are taken, all others left alone.

        Args:
            values: also of settings within these, such as :class:`RenderSettings`, under their plain names.
            fixed: settings that this notebook does not leave open.
        """
        taken = {name: values[name] for name in cls.model_fields if name in values}
        for name, kind in cls._within().items():
            taken[name] = {inner: values[inner] for inner in kind.model_fields if inner in values}
        return cls(**{**taken, **fixed})

    @classmethod
    def _within(cls) -> dict[str, type[Settings]]:
        kinds = {name: field.annotation for name, field in cls.model_fields.items()}
        return {name: kind for name, kind in kinds.items() if isinstance(kind, type) and issubclass(kind, Settings)}

    @classmethod
    def types(cls) -> dict[str, Any]:
        """Name → type of all that :meth:`from_mapping` takes."""
        within = cls._within()
        own = {name: field.annotation for name, field in cls.model_fields.items() if name not in within}
        return own | {name: kind for inner in within.values() for name, kind in inner.types().items()}

    def flat(self) -> dict[str, Any]:
        """The values under the names of :meth:`types`."""
        values = dict(self)
        for name in self._within():
            values |= values.pop(name).flat()
        return values

    def but(self: S, **changes: Any) -> S:
        """The same settings with some changed, checked again."""
        return type(self)(**{**dict(self), **changes})

    def as_dict(self) -> dict[str, Any]:
        """The settings as a plain dictionary, for ``metrics.json`` and ``config.json``."""
        return self.model_dump()


# -------------------------------------------------------------------------------------------------------------- types
def _matching(pattern: str, expected: str) -> AfterValidator:
    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(expected)
        return text

    return AfterValidator(check)


def _is_width(value: float) -> float:
    if value not in WIDTHS:
        raise ValueError(f"one of {', '.join(map(str, WIDTHS))}")
    return value


RUN_NAME = r"\w[\w.=+-]{0,63}"
Run = Annotated[str, _matching(RUN_NAME, "1 to 64 letters, digits and .-_=+, for it names a folder")]
DatasetName = Annotated[
    str,
    _matching(
        r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}",
        "1 to 64 letters, digits and -_., no dot or hyphen first, for it names a folder",
    ),
]
"""A folder of ``data/``."""
PathText = Annotated[
    str, _matching(r"(?=.)[^/\0]{0,200}(/[^/\0]{0,200})*", "a path of parts of at most 200 characters")
]
Split = Literal[
    "official", "60-20-20", "fold-1-of-5", "fold-2-of-5", "fold-3-of-5", "fold-4-of-5", "fold-5-of-5", "port",
    "unseen-airplane", "unseen-bench", "unseen-cabinet", "unseen-car", "unseen-chair", "unseen-display", "unseen-lamp",
    "unseen-loudspeaker", "unseen-rifle", "unseen-sofa", "unseen-table", "unseen-telephone", "unseen-watercraft",
]  # fmt: skip
Classes = Literal["13", "3", "chair"]
"""A class group; "13" has classes of one's own as well."""
ClassName = Literal[
    "airplane", "bench", "cabinet", "car", "chair", "display", "lamp", "loudspeaker", "rifle", "sofa", "table",
    "telephone", "watercraft",
]  # fmt: skip
Seed = Annotated[int, Field(ge=0, le=2**63 - 1)]
Device = Annotated[str, _matching(r"auto|(cpu|cuda|mps|xpu)(:\d+)?", "'auto', 'cpu', 'cuda', 'cuda:1' or the like")]
Precision = Literal["auto", "fp32", "bf16"]
Count = Annotated[int, Field(ge=1)]
"""How many, one at least: epochs, images of a step, views, objects; ``Count | None`` where None stands for all."""
Samples = Annotated[int, Field(ge=1, le=MAX_SAMPLES)]
Temperature = Annotated[float, Field(ge=0, le=50)]
Positive = Annotated[float, Field(gt=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Rgb = Annotated[list[Fraction], Field(min_length=3, max_length=3)]
Schedule = Literal["constant", "one_cycle"]
AutoencoderLoss = Literal["paper", "port", "chamfer_emd"]
EncoderLoss = Literal["l1", "l2", "chamfer", "chamfer_frozen", "probabilistic", "end_to_end"]
Architecture = Literal["port", "paper", "strong"]
Width = Annotated[float, AfterValidator(_is_width)]
Icp = Literal["none", "exact", "official"]
"""Without ICP; with it; with the official code's inverted transform."""
Yaw = Literal[0, 90, 180, 270]
"""Degrees around the upright axis."""
Background = Literal["auto", "alpha", "plain", "grabcut", "rembg", "none"]
"""How an object is told from its background; see :func:`lmnet_utils.apps.cutouts.cut_out`."""


class _Option(Settings):
    advice: ClassVar[str] = ""


def check_value(name: str, kind: Any, value: Any) -> None:
    """Raise :class:`SettingsError` unless a single value, such as an option of a command, is of one of these types."""
    field: dict[str, Any] = {name: (kind, ...)}
    create_model("", __base__=_Option, **field)(**{name: value})
