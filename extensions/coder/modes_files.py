"""Modes that people define: `.roomodes` of a project, `custom_modes.yaml` of a user, the setting. Text in, modes out.

A mode that breaks a rule is left out and named with its field and line; the others work.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from extensions.coder.modes import GROUPS, Group, Mode
from extensions.coder.patterns import BadPattern, matches
from extensions.coder.yamltext import BadYaml, Document, Place, parse

SLUG = re.compile(r"[A-Za-z0-9-]{1,100}")
MOST = 200
"""Modes of one file."""

LONGEST = 100_000
"""Characters of one text of a mode."""

TEXTS = (("whenToUse", "when_to_use"), ("description", "description"), ("customInstructions", "instructions"))
"""Texts that a mode may have, as files spell them and as we do."""

OPTIONS = ("fileRegex", "description")
"""What a group may be told."""

REPEATED = frozenset({"browser"})
"""Groups that may stand there several times: Roo Code leaves them out before it looks, so that nobody noticed."""

EXAMPLE = "write it as in `- slug: reviewer`"


@dataclass(frozen=True, slots=True)
class Found:
    """What a file defines, and a sentence for each mistake in it."""

    modes: tuple[Mode, ...] = ()
    problems: tuple[str, ...] = ()


class _Mistake(ValueError):
    """A field breaks a rule."""

    def __init__(self, place: Place, rule: str) -> None:
        super().__init__(rule)
        self.place = place
        self.rule = rule


def read_modes(text: str, file: str, source: str) -> Found:
    """The modes of a file's text. `file` is what its mistakes are told of, `source` such as `project`."""
    try:
        document = parse(text)
    except BadYaml as error:
        return Found((), (f"{file}: is neither YAML nor JSON: {error}",))
    if document.value is None:
        return Found()
    given = document.value.get("customModes") if isinstance(document.value, dict) else None
    if not isinstance(given, list):
        return Found((), (f"{file}: customModes: is missing or no list; begin the file with `customModes:`",))
    return _modes(given, source, lambda place: _where(file, document, ("customModes", *place)))


def listed_modes(given: object, name: str, source: str) -> Found:
    """The modes of a setting, a list of the same objects as in a file."""
    if not isinstance(given, list):
        return Found((), (f"{name}: must be a list of modes; remove it or correct it",) if given else ())
    return _modes(given, source, lambda place: f"{name}{_dotted(place)}")


def _where(file: str, document: Document, place: Place) -> str:
    line = document.line(place)
    return f"{file}{f', line {line}' if line else ''}: {_dotted(place).lstrip('.')}"


def _dotted(place: Place) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)


def _modes(given: list[Any], source: str, told: Callable[[Place], str]) -> Found:
    modes: dict[str, Mode] = {}
    problems = []
    for at, raw in enumerate(given[:MOST]):
        try:
            mode = _mode(raw, (at,), source)
            if mode.slug in modes:
                raise _Mistake((at, "slug"), f"{mode.slug!r} stands above already; the first one counts")
        except _Mistake as error:
            problems.append(f"{told(error.place)}: {error.rule}")
        else:
            modes[mode.slug] = mode
    if len(given) > MOST:
        problems.append(f"{told(())}: has {len(given)} modes, of which {MOST} are read")
    return Found(tuple(modes.values()), tuple(problems))


def _mode(raw: object, place: Place, source: str) -> Mode:
    if not isinstance(raw, dict):
        raise _Mistake(place, f"must be a mode with slug, name, roleDefinition and groups; {EXAMPLE}")
    slug = _text(raw, place, "slug", required=True)
    if not SLUG.fullmatch(slug):
        raise _Mistake((*place, "slug"), f"{slug[:100]!r} must be letters, digits and dashes; {EXAMPLE}")
    return Mode(
        slug,
        _text(raw, place, "name", required=True),
        _text(raw, place, "roleDefinition", required=True),
        _groups(raw, place),
        **{ours: _text(raw, place, theirs) for theirs, ours in TEXTS},
        source=source,
    )


def _text(raw: Mapping[str, Any], place: Place, field: str, *, required: bool = False) -> str:
    value = raw.get(field)
    if value is None and not required:
        return ""
    if value is None:
        raise _Mistake(place, f"has no {field}; add it")
    if not isinstance(value, str):
        raise _Mistake((*place, field), "must be text; put it in quotes")
    if required and not value.strip():
        raise _Mistake((*place, field), "is empty; say what it is")
    if len(value) > LONGEST:
        raise _Mistake((*place, field), f"has {len(value)} characters and may have {LONGEST}; shorten it")
    return value.strip()


def _groups(raw: Mapping[str, Any], place: Place) -> tuple[Group, ...]:
    place = (*place, "groups")
    given = raw.get("groups")
    if not isinstance(given, list):
        raise _Mistake(place, f"must be a list of {', '.join(GROUPS)}; write [] for none")
    groups = [_group(entry, (*place, at)) for at, entry in enumerate(given)]
    names = [one.name for one in groups]
    again = [at for at, name in enumerate(names) if name in names[:at]]
    if twice := next((at for at in again if names[at] not in REPEATED), None):
        raise _Mistake((*place, twice), f"{names[twice]!r} stands there twice; keep one")
    return tuple(one for at, one in enumerate(groups) if at not in again)


def _group(entry: object, place: Place) -> Group:
    name, options = (entry[0], entry[1]) if isinstance(entry, list) and len(entry) == 2 else (entry, {})
    if not isinstance(name, str) or name not in GROUPS:
        raise _Mistake(place, f"must be one of {', '.join(GROUPS)}, or [edit, {{fileRegex: ...}}]")
    if not isinstance(options, dict):
        raise _Mistake((*place, 1), "must have fileRegex and maybe description; correct or remove it")
    if unknown := next((key for key in options if key not in OPTIONS), None):
        rule = f"is not known; there are {' and '.join(OPTIONS)}, and without the first the mode would edit every file"
        raise _Mistake((*place, 1, str(unknown)), rule)
    pattern, description = options.get("fileRegex"), options.get("description")
    for field, value in (("fileRegex", pattern), ("description", description)):
        if value is not None and not isinstance(value, str):
            raise _Mistake((*place, 1, field), "must be text; put it in quotes")
    if pattern is not None:
        try:
            matches(pattern, "")
        except BadPattern as error:
            raise _Mistake((*place, 1, "fileRegex"), f"{error}; the mode is left out until it is one") from None
    return Group(name, pattern, description)


def merged(built_in: Iterable[Mode], *layers: Iterable[Mode]) -> tuple[Mode, ...]:
    """All modes: those of earlier layers instead of later ones and of built-in ones with the same slug."""
    chosen = {mode.slug: mode for mode in built_in}
    for layer in reversed(layers):
        chosen |= {mode.slug: mode for mode in layer}
    return tuple(chosen.values())
