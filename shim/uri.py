"""`Uri`: names a resource, as VS Code's does on Linux. It is text only and never looks at a file system."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from types import EllipsisType
from typing import Any

from sessions.errors import InvalidValue
from shim.values import as_text

PARTS = ("scheme", "authority", "path", "query", "fragment")

_WHOLE = re.compile(
    r"(?:([^:/?#]+?):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#([^\n\r\u2028\u2029]*))?"  # RFC 3986, appendix B
)
_SCHEME = re.compile(r"\w[\w.+-]*", re.ASCII)
_DRIVE = re.compile(r"\A(/?)([A-Za-z]):")
_TO_ENCODE = re.compile(r"[^A-Za-z0-9._~-]+")
_TO_ENCODE_IN_PATH = re.compile(r"[^A-Za-z0-9._~/-]+")
_TO_ENCODE_IN_AUTHORITY = re.compile(r"[^A-Za-z0-9._~\[\]:-]+")
_TO_ENCODE_AT_LEAST = re.compile(r"[#?]")
_ENCODED = re.compile(r"(?:%[0-9A-Za-z]{2})+")
_LITERAL_THEN_HEX = re.compile(r"((?:.*%(?:[G-Zg-z].|.[G-Zg-z]))?)(.*)")
_UNDECODED = re.compile("[\udc80-\udcff]")


class Uri:
    """`scheme://authority/path?query#fragment`, decoded and immutable; equal if all five parts are equal.

    Rules: vscode-uri (https://github.com/microsoft/vscode-uri). Raises `InvalidValue` where they raise an error.
    """

    __slots__ = ("_authority", "_formatted", "_fragment", "_path", "_query", "_scheme")

    def __init__(
        self,
        scheme: str | None,
        authority: str | None = None,
        path: str | None = None,
        query: str | None = None,
        fragment: str | None = None,
        *,
        strict: bool = False,
    ) -> None:
        self._scheme = as_text(scheme, "scheme") or ("" if strict else "file")
        self._authority = as_text(authority, "authority")
        self._path = _resolved(self._scheme, as_text(path, "path"))
        self._query = as_text(query, "query")
        self._fragment = as_text(fragment, "fragment")
        self._formatted: str | None = None
        _check(self)

    @classmethod
    def parse(cls, value: str, strict: bool = False) -> Uri:
        """The Uri that `value` spells, percent-decoded; one without a scheme is a `file:` one, refused if `strict`."""
        match = _WHOLE.match(value) if isinstance(value, str) else None
        if match is None:
            raise InvalidValue("uri", f"must be a string, not {type(value).__name__}; for a path use Uri.file(path)")
        scheme, *others = match.groups(default="")
        return cls(scheme, *map(_decoded, others), strict=strict)

    @classmethod
    def file(cls, path: str | os.PathLike[str]) -> Uri:
        """The `file:` Uri of a path, taken as it is: nothing in it is decoded. `//server/share` sets the authority."""
        text = as_text(os.fspath(path) if isinstance(path, os.PathLike) else path, "path")
        if not text.startswith("//"):
            return cls("file", "", text)
        authority, slash, rest = text[2:].partition("/")
        return cls("file", authority, slash + rest or "/")

    @classmethod
    def from_(
        cls,
        scheme: str | Mapping[str, Any] | None,
        authority: str | None = None,
        path: str | None = None,
        query: str | None = None,
        fragment: str | None = None,
    ) -> Uri:
        """A Uri of its parts, decoded; `Uri.from_(uri.to_json())` is `uri` again."""
        if isinstance(scheme, Mapping):
            return cls(*map(scheme.get, PARTS))
        return cls(scheme, authority, path, query, fragment)

    @property
    def scheme(self) -> str:
        return self._scheme

    @property
    def authority(self) -> str:
        return self._authority

    @property
    def path(self) -> str:
        return self._path

    @property
    def query(self) -> str:
        return self._query

    @property
    def fragment(self) -> str:
        return self._fragment

    @property
    def fs_path(self) -> str:
        """The path to open a file with: `//server/share` of an authority, a drive letter small, no scheme looked at."""
        if self._authority and len(self._path) > 1 and self._scheme == "file":
            return f"//{self._authority}{self._path}"
        drive = _DRIVE.match(self._path)
        if drive and drive[1]:
            return drive[2].lower() + self._path[2:]
        return self._path

    def with_(
        self,
        *,
        scheme: str | EllipsisType | None = ...,
        authority: str | EllipsisType | None = ...,
        path: str | EllipsisType | None = ...,
        query: str | EllipsisType | None = ...,
        fragment: str | EllipsisType | None = ...,
    ) -> Uri:
        """This Uri with some parts changed, None emptying one; this very object if nothing changes."""
        given = (scheme, authority, path, query, fragment)
        own = self._parts()
        parts = tuple(old if isinstance(new, EllipsisType) else new or "" for new, old in zip(given, own, strict=True))
        return self if parts == own else Uri(*parts)

    def join_path(self, *paths: str) -> Uri:
        """This Uri with `paths` appended and `.` and `..` resolved; `Uri.join_path(base, ...)` as VS Code writes it."""
        segments = [as_text(segment, "path") for segment in (self._path, *paths)]
        return self.with_(path=_normalized("/".join(filter(None, segments))))

    def dirname(self) -> Uri:
        """The Uri of the folder that holds this one; of a root, itself (`Utils.dirname` of vscode-uri)."""
        before, slash, _ = self._path.rstrip("/").rpartition("/")
        if before in ("", "/"):
            before += slash or ("/" if self._path.startswith("/") else "")
        return self.with_(path="" if before == "." else before)

    def basename(self) -> str:
        """The last segment of the path, trailing slashes ignored; empty where there is none."""
        return self._path.rstrip("/").rpartition("/")[2]

    def extname(self) -> str:
        """The last segment's extension with its dot; empty where there is none, as of `.profile`."""
        name = self.basename()
        dot = name.rfind(".")
        return name[dot:] if dot > 0 and name != ".." else ""

    def to_string(self, skip_encoding: bool = False) -> str:
        """This Uri as text that `Uri.parse` reads back; `skip_encoding` is for people and may not read back."""
        if skip_encoding:
            return _spelled(self, encode=False)
        if self._formatted is None:
            try:
                self._formatted = _spelled(self, encode=True)
            except UnicodeEncodeError:
                rule = "holds half a surrogate pair (a file name that is not UTF-8?), which no URI can spell"
                raise InvalidValue("uri", rule) from None
        return self._formatted

    def to_json(self) -> dict[str, Any]:
        """The parts that are not empty, marked as VS Code marks a Uri in JSON: `{"$mid": 1, "scheme": ..., ...}`."""
        return {"$mid": 1} | {name: part for name, part in zip(PARTS, self._parts(), strict=True) if part}

    def _parts(self) -> tuple[str, str, str, str, str]:
        return (self._scheme, self._authority, self._path, self._query, self._fragment)

    def __str__(self) -> str:
        return self.to_string()

    def __repr__(self) -> str:
        return f"Uri({self.to_string(skip_encoding=True)!r})"

    def __eq__(self, other: object) -> bool:
        return self._parts() == other._parts() if isinstance(other, Uri) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._parts())


def as_uri(thing: object, field: str) -> Uri:
    """`thing` if it is a Uri; raises `InvalidValue`, naming `field`, of all else."""
    if not isinstance(thing, Uri):
        raise InvalidValue(field, f"must be a Uri, not {type(thing).__name__}: use Uri.file(path) or Uri.parse(text)")
    return thing


def _resolved(scheme: str, path: str) -> str:
    """RFC 3986, section 5, as far as VS Code goes: the schemes that have a root begin there."""
    return f"/{path}" if scheme in ("file", "http", "https") and not path.startswith("/") else path


def _check(uri: Uri) -> None:
    if not uri.scheme:
        raise InvalidValue("scheme", "is missing, and a strict URI must have one")
    if not _SCHEME.fullmatch(uri.scheme):
        raise InvalidValue("scheme", "may hold only letters, digits, '_', '+', '-' and '.'")
    if uri.authority and uri.path and not uri.path.startswith("/"):
        raise InvalidValue("path", "must be empty or begin with '/' where the URI has an authority")
    if not uri.authority and uri.path.startswith("//"):
        raise InvalidValue("path", "may not begin with '//' where the URI has no authority")


def _normalized(path: str) -> str:
    """`path.posix.normalize` of Node: unlike Python's it keeps a trailing slash and joins leading ones."""
    root = "/" if path.startswith("/") else ""
    names: list[str] = []
    for name in path.split("/"):
        if name != "..":
            names += [name] if name not in ("", ".") else []
        elif names and names[-1] != "..":
            names.pop()
        elif not root:
            names.append(name)
    joined = root + "/".join(names) or "."
    return joined + "/" if path.endswith("/") and joined != "/" else joined


def _spelled(uri: Uri, encode: bool) -> str:
    def encoded(text: str, pattern: re.Pattern[str]) -> str:
        return (pattern if encode else _TO_ENCODE_AT_LEAST).sub(_percent, text)

    text = f"{uri.scheme}:"
    if uri.authority or uri.scheme == "file":
        text += "//"
    user, at, host = uri.authority.partition("@") if "@" in uri.authority else ("", "", uri.authority)
    if at:
        name, colon, secret = user.rpartition(":") if ":" in user else (user, "", "")
        text += encoded(name, _TO_ENCODE) + colon + encoded(secret, _TO_ENCODE_IN_AUTHORITY) + at
    host, colon, port = host.lower().rpartition(":") if ":" in host else (host.lower(), "", "")
    text += encoded(host, _TO_ENCODE_IN_AUTHORITY) + colon + port
    text += encoded(_DRIVE.sub(lambda drive: drive[0].lower(), uri.path), _TO_ENCODE_IN_PATH)
    if uri.query:
        text += "?" + encoded(uri.query, _TO_ENCODE)
    if uri.fragment:
        text += "#" + (encoded(uri.fragment, _TO_ENCODE) if encode else uri.fragment)
    return text


def _percent(run: re.Match[str]) -> str:
    return "%" + run[0].encode().hex("%").upper()


def _decoded(text: str) -> str:
    return _ENCODED.sub(_decoded_run, text) if "%" in text else text


def _decoded_run(run: re.Match[str]) -> str:
    """VS Code's leniency: of a run of `%XX` the longest end that is UTF-8 is decoded, what stands before it stays.

    In one pass: decoded with errors escaped, the good end is what follows the last escape.
    """
    parts = _LITERAL_THEN_HEX.fullmatch(run[0])
    assert parts  # the pattern fits every text of one line
    decoded = bytes.fromhex(parts[2].replace("%", "")).decode(errors="surrogateescape")
    good = _UNDECODED.split(decoded)[-1]
    return run[0][: len(run[0]) - 3 * len(good.encode())] + good
