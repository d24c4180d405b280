"""Where settings come from: one YAML file, the environment and flags, laid over each other. It knows no setting."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args, get_origin

import yaml
from pydantic import BaseModel

from sessions.errors import RoostError

PREFIX = "ROOST_"
LARGEST_FILE = 1024 * 1024
VARIABLE = re.compile(r"\$\$\{|\$\{([^{}]*)\}|\$\{")
NAME = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?", re.DOTALL)
SHOWN = re.compile(r"[A-Za-z0-9_.@+-]{1,40}")
Layer = dict[str, Any]


class ConfigError(RoostError):
    """Settings that break a rule: `lines` holds one `key: rule; way out` for each, and the text is those lines."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


class Loader(yaml.SafeLoader):
    """YAML without aliases (one would be read twice, or for ever) and without keys that are given twice."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(problem="alias", problem_mark=mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or not key.tag.endswith(":str"):
                raise yaml.MarkedYAMLError(problem="key", problem_mark=key.start_mark)
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem="twice", problem_mark=key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep=True)


# PyYAML's own words may hold a piece of the value (`!tag`, `*alias`), so these stand in their place.
PROBLEMS = {
    "alias": "YAML aliases are not read; write the value out, or put one that begins with * in quotes",
    "key": "a key must be text; put it in quotes",
    "twice": "this key is given twice; keep one of them",
}
UNREADABLE = "YAML cannot be read here; check indentation and colons, and put values with special characters in quotes"


def file_layer(file: Path, environ: Mapping[str, str]) -> Layer:
    """What the YAML `file` says, `${ENV}` replaced. Raises `ConfigError` naming file and line, or key and variable."""
    tree = _parsed(file, _text(file))
    lines: list[str] = []
    filled = _filled(tree, "", environ, lines)
    if lines:
        raise ConfigError(*lines)
    return dict(filled)


def _text(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            content = opened.read(LARGEST_FILE + 1)
        if len(content) > LARGEST_FILE:
            raise ConfigError(f"{file}: must be at most 1 MiB; is it the file that was meant?")
        return content.decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read ({error.strerror}); give --config a file that can") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{file}: must be UTF-8; save it as UTF-8") from None


def _parsed(file: Path, text: str) -> Layer:
    try:
        tree = yaml.load(text, Loader)  # a SafeLoader with two rules more
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError(f"{file}:{line}: {PROBLEMS.get(error.problem or '', UNREADABLE)}") from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise ConfigError(f"{file}: {UNREADABLE}") from None
    if tree is not None and not isinstance(tree, dict):
        raise ConfigError(f"{file}:1: must hold keys such as `server:`; see docs/configuration.md")
    return tree or {}


def _filled(value: Any, key: str, environ: Mapping[str, str], lines: list[str]) -> Any:
    if isinstance(value, dict):
        return {name: _filled(inner, dotted(key, name), environ, lines) for name, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, dotted(key, number), environ, lines) for number, inner in enumerate(value)]
    if not isinstance(value, str):
        return value
    try:
        return VARIABLE.sub(lambda found: _replaced(found, environ), value)
    except ValueError as error:
        lines.append(f"{key}: {error}")
        return None


def _replaced(found: re.Match[str], environ: Mapping[str, str]) -> str:
    if found[0] == "$${":
        return "${"
    named = NAME.fullmatch(found[1] or "")
    if named is None:
        raise ValueError("holds `${` that is not ${NAME} or ${NAME:-default}; write $${ for the two characters")
    name, default = named.groups()
    if default is not None:
        return environ.get(name) or default
    if name not in environ:
        raise ValueError(f"needs the variable {name}, which is not set; set it, or write ${{{name}:-default}}")
    return environ[name]


def environ_layer(environ: Mapping[str, str], model: type[BaseModel], short: Mapping[str, str]) -> Layer:
    """What `ROOST_<A>__<B>` and the `short` names (variable -> dotted key) say; an empty variable counts as not set."""
    layer: Layer = {}
    lines: list[str] = []
    for variable, text in sorted(environ.items()):
        if text and variable in short:
            put(layer, tuple(short[variable].split(".")), text)
        elif text and variable.startswith(PREFIX) and "__" in variable:
            lines += _take(layer, variable, text, model)
    if lines:
        raise ConfigError(*lines)
    return layer


def _take(layer: Layer, variable: str, text: str, model: type[BaseModel]) -> Iterator[str]:
    known = _known(variable.removeprefix(PREFIX).split("__"), model)
    if known is None:
        yield f"{variable}: no setting has this name; {_guess(variable, model)}"
        return
    key, is_table = known
    value = _table(text) if is_table else text
    if value is None:
        yield f"{variable}: must be a table as JSON or YAML in one line; set its keys one by one instead"
    else:
        put(layer, key, value)


def _known(parts: list[str], model: type[BaseModel]) -> tuple[tuple[str, ...], bool] | None:
    """The key that `parts` spell, and whether it is a table; names chosen by the operator are taken as they stand."""
    key: list[str] = []
    inner: type[BaseModel] | None = model
    for position, part in enumerate(parts):
        name = part.lower()
        if inner is None or part != part.upper() or name not in inner.model_fields:
            return None
        key.append(name)
        held, chosen = inside(inner.model_fields[name].annotation)
        if chosen and len(parts) > position + 1:
            return _under_chosen(key, parts[position + 1 :], held)
        inner = held
    return tuple(key), inner is not None


def _under_chosen(
    key: list[str], rest: list[str], model: type[BaseModel] | None
) -> tuple[tuple[str, ...], bool] | None:
    """A chosen name may itself hold `__`, so the longest end of `rest` that spells a key wins."""
    for cut in range(1, len(rest) + 1):
        found = _known(rest[cut:], model) if model and cut < len(rest) else ((), True) if cut == 1 else None
        if found:
            chosen = "__".join(rest[:cut])
            name = chosen.lower() if key == ["ai_providers"] else chosen
            return (*key, name, *found[0]), found[1]
    return None


def inside(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    """The table that a setting of this type holds, if it does, and whether under names that the operator chooses."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    chosen = get_origin(annotation) in (dict, Mapping)
    inner = [inside(argument)[0] for argument in get_args(annotation)]
    return next((model for model in inner if model), None), chosen


def _table(text: str) -> Layer | None:
    try:
        value = yaml.load(text, Loader)  # a SafeLoader with two rules more
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _guess(variable: str, model: type[BaseModel]) -> str:
    names = ["__".join(key).upper() for key in _keys(model, ())]
    close = difflib.get_close_matches(variable.removeprefix(PREFIX), names, 1, cutoff=0.8)
    return f"did you mean {PREFIX}{close[0]}?" if close else "unset it; docs/configuration.md names every setting"


def _keys(model: type[BaseModel], above: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for name, field in model.model_fields.items():
        inner, chosen = inside(field.annotation)
        if inner is None:
            yield (*above, name)
        elif not chosen:
            yield from _keys(inner, (*above, name))


def put(layer: Layer, key: tuple[str, ...], value: Any) -> None:
    """Lay `value` at `key`, over what is there."""
    for part in reversed(key):
        value = {part: value}
    layer |= over(layer, value)


def over(below: Layer, above: Layer) -> Layer:
    """`above` laid over `below`: tables are merged key by key, all else is replaced. Neither is changed."""
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        merged[key] = over(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def dotted(above: str, part: object) -> str:
    """`above.part` as an error names it; a part that cannot be a key is not shown, for it may hold a secret."""
    if isinstance(part, int):
        return f"{above}[{part}]"
    shown = _named(str(part))
    return f"{above}.{shown}" if above else shown


def _named(text: str) -> str:
    return text if SHOWN.fullmatch(text) else "<unreadable name>"
