"""Profiles: which notebooks run in which order, and the values that their parameters get.

A profile (``notebooks/profiles/<name>.yaml``) names notebooks in their order and the values that their parameters get.
Whatever a profile does not name keeps the default that stands in the notebook. A list given for a parameter that is
no list is a sweep: the notebook is executed once for each value. Weights may follow the sweep:
``initial_weights: trained_models/freeshapes/encoder_lambda_{diversity_weight:g}``.

``repeat`` is a list of mappings parameter → value: the whole profile is run once for each, with these as defaults, into a run of
its own, ``curve-real20-programs500`` for ``{real_objects: 20, programs: 500}``. The data preparation is not repeated, nor does it
get these values: it is run once, into the run of the profile's name.

Everything that can be wrong before a kernel starts (unknown notebook or parameter, wrong type, missing input) is
found by :func:`lmnet_utils.run.plans.plan_steps` and reported at once as a :class:`ProfileError`.
"""

from __future__ import annotations

import ast
import dataclasses
import difflib
import importlib
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import create_model
from pydantic.errors import PydanticUserError

from lmnet_utils.core import paths
from lmnet_utils.core.files import read_json
from lmnet_utils.core.settings import Settings, kinds_of
from lmnet_utils.run.steps import plain_text

DATA_PREPARATION = "01_data_preparation"
"""The notebook that is run once for all that a profile repeats."""


class ProfileError(Exception):
    """A run that cannot start: what was expected, what was found and what to do, one line a finding."""


# ------------------------------------------------------------------------------------------------------- parameters
@dataclasses.dataclass(frozen=True)
class Declaration:
    """What a notebook declares: ``defaults`` of its ``parameters`` cell, and how it builds its ``settings`` of them.

    ``fixed`` are settings that the notebook does not leave open, such as ``loss="l2"``.
    """

    defaults: dict[str, Any]
    settings: type[Settings]
    fixed: dict[str, Any]

    def takes(self, name: str, kind: type) -> bool:
        """Whether a value of this kind, such as a list, may be the parameter's."""
        return bool({kind, Any} & kinds_of(self.settings.types()[name]))

    def build(self, values: Mapping[str, Any]) -> Settings:
        """The settings that the notebook builds with these values; SettingsError if there are none."""
        return self.settings.from_mapping({**self.defaults, **values}, **self.fixed)


def notebook_path(stem: str) -> Path:
    """Path of a notebook of the kit by its stem."""
    return paths.notebooks_root() / f"{stem}.ipynb"


def read_notebook(path: Path) -> dict[str, Any]:
    """A notebook as plain JSON, with every cell's source as one string."""
    notebook = read_json(path)
    for cell in notebook["cells"]:
        if isinstance(cell["source"], list):
            cell["source"] = "".join(cell["source"])
    return notebook


def is_code(cell: Mapping[str, Any]) -> bool:
    return cell["cell_type"] == "code"


def is_tagged(cell: Mapping[str, Any], tag: str) -> bool:
    """Whether a notebook cell carries a tag."""
    return tag in cell.get("metadata", {}).get("tags", [])


def read_declaration(path: Path) -> Declaration:
    """What a notebook declares; nothing without a cell tagged ``parameters``.

    Its settings are those of its call ``<Class>.from_mapping(globals(), …)``. A parameter that they do not have, such as
    any of a notebook without that call, is checked against its annotation alone.

    Raises:
        ProfileError: the cell holds something else than ``name: type = literal`` lines and imports, or no such settings.
    """
    cells = [cell for cell in read_notebook(path)["cells"] if is_code(cell)]
    cell = next((cell for cell in cells if is_tagged(cell, "parameters")), None)
    declared: dict[str, tuple[Any, Any]] = {}
    for node in ast.parse(cell["source"]).body if cell else []:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            continue
        target = node.target if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [None])[0]
        try:
            default = ast.literal_eval(node.value)
            kind = ast.unparse(node.annotation) if isinstance(node, ast.AnnAssign) else type(default)
            declared[target.id] = (Any if kind is type(None) else kind, default)
        except (ValueError, AttributeError) as error:
            raise ProfileError(
                f"{path.stem}: parameters cell, line {node.lineno}: expected `name: type = literal`, "
                f"found `{ast.unparse(node)}` ({error})"
            ) from error
    try:
        settings, fixed = _settings_call([cell["source"] for cell in cells])
        others: dict[str, Any] = {name: entry for name, entry in declared.items() if name not in settings.types()}
        if others:  # the annotations are read where Optional and the like are known
            settings = create_model(settings.__name__, __base__=settings, __module__="typing", **others)
            settings.model_rebuild()
    except (ImportError, AttributeError, ValueError, PydanticUserError, NameError) as error:
        raise ProfileError(f"{path.stem}: its settings cannot be read: {error}") from error
    return Declaration({name: default for name, (_, default) in declared.items()}, settings, fixed)


def _settings_call(sources: Sequence[str]) -> tuple[type[Settings], dict[str, Any]]:
    """Class and literal keywords of the call ``<Class>.from_mapping(globals(), …)`` in a notebook's code."""
    modules: dict[str, str] = {}
    for source in sources:
        try:
            nodes = list(ast.walk(ast.parse(source)))
        except SyntaxError:  # a cell with a magic
            continue
        for node in nodes:
            if isinstance(node, ast.ImportFrom):
                modules |= {alias.asname or alias.name: str(node.module) for alias in node.names}
        for node in nodes:
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="from_mapping")) if name in modules:
                    fixed = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in node.keywords}
                    return getattr(importlib.import_module(modules[name]), name), fixed
    return Settings, {}


# --------------------------------------------------------------------------------------------------------- profiles
class _YamlLoader(yaml.SafeLoader):
    """YAML 1.1 reads 5e-4 as a string; every reader of a profile means a number."""


_YamlLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$"), list("-+.0123456789")
)


def parse_yaml(text: str) -> Any:
    """YAML text as plain Python values; numbers such as ``5e-4`` are numbers."""
    return yaml.load(text, Loader=_YamlLoader)  # noqa: S506 - a SafeLoader


@dataclasses.dataclass(frozen=True)
class Profile:
    """What a profile file says. ``notebooks`` maps notebook stem → {parameter: value or list of values to sweep}.

    ``repeat`` maps what each run's name ends in → the defaults of this run; empty if nothing is repeated.
    """

    name: str
    argument: str
    description: str
    run_name: str
    defaults: dict[str, Any]
    notebooks: dict[str, dict[str, Any]]
    repeat: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)


def profile_names() -> list[str]:
    """Names of the profiles in ``notebooks/profiles``."""
    return sorted(path.stem for path in (paths.notebooks_root() / "profiles").glob("*.yaml"))


def load_profile(profile: str) -> Profile:
    """Read a profile by its name in ``notebooks/profiles`` or by the path of a YAML file.

    Raises:
        ProfileError: no such profile, no valid YAML, or something in it that a profile does not have.
    """
    is_path = profile.endswith((".yaml", ".yml"))
    path = Path(profile) if is_path else paths.notebooks_root() / "profiles" / f"{profile}.yaml"
    if not path.is_file():
        raise ProfileError(
            f"no profile {profile!r}{did_you_mean(profile, profile_names())}. "
            f"There are: {', '.join(profile_names()) or 'none'}; or give the path of a .yaml file."
        )
    try:
        content = parse_yaml(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ProfileError(f"profile {path.name}: no valid YAML: {error}") from error
    if not isinstance(content, dict) or not isinstance(content.get("notebooks"), dict) or not content["notebooks"]:
        raise ProfileError(
            f"profile {path.name}: expected a mapping with `notebooks:`, a mapping notebook → parameters"
        )
    known = ("description", "run_name", "defaults", "notebooks", "repeat")
    for key in content:
        if key not in known:
            raise ProfileError(f"profile {path.name}: unknown entry {key!r}{did_you_mean(key, known)}")
    notebooks = {str(stem): values if values is not None else {} for stem, values in content["notebooks"].items()}
    defaults = content.get("defaults") or {}
    for name, values in {**notebooks, "defaults": defaults}.items():
        if not isinstance(values, dict):
            raise ProfileError(f"profile {path.name}, {name}: expected a mapping parameter → value, found {values!r}")
    return Profile(
        path.stem,
        profile,
        str(content.get("description") or "").strip(),
        str(content.get("run_name") or path.stem),
        defaults,
        notebooks,
        _repeats(content["repeat"], path) if "repeat" in content else {},
    )


def _repeats(listed: Any, path: Path) -> dict[str, dict[str, Any]]:
    """What a profile repeats, by names such as ``real20-programs500``: texts as they are, of anything else what it is, too."""
    found: dict[str, dict[str, Any]] = {}
    for values in listed if isinstance(listed, list) and listed else [None]:
        single = (
            isinstance(values, dict) and values and not any(isinstance(one, (list, dict)) for one in values.values())
        )
        if not single:
            raise ProfileError(
                f"profile {path.name}, repeat: expected a list of mappings parameter → one value, such as "
                f"`- {{real_objects: 20, programs: 500}}`, found {values or listed!r}"
            )
        texts = [
            value if isinstance(value, str) else f"{str(name).partition('_')[0]}{'all' if value is None else value}"
            for name, value in values.items()
        ]
        name = "-".join(map(plain_text, texts))
        if name in found:
            raise ProfileError(f"profile {path.name}, repeat: {values} and {found[name]} would both be called {name!r}")
        found[name] = values
    return found


def did_you_mean(word: str, candidates: Iterable[str]) -> str:
    """`` (did you mean 'chair'?)`` for a word that is like one of the candidates; nothing for another one."""
    close = difflib.get_close_matches(str(word), [str(candidate) for candidate in candidates], n=1, cutoff=0.5)
    return f" (did you mean {close[0]!r}?)" if close else ""
