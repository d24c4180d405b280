"""Which files the agent may see and which it may not change unasked: `.rooignore` and the protected files. Rules only.

Both judge the path as it is after `..` and links are followed: the caller gives it so.
"""

from __future__ import annotations

import posixpath
import re
import unicodedata
from collections.abc import Iterable
from functools import cache

from pathspec import GitIgnoreSpec

from extensions.coder.ignoring import spec_of

IGNORE_FILE = ".rooignore"
ALL_INSIDE = re.compile(r"/\*\*/?$")
"""How a pattern ends that means what is in a folder, and not the folder."""

CATCH_ALL = re.compile(r"\s*/?[*/]+\s*")
"""A pattern for whatever there is: what is opened behind it is what its writer wants to be seen, in any folder."""

UNHEARD = re.compile(r"(:+\$\w*|[\s.])+$")
"""What Windows leaves out at the end of a name."""

AT_HOME = (
    ".ssh/**", ".config/git/**", ".npmrc", ".yarnrc*", ".bunfig.toml", ".cargo/config*", ".config/pip/**", ".pip/**",
    ".config/fish/**", ".config/systemd/**", ".config/autostart/**", ".local/bin/**", ".docker/config.json",
    ".kube/config", ".netrc", ".inputrc", ".pypirc", ".gnupg/**",
)  # fmt: skip
"""What changes what the user's programs do, or lets in elsewhere: protected at home only."""

PROTECTED = (
    ".rooignore", ".roomodes", ".roorules*", ".clinerules*", "**/.roo", "**/.agents", "**/.vscode", "**/.git",
    "*.code-workspace", ".rooprotected", "AGENTS.md", "AGENT.md", "AGENTS.local.md", "custom_modes.yaml",
    "mcp_settings.json", ".mcp.json",
    ".bashrc", ".bash_profile", ".bash_login", ".profile", ".zshrc", ".zshenv", ".zprofile",
    ".gitconfig", "**/.husky", ".pre-commit-config.yaml", "lefthook.y*ml", ".lefthook.y*ml",
    *(f"{home}/{name}" for home in ("home", "home/*", "root") for name in AT_HOME),
)  # fmt: skip

READERS = frozenset({
    "cat", "less", "more", "head", "tail", "grep", "awk", "sed", "get-content", "gc", "type", "select-string", "sls",
    "egrep", "fgrep", "zgrep", "zcat", "rg", "bat", "nl", "tac", "rev", "od", "xxd", "hexdump", "strings", "base64",
    "base32", "sort", "uniq", "cut", "paste", "fold", "diff", "cmp", "comm", "cp", "jq", "gawk", "mawk", "gsed", "view",
    "mv", "ln", "tar", "zip", "gzip", "bzip2", "xz", "zstd", "dd", "install", "rsync", "scp", "split", "iconv", "yq",
    "openssl", "curl", "wget", "source", ".", "mapfile", "column", "expand", "fmt", "pr", "tr", "wc", "ed", "vim",
    "nano",
})  # fmt: skip
"""Programs that show what is in the files they are given: Roo Code's, and some more."""


class Access:
    """What `.rooignore` of one workspace folder says, whatever the case of letters. Without it all may be read."""

    __slots__ = ("_folder", "_spec", "_tops")

    def __init__(self, folder: str, ignore: str | None = None) -> None:
        self._folder = _absolute("/", folder)
        lines = [line.casefold() for line in [*(ignore or "").splitlines(), IGNORE_FILE]]
        self._spec = None if ignore is None else spec_of(lines, most=None)
        tops = [ALL_INSIDE.sub("/**/*", line) for line in lines if not CATCH_ALL.fullmatch(line)]
        self._tops = spec_of(tops, most=None) if any(line.startswith("!") for line in lines) else None
        """What closes folders, where some line opens anything again."""

    @property
    def has_rules(self) -> bool:
        """Whether there is a file that says anything."""
        return self._spec is not None

    def can_read(self, path: str) -> bool:
        """Whether the agent may see a file, or with a slash at its end a folder; rules reach into the folder only."""
        inside = self._inside(path)
        if self._spec is None or inside is None:
            return True
        name = inside.casefold() + "/" * path.endswith("/")
        return not (self._spec.match_file(name) or self._is_below_closed(name))

    def _is_below_closed(self, name: str) -> bool:
        """Whether a folder above is closed: nothing in it is opened again, as for git."""
        parts = name.rstrip("/").split("/")
        tops = ("/".join(parts[:count]) + "/" for count in range(1, len(parts)))
        return self._tops is not None and any(map(self._tops.match_file, tops))

    def readable(self, paths: Iterable[str]) -> list[str]:
        """Those that the agent may see."""
        return [path for path in paths if self.can_read(path)]

    def blocked_argument(self, words: list[str]) -> str | None:
        """The first file among a reading command's words that the agent may not see."""
        if self._spec is None or not words or words[0].lower() not in READERS:
            return None
        return next((word for word in words[1:] if self._is_blocked(word)), None)

    def _is_blocked(self, word: str) -> bool:
        return not word.startswith("-") and not self.can_read(word)

    def _inside(self, path: str) -> str | None:
        return inside(self._folder, path)


def inside(folder: str, path: str) -> str | None:
    """The path below the folder, which is absolute; None where it is outside or the folder itself. Asks no disk."""
    whole = _absolute(folder, path)
    above = folder.rstrip("/") + "/"
    return whole[len(above) :] if whole.startswith(above) and whole != above else None


def _absolute(folder: str, path: str) -> str:
    """POSIX lets two slashes at the beginning mean something of their own; here they do not."""
    return "/" + posixpath.normpath(posixpath.join(folder, path)).lstrip("/")


def _looked_at(path: str) -> str:
    """A path as people, or another system that gets the workspace, may take it: nothing unseen, no dots at ends."""
    if not path.isascii():
        path = "".join(unicodedata.normalize("NFKC", one) if one.isalpha() else one for one in path)
        path = "".join(one for one in path if unicodedata.category(one) not in ("Cf", "Mn"))
    parts = (UNHEARD.sub("", part) or part for part in path.replace("\\", "/").split("/"))
    return "/".join(".git" if part.lower() == "git~1" else part for part in parts)


@cache
def _protected() -> GitIgnoreSpec:
    """Of every task, as it takes a millisecond. A file system may not tell case apart, and rules are read by name."""
    return GitIgnoreSpec.from_lines(pattern.casefold() for pattern in PROTECTED)


class Protection:
    """Files that steer the agent or the editor: the agent does not write them unasked, whatever else is approved."""

    __slots__ = ("_folder", "_spec")

    def __init__(self, folder: str) -> None:
        self._folder = _absolute("/", folder)
        self._spec = _protected()

    def protects(self, path: str) -> bool:
        """Whether writing the file needs to be asked for."""
        name = inside(self._folder, path) or _absolute(self._folder, path).lstrip("/")
        return any(map(self._spec.match_file, {name.casefold(), _looked_at(name).casefold()}))

    def among(self, paths: Iterable[str]) -> list[str]:
        """The protected ones."""
        return [path for path in paths if self.protects(path)]
