"""`vscode.l10n`: texts for people, with their arguments put in. There are no translations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from math import isfinite
from typing import Any

from sessions.errors import InvalidValue
from shim.namespace import fix

__all__ = ["bundle", "t", "uri"]

bundle: None = None
"""The translations: there are none."""
uri: None = None
"""The file of the translations: there is none."""

_PLACE = re.compile(r"\{([^}]+)\}")
_EXPONENT = re.compile(r"e([+-])0*")


def t(
    message: str | Mapping[str, Any] = "",
    *args: Any,
    comment: str | list[str] | None = None,
    **options: Any,
) -> str:
    """`message` with `{0}` and `{name}` in it replaced by `args`, which are values, or one list or mapping of them.

    As VS Code's one argument it may be `{"message", "args", "comment"}`, or these as keyword arguments. A place that
    nothing is given for, or None, stays as it is; truth and numbers are spelled as VS Code spells them.
    """
    if isinstance(message, Mapping):
        given = message.get("args", ())
        message = message.get("message", "")
    else:
        given = options.pop("args", args)
    if options:
        raise InvalidValue(next(iter(options)), "is no argument of l10n.t; there are message, args and comment")
    if not isinstance(message, str):
        raise InvalidValue("message", f"must be a string, not {type(message).__name__}")
    if isinstance(given, list | tuple) and given and isinstance(given[0], Mapping | list | tuple):
        given = given[0]
    named = given.items() if isinstance(given, Mapping) else enumerate(given or ())
    texts = {str(name): _spelled(value) for name, value in named if value is not None}
    return _PLACE.sub(lambda found: texts.get(found[1], found[0]), message)


def _spelled(value: object) -> str:
    """A value as JavaScript's `String` has it: `true`, `1` for 1.0, `1,2` for a list."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, list | tuple):
        return ",".join("" if one is None else _spelled(one) for one in value)
    return str(value)


def _number(value: float) -> str:
    if not isfinite(value):
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    if 1e-6 <= abs(value) < 1e21:
        plain = f"{Decimal(repr(value)):f}"
        return plain.removesuffix(".0")
    return "0" if value == 0 else _EXPONENT.sub(r"e\1", repr(value))


fix(__name__)
