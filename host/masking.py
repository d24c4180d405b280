"""What may not be read in a log: secrets by name and by looks, and characters that would forge a line. No I/O."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any
from urllib.parse import quote

HIDDEN = "***"
LONGEST = 8 * 1024
"""Characters that are kept of one text."""
READ = 2 * LONGEST
ENTRIES = 32
DEPTH = 5
ROOM = 32 * 1024
SHORTEST_SECRET = 6

SECRET_NAME = re.compile(
    r"secret|passw(or)?d|passphrase|api_?key|access_?key|authorization|cookie|credential|private_?key|master_?key"
    r"|(^|_)(token|jwt|pat|bearer|otp)$"
)
NAMED = r"(?:token(?!s)|secret|passw(?:or)?d|passphrase|api[_-]?key|access[_-]?key|credential|jwt)[\w-]{0,32}"
PASSWORD = r"(?:passw(?:or)?d|passphrase|api[_-]?key)"
KEYS = "sk- sk_ pk- pk_ rk- rk_ github_pat_ ghp_ gho_ ghu_ ghs_ ghr_ glpat- xox xapp- AIza AKIA hf_ npm_ pypi-"


def _rule(hints: str, pattern: str, shown: str = HIDDEN) -> tuple[tuple[str, ...], re.Pattern[str], str]:
    return tuple(hints.lower().split()), re.compile(pattern, re.IGNORECASE | re.DOTALL), shown


# A pattern is only tried where one of its hints is in the text, for trying all of them takes long. Each begins where
# a word does or with a fixed text, so that even a long text without a secret is passed over once.
RULES = (
    _rule(
        "authorization cookie",
        r"\b((?:proxy-)?authorization|(?:set-)?cookie)(['\"]?\s*[:=]\s*['\"]?)[^\r\n'\"]+",
        r"\1\2***",
    ),
    _rule("bearer basic", r"\b(bearer|basic(?=\s+\S*[\d=+/]))(\s+)[^\s,;'\"]+", r"\1\2***"),
    _rule(
        "token secret passw passphrase key credential jwt",
        rf"({NAMED}(?:=|['\"]\s*[:=]\s*))(?:'[^']*'|\"[^\"]*\"|[^\s&;,'\"<>\]}}}}]+)",
        r"\1***",
    ),
    _rule("passw passphrase key", rf"({PASSWORD}\s*:\s*)[^\s&;,]+", r"\1***"),
    _rule("://", r"(://[^/\s:@]*):[^/\s@]+@", r"\1:***@"),
    _rule("-----begin", r"-----BEGIN[ A-Z]*PRIVATE KEY-----.*?(?:-----END[ A-Z]*-----|\Z)"),
    _rule("eyj eya ewo ew0", r"(?<![\w-])e(?:yj|ya|w0|wo)[\w-]{6,}(?:\.[\w-]*){1,4}"),  # base64url of `{"`, `{ `, ...
    _rule(".", r"(?<![\w-])[\w-]{16,}+\.[\w-]{16,}+\.[\w-]{16,}+"),  # anything else in three long parts
    _rule(KEYS, rf"(?<![\w-])(?:{KEYS.replace(' ', '|')})[\w-]{{8,}}"),
)


def is_secret(name: str) -> bool:
    """Whether what has this name may not be shown: `api_key`, `apiKey`, `Set-Cookie`; not `max_tokens`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+", "_", name[:256])
    return SECRET_NAME.search(words.lower()) is not None


def veiled(value: Any, name: str = "") -> Any:
    """Settings as they may be shown: whole, but for the values of secrets (`is_secret` of the last word of a key)."""
    if isinstance(value, dict):
        return {key: veiled(inner, key.rpartition(".")[2]) for key, inner in value.items()}
    if isinstance(value, list):
        return [veiled(inner, name) for inner in value]
    hidden = is_secret(name) and value not in (None, "") and not isinstance(value, bool)
    return HIDDEN if hidden else value


def revealed(value: Any, kept: Any, name: str = "") -> Any:
    """What somebody means who sends back settings as they were `veiled`: where a secret is hidden, the one `kept`."""
    if isinstance(value, dict):
        known = kept if isinstance(kept, dict) else {}
        return {key: revealed(inner, known.get(key), key) for key, inner in value.items()}
    return kept if value == HIDDEN and is_secret(name.rpartition(".")[2]) and kept is not None else value


def one_line(text: str) -> str:
    """`text` with what does not print as itself written out: line breaks, escapes, marks of direction."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


class Room:
    """How many characters one event may still take."""

    __slots__ = ("left",)

    def __init__(self, left: int = ROOM) -> None:
        self.left = left


class Mask:
    """Hides what looks like a secret, and the `secrets` that are known, in whatever is logged."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        spellings = {form for secret in secrets if len(secret) >= SHORTEST_SECRET for form in _spellings(secret)}
        longest_first = sorted(spellings, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first))) if spellings else None

    def text(self, text: str) -> str:
        """`text` without secrets, cut to `LONGEST` characters."""
        masked = self._masked(text[:READ])
        return masked if len(masked) <= LONGEST else f"{masked[:LONGEST]}... ({len(text)} characters)"

    def tail(self, text: str) -> str:
        """The end of `text` without secrets: of a traceback it says the most."""
        return self._masked(text[-READ:])[-LONGEST:]

    def _masked(self, text: str) -> str:
        if self._known is not None:
            text = self._known.sub(HIDDEN, text)
        lower = text.lower()
        for hints, pattern, shown in RULES:
            if any(hint in lower for hint in hints):
                text = pattern.sub(shown, text)
        return text

    def value(self, value: Any, name: str = "", room: Room | None = None, depth: int = 0) -> Any:
        """`value` as JSON may hold it, without secrets; what `name` says is secret is hidden whatever it is."""
        room = Room() if room is None else room
        if room.left <= 0:
            return "..."
        kept = self._kept(value, name, room, depth)
        room.left -= 16 + (len(kept) if isinstance(kept, str) else 0)
        return kept

    def _kept(self, value: Any, name: str, room: Room, depth: int) -> Any:
        if value is None or isinstance(value, bool):
            return value
        if is_secret(name):
            return HIDDEN
        if type(value) in (int, float):
            return value if -(2**63) < value < 2**63 else shown(value)[:32]
        if isinstance(value, bytes | bytearray | memoryview):
            return f"<{len(value)} bytes>"
        if depth < DEPTH and isinstance(value, Mapping):
            pairs = [(shown(key)[:256], inner) for key, inner in islice(value.items(), ENTRIES)]
            return {self.text(key): self.value(inner, key, room, depth + 1) for key, inner in pairs}
        if depth < DEPTH and isinstance(value, list | tuple | set | frozenset):
            return [self.value(inner, name, room, depth + 1) for inner in islice(value, ENTRIES)]
        return self.text(shown(value))


def _spellings(secret: str) -> set[str]:
    """A secret as it stands, as an address and as JSON write it."""
    return {secret, quote(secret, safe=""), json.dumps(secret)[1:-1]}


def shown(value: object) -> str:
    """`str(value)`, of whatever is logged."""
    try:
        return str(value)
    except Exception:  # noqa: BLE001  the edge of a log call: it must never fail for what it is given
        return f"<a {type(value).__name__} that cannot be shown>"
