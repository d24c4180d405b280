"""`vscode.l10n`: texts for people, with their arguments put in. There are no translations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sessions.errors import InvalidValue
from shim.namespace import fix

__all__ = ["bundle", "t", "uri"]

bundle: None = None
"""The translations: there are none."""
uri: None = None
"""The file of the translations: there is none."""

_PLACE = re.compile(r"\{([^{}]+)\}")


def t(
    message: str | Mapping[str, Any] = "",
    *args: Any,
    comment: str | list[str] | None = None,
    **options: Any,
) -> str:
    """`message` with `{0}` and `{name}` in it replaced by `args`, which are values, or one mapping of names to values.

    As VS Code's one argument it may be `{"message", "args", "comment"}`, or these as keyword arguments. A place that
    nothing is given for stays as it is.
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
    if isinstance(given, list | tuple) and len(given) == 1 and isinstance(given[0], Mapping):
        (given,) = given
    named = given if isinstance(given, Mapping) else {str(place): value for place, value in enumerate(given)}
    return _PLACE.sub(lambda found: str(named[found[1]]) if found[1] in named else found[0], message)


fix(__name__)
