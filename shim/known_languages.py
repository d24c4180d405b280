"""The languages that one user's documents may be in, and how each is typed. Which file is in which is not said here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from sessions.current import current_extension
from sessions.errors import InvalidValue, RoostError
from shim.contexts import LanguageConfiguration
from shim.events import Disposable
from shim.extensions import Extensions
from shim.filetypes import EXTENSIONS, FILENAMES, INTERPRETERS
from shim.plain import plain

if TYPE_CHECKING:
    from sessions.context import SessionContext

OTHERS = ("bibtex", "git-commit", "git-rebase", "ignore", "jsonl", "plaintext", "search-result", "snippets", "tex")
"""Languages that VS Code has and no name of a file says."""

MOST = 500
"""Configurations of one user."""


class Known:
    """One user's languages."""

    __slots__ = ("_configurations", "_session")

    def __init__(self, session: SessionContext) -> None:
        self._session = session
        self._configurations: list[tuple[str, LanguageConfiguration, str | None]] = []

    def ids(self) -> list[str]:
        """All of them, in order."""
        contributed = (each.id for one in self._session.get(Extensions).installed.values() for each in one.languages)
        return sorted({*OTHERS, *EXTENSIONS.values(), *FILENAMES.values(), *INTERPRETERS.values(), *contributed})

    def check(self, language: str) -> None:
        """Raises `InvalidValue` for what is the id of no language."""
        if language not in self.ids():
            raise InvalidValue("languageId", f"'{language[:100]}' is the id of no language; get_languages lists them")

    def configure(self, language: str, configuration: LanguageConfiguration | Mapping[str, Any]) -> Disposable:
        """Say how a language is typed. Raises `InvalidValue`."""
        if not isinstance(language, str) or not language:
            raise InvalidValue("language", "must be the id of a language, such as 'python'")
        if len(self._configurations) >= MOST:
            raise InvalidValue("configuration", f"{MOST} are set already; dispose of some first")
        one = (language, _configuration(configuration), current_extension())
        self._configurations.append(one)
        self._tell(language)
        return Disposable(lambda: self._remove(one))

    def _remove(self, one: tuple[str, LanguageConfiguration, str | None]) -> None:
        if one in self._configurations:
            self._configurations.remove(one)
            self._tell(one[0])

    def forget_extension(self, extension: str) -> None:
        """It is gone, with its configurations."""
        for one in [one for one in self._configurations if one[2] == extension]:
            self._remove(one)

    def configuration(self, language: str) -> LanguageConfiguration:
        """How a language is typed: of each part what was said last."""
        merged = LanguageConfiguration()
        for own, one, _ in self._configurations:
            if own == language:
                for name in LanguageConfiguration._fields:
                    setattr(merged, name, given if (given := getattr(one, name)) is not None else getattr(merged, name))
        return merged

    def word_pattern(self, language: str) -> re.Pattern[str] | None:
        """What a word of a language is, where somebody said so."""
        return self.configuration(language).word_pattern if self._configurations else None

    def _tell(self, language: str) -> None:
        told = {"language": language, "configuration": plain(self.configuration(language))}
        with suppress(RoostError):  # a mailbox that takes nothing more, or a configuration too big to tell
            self._session.mailbox.post("languages.onDidChangeLanguageConfiguration", told)


def _configuration(given: LanguageConfiguration | Mapping[str, Any]) -> LanguageConfiguration:
    if isinstance(given, Mapping):
        if unknown := [key for key in given if key not in LanguageConfiguration._fields]:
            known = ", ".join(LanguageConfiguration._fields)
            raise InvalidValue("configuration", f"has no {unknown[0]!r}; it has {known}")
        given = LanguageConfiguration(**given)
    if not isinstance(given, LanguageConfiguration):
        raise InvalidValue("configuration", f"must be a LanguageConfiguration, not {type(given).__name__}")
    if isinstance(given.word_pattern, str):
        raise InvalidValue("word_pattern", "must be a compiled pattern: re.compile(...)")
    return given
