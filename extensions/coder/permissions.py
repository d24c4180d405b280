"""May a call be made: the operator's ceiling, then the user's settings, then what the user allowed this task.

Whatever is not plainly allowed is asked. Nothing that a workspace holds can allow anything: the settings are the user's
own (scope `application`), and files that steer the agent or the editor are protected.
"""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

import shim as vscode
from extensions.coder.access import Protection, inside
from extensions.coder.approvals import decide
from extensions.coder.denied import ANY
from extensions.coder.doors import RUNNERS
from extensions.coder.shell import read
from extensions.coder.tool import TYPED, Action
from shim.proposed.operator import Ceiling

Verdict = Literal["approve", "ask", "deny"]

SWITCHES: Mapping[str, str] = MappingProxyType(
    {
        "read": "alwaysAllowReadOnly",
        "read:outside": "alwaysAllowReadOnlyOutsideWorkspace",
        "write": "alwaysAllowWrite",
        "write:outside": "alwaysAllowWriteOutsideWorkspace",
        "write:protected": "alwaysAllowWriteProtected",
        "execute": "alwaysAllowExecute",
        "browser": "alwaysAllowBrowser",
        "web": "alwaysAllowWeb",
        "mcp": "alwaysAllowMcp",
        "mode": "alwaysAllowModeSwitch",
        "subtask": "alwaysAllowSubtasks",
        "question": "alwaysAllowFollowupQuestions",
    }
)
"""What leave is for, and the setting that gives it for good."""

SUBCOMMANDS = frozenset({
    "apt", "apt-get", "brew", "bun", "bundle", "cargo", "composer", "conda", "deno", "docker", "dotnet", "gh", "git",
    "go", "gradle", "helm", "kubectl", "make", "mvn", "npm", "npx", "pip", "pip3", "pnpm", "poetry", "rails", "rake",
    "rustup", "systemctl", "terraform", "uv", "yarn",
})  # fmt: skip
"""Programs whose next word says what they do."""

INTERPRETERS = frozenset({"bash", "dash", "deno", "node", "perl", "php", "python", "python3", "ruby", "sh", "zsh"})
"""Programs that do whatever their next words say: those alone would allow everything."""


@dataclass(frozen=True, slots=True)
class Leave:
    """What a user's settings allow; read once for each call."""

    enabled: bool
    switches: frozenset[str]
    """Keys of `SWITCHES` that are on."""
    allowed_commands: tuple[str, ...]
    denied_commands: tuple[str, ...]
    mcp_tools: frozenset[str]
    max_requests: int | None
    max_cost: float | None
    followup_ms: int | None

    @classmethod
    def of_user(cls) -> Leave:
        """The current user's."""
        settings = vscode.workspace.get_configuration("coder")
        return cls(
            settings.get("autoApprovalEnabled") is True,
            frozenset(key for key, name in SWITCHES.items() if settings.get(name) is True),
            _words(settings.get("allowedCommands")),
            _words(settings.get("deniedCommands")),
            frozenset(_words(settings.get("allowedMcpTools"))),
            _number(settings.get("allowedMaxRequests"), int),
            _number(settings.get("allowedMaxCost"), float),
            _number(settings.get("followupAutoApproveTimeoutMs"), int),
        )


def _words(given: Any) -> tuple[str, ...]:
    return tuple(one for one in given if isinstance(one, str) and one) if isinstance(given, list | tuple) else ()


def _number(given: Any, kind: type) -> Any:
    good = isinstance(given, int | float) and not isinstance(given, bool) and given > 0
    return kind(given) if good else None


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a call. `keys` are what "always" would allow for the task, `patterns` for good."""

    verdict: Verdict
    reason: str = ""
    keys: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges the actions of one task."""

    leave: Leave
    ceiling: Ceiling
    folders: tuple[str, ...]
    """The workspace's folders, and the task's own."""
    protection: Protection
    granted: Collection[str] = ()
    """Keys that the user allowed this task."""

    def decide(self, actions: Sequence[Action]) -> Decision:
        """The strictest of what the actions come to."""
        decisions = [self._one(action) for action in actions]
        refused = next((one for one in decisions if one.verdict == "deny"), None)
        if refused is not None:
            return refused
        asked = [one for one in decisions if one.verdict == "ask"]
        if not asked:
            return Decision("approve")
        keys = dict.fromkeys(key for one in asked for key in one.keys)
        patterns = dict.fromkeys(pattern for one in asked for pattern in one.patterns)
        return Decision("ask", "; ".join(dict.fromkeys(one.reason for one in asked)), tuple(keys), tuple(patterns))

    def _one(self, action: Action) -> Decision:
        match action.kind:
            case "free" | "finish":
                return Decision("approve")
            case "read" | "write" | "delete":
                return self._file(action.kind, posixpath.normpath(action.path or "/"))
            case "execute":
                return self._command(action.command or "", is_typed=action.name == TYPED)
            case "work":
                return self._elsewhere(action.path, action.name or "works in")
            case "mcp":
                allowed = self._has("mcp") and action.name in self.leave.mcp_tools
                key = f"mcp:{action.name}" + (f"@{action.definition}" if action.definition else "")
                return self._asked(allowed, key, f"it calls the tool {action.name}")
            case _:
                return self._asked(
                    self._has(action.kind), action.kind, f"{action.kind}: {action.name or ''}".rstrip(": ")
                )

    def _file(self, kind: str, path: str) -> Decision:
        if (refused := closed(path, self.ceiling)) is not None:
            return Decision("deny", refused)
        verb = "read" if kind == "read" else "write"
        needed = [verb]
        if not self._is_ours(path):
            needed.append(f"{verb}:outside")
        if verb == "write" and self.protection.protects(path):
            needed.append("write:protected")
        missing = [key for key in needed if not self._has(key)]
        if not missing:
            return Decision("approve")
        return Decision("ask", f"{'removes' if kind == 'delete' else verb + 's'} {path}", tuple(missing))

    def _command(self, line: str, *, is_typed: bool) -> Decision:
        lists = (self.leave.allowed_commands, self.leave.denied_commands)
        if "deny" in (decide(line, (), self.ceiling.denied_commands), decide(line, *lists, self.folders)):
            return Decision(
                "deny", "the command is one that the operator's or the user's settings deny; use another way"
            )
        allowed = self._has("execute") and decide(line, *lists, self.folders) == "approve"
        if allowed and self.ceiling.allowed_commands is not None:
            ceiling = (self.ceiling.allowed_commands, self.ceiling.denied_commands)
            allowed = decide(line, *ceiling, self.folders) == "approve"
        if is_typed and not (allowed and ANY in self.leave.allowed_commands):
            return Decision("ask", "it types into a program that runs, which is no shell")
        return Decision("approve") if allowed else Decision("ask", "it runs a command", (), patterns_of(line))

    def _elsewhere(self, path: str | None, what: str) -> Decision:
        """A program works outside of the workspace: it takes code from there, or writes there."""
        if path is not None and (refused := closed(path, self.ceiling)) is not None:
            return Decision("deny", refused)
        if path is not None and self._is_ours(path):
            return Decision("approve")
        allowed = self._has("execute") and ANY in self.leave.allowed_commands
        if path is None:
            return self._asked(allowed, "work", "it works in a folder that only the shell will know")
        return self._asked(allowed, f"work:{path}", f"it {what} {path}, outside of the workspace")

    def _is_ours(self, path: str) -> bool:
        return any(folder == path or inside(folder, path) is not None for folder in self.folders)

    def _has(self, key: str) -> bool:
        return key in self.granted or (self.leave.enabled and key in self.leave.switches)

    def _asked(self, allowed: bool, key: str, reason: str) -> Decision:
        return Decision("approve") if allowed or key in self.granted else Decision("ask", reason, (key,))


def closed(path: str, ceiling: Ceiling) -> str | None:
    """Why the operator keeps a path from agents, if they do."""
    if any(_below(path, one) for one in ceiling.denied_paths):
        return f"{path}: the operator denies agents this path (security.file_access.denied_paths)"
    if ceiling.allowed_paths is not None and not any(_below(path, one) for one in ceiling.allowed_paths):
        return f"{path}: the operator allows agents other paths only (security.file_access.allowed_paths)"
    return None


def _below(path: str, folder: str) -> bool:
    whole = posixpath.normpath(folder)
    return path == whole or path.startswith(whole.rstrip("/") + "/")


def patterns_of(line: str) -> tuple[str, ...]:
    """What "always" would allow of a command line: how each of its programs begins, as words that were understood.

    None where even that would not let the line run the next time.
    """
    script = read(line)
    if script.doubts:
        return ()
    found = (_beginning([word.text for word in one.words]) for one in script.commands if one.name)
    patterns = tuple(dict.fromkeys(one for one in found if one))
    return patterns if decide(line, patterns) == "approve" else ()


def _beginning(words: Iterable[str]) -> str:
    """A program with what says what it does: `git status`, `python3 -m pytest`, `ls`."""
    name, *rest = words
    bare = name.rsplit("/", 1)[-1]
    if bare in INTERPRETERS:
        return " ".join((name, *(rest[:2] if rest[:1] == ["-m"] else rest[:1]))) if rest else ""
    if rest and rest[0] in RUNNERS.get(bare, ()):
        return " ".join((name, *rest[:2]))
    if bare in SUBCOMMANDS and rest and not rest[0].startswith("-"):
        return f"{name} {rest[0]}"
    return "" if bare in SUBCOMMANDS else name
