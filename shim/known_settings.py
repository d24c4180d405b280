"""The settings that there are without any extension: VS Code's own that its extensions read. It keeps no value."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple


class Known(NamedTuple):
    """One of them: its default, the types of Python that a value may have, and VS Code's scope."""

    default: Any
    kinds: tuple[type, ...]
    scope: str = "resource"

    def mistake(self, value: object) -> str | None:
        """What is wrong with a value, as words to follow the setting's name."""
        fits = isinstance(value, self.kinds) and (bool in self.kinds or not isinstance(value, bool))
        names = " or ".join(_WORDS[kind] for kind in self.kinds)
        return None if fits else f"must be of type {names}"


_WORDS: Mapping[type, str] = {
    bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object",
    type(None): "null",
}  # fmt: skip

LANGUAGE = "language-overridable"

HIDDEN = {"**/.git": True, "**/.svn": True, "**/.hg": True, "**/.DS_Store": True, "**/Thumbs.db": True}
NOT_SEARCHED = {"**/node_modules": True, "**/bower_components": True, "**/*.code-search": True}
NOT_WATCHED = {
    "**/.git/objects/**": True,
    "**/.git/subtree-cache/**": True,
    "**/.hg/store/**": True,
    "**/node_modules/*/**": True,
    "**/site-packages/*/**": True,
}
"""VS Code's, and what is installed for a project: thousands of folders that nobody edits."""

KNOWN: Mapping[str, Known] = MappingProxyType(
    {
        "files.exclude": Known(HIDDEN, (dict,)),
        "files.watcherExclude": Known(NOT_WATCHED, (dict,)),
        "files.associations": Known({}, (dict,)),
        "files.autoSave": Known("off", (str,), LANGUAGE),
        "files.autoSaveDelay": Known(1000, (int, float), LANGUAGE),
        "files.encoding": Known("utf8", (str,), LANGUAGE),
        "files.eol": Known("auto", (str,), LANGUAGE),
        "files.insertFinalNewline": Known(False, (bool,), LANGUAGE),
        "files.trimFinalNewlines": Known(False, (bool,), LANGUAGE),
        "files.trimTrailingWhitespace": Known(False, (bool,), LANGUAGE),
        "search.exclude": Known(NOT_SEARCHED, (dict,)),
        "search.followSymlinks": Known(False, (bool,)),
        "search.useIgnoreFiles": Known(True, (bool,)),
        "editor.tabSize": Known(4, (int, float), LANGUAGE),
        "editor.insertSpaces": Known(True, (bool,), LANGUAGE),
        "editor.detectIndentation": Known(True, (bool,), LANGUAGE),
        "editor.defaultFormatter": Known(None, (str, type(None)), LANGUAGE),
        "editor.fontSize": Known(13, (int, float), LANGUAGE),
        "editor.fontFamily": Known("monospace", (str,), LANGUAGE),
        "editor.formatOnSave": Known(False, (bool,), LANGUAGE),
        "editor.formatOnType": Known(False, (bool,), LANGUAGE),
        "editor.rulers": Known([], (list,), LANGUAGE),
        "editor.wordWrapColumn": Known(80, (int, float), LANGUAGE),
        "editor.wordWrap": Known("off", (str,), LANGUAGE),
        "editor.codeActionsOnSave": Known({}, (dict, list), LANGUAGE),
        "workbench.colorTheme": Known("Default Dark Modern", (str,), "window"),
        "workbench.iconTheme": Known(None, (str, type(None)), "window"),
        "terminal.integrated.defaultProfile.linux": Known(None, (str, type(None)), "window"),
        "terminal.integrated.env.linux": Known({}, (dict,), "machine"),
        "terminal.integrated.shellIntegration.enabled": Known(True, (bool,), "window"),
        "http.proxy": Known("", (str,), "machine"),
        "http.proxyStrictSSL": Known(True, (bool,), "machine"),
        "telemetry.telemetryLevel": Known("off", (str,), "application"),
        "window.zoomLevel": Known(0, (int, float), "window"),
    }
)
"""By their whole dotted names. `search.followSymlinks` is false: nothing here follows a link out of a folder."""

DEFAULTS: Mapping[str, Any] = MappingProxyType({key: one.default for key, one in KNOWN.items()})
