"""Bytes as text and back, by VS Code's names of encodings. It reads no file and guesses no more than a mark."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from types import MappingProxyType

from sessions.errors import FileSystemError, InvalidValue

CODECS: Mapping[str, str] = MappingProxyType(
    {
        "utf8": "utf-8",
        "utf8bom": "utf-8",
        "utf16le": "utf-16-le",
        "utf16be": "utf-16-be",
        "windows1252": "cp1252",
        "iso88591": "iso8859-1",
        "iso885915": "iso8859-15",
        "iso88592": "iso8859-2",
        "windows1250": "cp1250",
        "windows1251": "cp1251",
        "koi8r": "koi8-r",
        "macroman": "mac-roman",
        "cp437": "cp437",
        "shiftjis": "shift_jis",
        "eucjp": "euc_jp",
        "euckr": "euc_kr",
        "gbk": "gbk",
        "gb18030": "gb18030",
        "big5hkscs": "big5hkscs",
    }
)
"""VS Code's name of an encoding -> Python's."""

MARKS: Mapping[str, bytes] = MappingProxyType(
    {"utf8bom": codecs.BOM_UTF8, "utf16le": codecs.BOM_UTF16_LE, "utf16be": codecs.BOM_UTF16_BE}
)
"""The byte order marks: a file that begins with one says its encoding by it, and keeps it when it is saved."""

LOOKED_AT = 512
"""Bytes at the beginning of a file in which a NUL says that it is no text (as in VS Code)."""


def checked(encoding: str) -> str:
    """`encoding` itself if it is one; raises `InvalidValue`, which lists those that are."""
    if encoding in CODECS:
        return encoding
    raise InvalidValue("encoding", f"must be one of {', '.join(CODECS)}")


def usual(setting: object) -> str:
    """The encoding that `files.encoding` names; UTF-8 where it names none."""
    return setting if isinstance(setting, str) and setting in CODECS else "utf8"


def decoded(name: str, content: bytes, encoding: str | None = None, usual: str = "utf8") -> tuple[str, str]:
    """(text, encoding) of a file; a byte order mark wins over what is asked for, `usual` is tried without both.

    Raises `FileSystemError` (Unavailable) of what is no text, or none in that encoding; `name` is the file in it.
    """
    for marked, mark in MARKS.items():
        if content.startswith(mark):
            return _text(name, content[len(mark) :], marked), marked
    if encoding is None and not usual.startswith("utf16") and b"\0" in content[:LOOKED_AT]:
        raise FileSystemError(f"{name}: this is binary and no text; read it with workspace.fs.read_file", "Unavailable")
    chosen = usual if encoding is None else checked(encoding)
    if encoding is None and chosen == "utf8bom":
        chosen = "utf8"  # it has no mark: that is for new files
    return _text(name, content, chosen), chosen


def encoded(name: str, text: str, encoding: str) -> bytes:
    """The bytes to save; raises `FileSystemError` (Unavailable) where the encoding lacks a character of the text."""
    try:
        return MARKS.get(encoding, b"") + text.encode(CODECS[checked(encoding)])
    except UnicodeEncodeError as error:
        lacking = f"U+{ord(text[error.start]):04X}"
        raise FileSystemError(
            f"{name}: {encoding} has no {lacking}; take it out, or save the text in utf8", "Unavailable"
        ) from None


def _text(name: str, content: bytes, encoding: str) -> str:
    try:
        return content.decode(CODECS[encoding])
    except UnicodeDecodeError as error:
        raise FileSystemError(
            f"{name}: byte {error.start} is not {encoding}; open it with its own encoding, such as windows1252",
            "Unavailable",
        ) from None
