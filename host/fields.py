"""What one setting may be: each kind reads a value from YAML, a variable or a flag, or says its rule. No I/O."""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

UNITS: dict[str, int] = {
    "B": 1,
    **{f"{letter}B": 1000**power for power, letter in enumerate("KMGT", 1)},
    **{f"{letter}iB": 1024**power for power, letter in enumerate("KMGT", 1)},
}
SIZE = re.compile(r"([0-9]{1,15})(?:\.([0-9]{1,3}))? ?([KMGT]?i?B)?")
LARGEST = 2**63 - 1
LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
ORIGIN = re.compile(r"([a-z][a-z0-9+.-]*)://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::([0-9]{1,5}))?")
PORTS = {"http": 80, "https": 443}
ENTRIES = 1_000


def host_name(text: str) -> str:
    """`text` as hosts are compared: lower case, an address in its shortest form, IPv6 without brackets.

    Raises ValueError for everything a browser would not send as it stands: a trailing dot, `127.1`, a wildcard, a port.
    """
    name = text.lower()
    labels = name.split(".")
    if ":" in name or re.fullmatch(r"[0-9]+|0x[0-9a-f]*", labels[-1]):
        address = ipaddress.ip_address(name)
        if getattr(address, "scope_id", None):
            raise ValueError("an address with a zone is not a host")
        return address.compressed
    if len(name) > 253 or not all(LABEL.fullmatch(label) for label in labels):
        raise ValueError("not a host name")
    return name


def origin(text: str) -> str:
    """`text` as origins are compared: `scheme://host[:port]` in lower case, the scheme's default port left out."""
    found = ORIGIN.fullmatch(text.lower())
    if found is None:
        raise ValueError("not an origin")
    scheme, host, port = found.groups()
    if port and int(port) > 65535:
        raise ValueError("not a port")
    shown = host_name(host.strip("[]"))
    if (":" in shown) != host.startswith("["):
        raise ValueError("not a host")
    tail = "" if port is None or int(port) == PORTS.get(scheme) else f":{int(port)}"
    return f"{scheme}://[{shown}]{tail}" if ":" in shown else f"{scheme}://{shown}{tail}"


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine to itself; a name other than `localhost` is not taken on trust."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True)
class Kind:
    """The base of every kind: `words` is its name in the documentation; `read` raises ValueError with the rule."""

    words = "value"

    def read(self, value: Any) -> Any:
        raise NotImplementedError

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        optional = type(None) in get_args(source)

        def read(value: Any) -> Any:
            return None if optional and (value is None or value == "null") else self.read(value)

        return core_schema.no_info_before_validator_function(read, handler(source))


@dataclass(frozen=True)
class Flag(Kind):
    words = "true or false"

    def read(self, value: Any) -> bool:
        text = str(value).lower() if isinstance(value, bool | int | str) else ""
        if text in ("1", "true"):
            return True
        if text in ("0", "false"):
            return False
        raise ValueError("must be true or false")


@dataclass(frozen=True)
class Whole(Kind):
    low: int = 0
    high: int = LARGEST
    words = "whole number"

    def read(self, value: Any) -> int:
        if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,19}", value):
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and self.low <= value <= self.high:
            return value
        upper = f"from {self.low} to {self.high}" if self.high < LARGEST else f"of at least {self.low}"
        raise ValueError(f"must be a whole number {upper}")


@dataclass(frozen=True)
class Number(Kind):
    high: float = math.inf
    least: float = 0.0
    words = "number"

    def read(self, value: Any) -> float:
        if isinstance(value, str) and re.fullmatch(r"[0-9]{1,15}(\.[0-9]{1,15})?", value):
            value = float(value)
        if type(value) in (int, float) and self.least <= value <= min(self.high, 1e15):
            return float(value)
        most = f" and at most {self.high:g}" if self.high < 1e15 else ""
        raise ValueError(f"must be a number of at least {self.least:g}{most}")


@dataclass(frozen=True)
class Size(Kind):
    low: int = 0
    words = "size"

    def read(self, value: Any) -> int:
        size: int | None = value if type(value) is int else self._parsed(value)
        if size is not None and self.low <= size <= LARGEST:
            return size
        at_least = f" of at least {self.low} bytes" if self.low else ""
        raise ValueError(f"must be a size{at_least} such as 500MB, 10GiB or a whole number of bytes")

    def _parsed(self, value: Any) -> int | None:
        found = SIZE.fullmatch(value) if isinstance(value, str) else None
        if found is None or (found[3] or "B") not in UNITS:
            return None
        thousandths = int(found[1]) * 1000 + int((found[2] or "").ljust(3, "0"))
        return thousandths * UNITS[found[3] or "B"] // 1000


@dataclass(frozen=True)
class Text(Kind):
    """Text of one line; `check` gives it the form in which it is kept, or raises ValueError."""

    check: Callable[[str], str] = str
    rule: str = "must be text of one line, in quotes where YAML would read it as something else"
    empty: bool = False
    words = "text"

    def read(self, value: Any) -> str:
        if not isinstance(value, str) or len(value) > 4096 or not (value or self.empty) or not printable(value):
            raise ValueError(self.rule)
        try:
            return self.check(value)
        except ValueError:
            raise ValueError(self.rule) from None


@dataclass(frozen=True)
class Secret(Kind):
    """Text that is never shown; an empty one (`${KEY:-}`) counts as left out."""

    words = "secret text"

    def read(self, value: Any) -> str | None:
        if not isinstance(value, str) or len(value) > 65536 or not value.isprintable():
            raise ValueError("must be printable text, in quotes where YAML would read it as something else")
        return value or None


@dataclass(frozen=True)
class Folder(Kind):
    """A path; `~` is the home folder, a relative one begins at the folder that the host was started in."""

    words = "path"

    def read(self, value: Any) -> Path:
        if not isinstance(value, str | Path) or not str(value) or not printable(str(value)):
            raise ValueError("must be a path")
        try:
            return Path(value).expanduser().absolute()
        except RuntimeError:
            raise ValueError("names a home folder that does not exist") from None


@dataclass(frozen=True)
class Names(Kind):
    """A list of text; in a variable or a flag also as `a,b` or `["a", "b"]`."""

    check: Callable[[str], str] = str
    rule: str = "must be text"
    words = "list of text"

    def read(self, value: Any) -> tuple[str, ...]:
        entries = listed(value) if isinstance(value, str) else value
        if not isinstance(entries, list | tuple) or len(entries) > ENTRIES:
            raise ValueError(f"must be a list of at most {ENTRIES} entries")
        return tuple(self._entry(number, entry) for number, entry in enumerate(entries, 1))

    def _entry(self, number: int, entry: Any) -> str:
        try:
            if isinstance(entry, str) and 0 < len(entry) <= 4096 and printable(entry):
                return self.check(entry)
        except ValueError:
            pass
        raise ValueError(f"entry {number}: {self.rule}")


def listed(text: str) -> object:
    """The entries of a list that was written in one line, as a variable holds it."""
    if not text.lstrip().startswith("["):
        return [entry.strip() for entry in text.split(",")] if text.strip() else []
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        return None


def printable(text: str) -> bool:
    """Whether `text` has neither line breaks nor control characters."""
    return not any(ord(letter) < 32 or ord(letter) == 127 for letter in text)


def bound_host(text: str) -> str:
    return host_name(text.removeprefix("[").removesuffix("]"))


def base_path(text: str) -> str:
    if not re.fullmatch(r"(/[A-Za-z0-9._~-]+)*/?", text) or {".", ".."} & set(text.split("/")):
        raise ValueError
    return text.rstrip("/")


def listed_origin(text: str) -> str:
    return text if text in ("*", "null") else origin(text.removesuffix("/"))


def network(text: str) -> str:
    network = ipaddress.ip_network(text)
    if network.prefixlen == 0:
        raise ValueError
    return str(network)


def target(text: str) -> str:
    """A host that terminals may reach: `pypi.org`, `*.example.org` or `example.org:8443`."""
    name, _, port = text.partition(":")
    if port and not (port.isascii() and port.isdecimal() and 0 < int(port) < 65536):
        raise ValueError
    host = host_name(name.removeprefix("*."))
    return ("*." if name.startswith("*.") else "") + host + (f":{int(port)}" if port else "")


def address(text: str) -> str:
    found = re.fullmatch(r"(https?://[^/?#@\s]+)(/[^?#\s]*)?", text)
    if found is None:
        raise ValueError
    return origin(found[1]) + (found[2] or "").rstrip("/")


def absolute(text: str) -> str:
    if not text.startswith("/") or ".." in text.split("/"):
        raise ValueError
    return text


def identifier(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", text):
        raise ValueError
    return text


def folder(text: str) -> str:
    return str(Folder().read(text))
