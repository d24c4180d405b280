"""What settings are asked for (VS Code's `ConfigurationScope`), and whether a change of settings matters to that."""

from __future__ import annotations

from collections.abc import Mapping

from sessions.errors import InvalidValue
from shim.folders import Folders, WorkspaceFolder
from shim.uri import Uri, as_uri


class Scope:
    """What settings are asked for: a resource, a language, both, or neither."""

    __slots__ = ("language", "uri")

    def __init__(self, uri: Uri | None, language: str | None) -> None:
        self.uri = uri
        self.language = language


def scope_of(given: object) -> Scope:
    """VS Code's ConfigurationScope: a Uri, a document, a workspace folder, `{"uri", "language_id"}` or None."""
    if given is None:
        return Scope(None, None)
    if isinstance(given, Uri):
        return Scope(given, None)
    if isinstance(given, WorkspaceFolder):
        return Scope(given.uri, None)
    if isinstance(given, Mapping):
        language, uri = given.get("language_id", given.get("languageId")), given.get("uri")
    else:
        language, uri = getattr(given, "language_id", None), getattr(given, "uri", None)
    if language is None and uri is None:
        raise InvalidValue("scope", "must be a Uri, a document, a workspace folder, or have uri or language_id")
    if language is not None and (not isinstance(language, str) or not language):
        raise InvalidValue("scope", "must have a language_id that is a string")
    return Scope(None if uri is None else as_uri(uri, "scope"), language)


class ConfigurationChangeEvent:
    """Settings were changed; ask it which."""

    __slots__ = ("_folder", "_folders", "_keys")

    def __init__(self, keys: frozenset[str], folders: Folders, folder: str | None = None) -> None:
        self._keys = keys
        self._folders = folders
        self._folder = folder

    def affects_configuration(self, section: str, scope: object = None) -> bool:
        """Whether a section, or a setting, may be another one than before: for a scope, where one is given."""
        asked = scope_of(scope)
        if self._folder is not None and asked.uri is not None:
            around = self._folders.around(asked.uri)
            if around is None or around.uri.path.rstrip("/") != self._folder:
                return False
        return any(_affects(key, section, scope is not None, asked.language) for key in self._keys)


def _affects(key: str, section: str, scoped: bool, language: str | None) -> bool:
    block, found, name = key.partition("].")
    if not key.startswith("[") or not found:
        return _is_in(key, section)
    if scoped and (language is None or f"[{language}]" not in block + "]"):
        return False
    return _is_in(name, section) or section == block + "]"


def _is_in(key: str, section: str) -> bool:
    """As in VS Code: what is inside of a changed setting's object is no section of its own."""
    return key == section or key.startswith(f"{section}.")
