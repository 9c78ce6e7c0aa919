"""The kit's HTML pages: Jinja2 templates in ``templates/``. Every value that a template shows is escaped."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any, cast

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

FOLDER = Path(__file__).with_name("templates")


def file_text(name: str) -> Markup:
    """A file beside the templates, such as a style sheet, as it stands; in templates, too: ``{{ file_text("report.css") }}``."""
    return Markup((FOLDER / name).read_text(encoding="utf-8"))


_ENVIRONMENT = Environment(
    loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
_ENVIRONMENT.globals["file_text"] = file_text


def render(template: str, **values: Any) -> str:
    """A page: the template with its values."""
    return _ENVIRONMENT.get_template(template).render(values)


def macros(template: str) -> ModuleType:
    """The macros of a template as functions; what they return is :class:`markupsafe.Markup`, which is not escaped again."""
    return cast(ModuleType, _ENVIRONMENT.get_template(template).module)
