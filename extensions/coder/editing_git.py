"""git's subcommands by what they change: the work tree, the index, the repository or its settings. Nothing is run here."""  # noqa: E501  a pattern

from __future__ import annotations

import re
from collections.abc import Callable
from types import MappingProxyType

from extensions.coder.calls import operands_of
from extensions.coder.syntax import Command, Word

READING = frozenset({
    "status", "diff", "log", "show", "fetch", "ls-files", "ls-tree", "ls-remote", "rev-parse", "rev-list", "blame",
    "annotate",
    "grep", "shortlog", "describe", "cat-file", "show-ref", "for-each-ref", "name-rev", "merge-base", "diff-tree",
    "diff-index",
    "diff-files", "whatchanged", "range-diff", "cherry", "count-objects", "fsck", "check-ignore", "check-attr",
    "check-mailmap",
    "check-ref-format", "verify-commit", "verify-tag", "verify-pack", "var", "version", "help", "archive",
    "show-branch",
    "request-pull", "get-tar-commit-id", "patch-id", "stripspace", "column", "interpret-trailers", "diagnose",
})  # fmt: skip
"""Subcommands that leave all files as they are."""

LISTING = MappingProxyType({
    "stash": r"list|show", "worktree": r"list", "remote": r"|show|get-url", "submodule": r"|status|summary",
    "bisect": r"log|view|visualize", "notes": r"|list|show", "reflog": r"(?!expire|delete|drop).*",
    "bundle": r"verify|list-heads",
    "config": r"|get|list", "sparse-checkout": r"list", "lfs": r"|ls-files|status|env", "commit-graph": r"verify",
    "branch": r"", "tag": r"", "hash-object": r".*", "symbolic-ref": r".*", "apply": r"(?!)",
    "rerere": r"status|diff|remaining",
})  # fmt: skip
"""Likewise where their first operand is one of these (none: an empty one)."""

ASKING = MappingProxyType({
    "config": r"--get.*|--list|-l",
    "branch": r"-[arv]+|--list|-l|--all|--remotes|--show-current|--contains|--no-contains|--merged|--no-merged|--points-at",  # noqa: E501  a pattern
    "tag": r"-l|--list|-n\d*|--contains|--merged|--no-merged|--points-at|-v|--verify",
    "apply": r"--stat|--check|--numstat|--summary",
})  # fmt: skip
"""Options with which an operand only says what is asked for."""

CHANGING = MappingProxyType({
    "branch": r"-[dDmMcCfu].*|--delete|--move|--copy|--force|--set-upstream.*|--unset-upstream|--edit-description|-t|--track.*",  # noqa: E501  a pattern
    "tag": r"-[adfsumF].*|--delete|--force|--annotate|--sign",
    "config": r"--(add|unset.*|replace-all|edit|remove-section|rename-section)|-e",
    "hash-object": r"-w", "symbolic-ref": r"-d|--delete", "grep": r"-O.*|--open-files.*", "fetch": r"--upload-pack.*",
    "push": r"--receive-pack.*|--exec.*",
    "ls-remote": r"--upload-pack.*|--exec.*", "fsck": r"--lost-found", "archive": r"--exec.*|--remote.*",
    "apply": r"--apply|--index|--cached|-3|--3way",
    "help": r"-w|--web", "interpret-trailers": r"--in-place", "remote": r"(?!)", "log": r"(?!)",
})  # fmt: skip
SAFE_SETTING = re.compile(
    r"(core\.(quote_?path|pager=(cat|less|)$|editor=true$)|color\.|advice\.|log\.|diff\.(?!external|\w+\.)|safe\.directory|core\.fsmonitor=false|gc\.auto=0)",
    re.I,
)


def git_edits(command: Command, is_free: Callable[[Word], bool]) -> bool:
    """Whether this call of git changes a file; aliases and unknown subcommands count as if they did."""
    words = command.words[1:]
    for at, word in enumerate(words):
        if not word.text.startswith("-"):
            break
        if word.text == "-c" and (at + 1 >= len(words) or not SAFE_SETTING.match(words[at + 1].text)):
            return True
        if word.text.startswith(("--exec-path=", "--config-env")) or (
            word.text.startswith("-c") and len(word.text) > 2
        ):
            return True
    words = _behind_own_options(words)
    if not words:
        return False
    first, rest = words[0], words[1:]
    if not first.literal:
        return True
    if rest and rest[0].text == "--help":
        return False
    if _writes_output(first.text, rest, is_free):
        return True
    return _subcommand(first.text, Command([first, *rest], command.source))


def _behind_own_options(words: list[Word]) -> list[Word]:
    at = 0
    while at < len(words) and words[at].text.startswith("-"):
        at += 2 if words[at].text in ("-C", "-c", "--git-dir", "--work-tree", "--namespace") else 1
    return words[at:]


def _subcommand(name: str, command: Command) -> bool:
    words = [word.text for word in command.words[1:]]
    if "--" in words:
        words = words[: words.index("--")]
    if any(word.startswith(("--ext-diff", "--textconv=", "--upload-pack", "--receive-pack")) for word in words):
        return True
    if (changing := CHANGING.get(name)) is not None and any(re.fullmatch(changing, word) for word in words):
        return True
    if (asking := ASKING.get(name)) is not None and any(re.fullmatch(asking, word) for word in words):
        return False
    if name in READING:
        return any(one.text.startswith("ext::") for one in command.words[1:])
    if name == "format-patch":
        return "--stdout" not in words
    if name in ("clean", "add", "rm", "mv", "commit", "prune", "push"):
        return not any(
            re.fullmatch(r"--dry-run|-[a-ce-zA-Z]*n[a-z]*" if name != "commit" else r"--dry-run", word)
            for word in words
        )
    listing = LISTING.get(name)
    if listing is None:
        return True
    operands = [one.text if one.literal else "\0" for one in operands_of(command)]
    if name == "symbolic-ref":
        return len(operands) > 1
    return re.fullmatch(listing, operands[0] if operands else "") is None


def _writes_output(name: str, words: list[Word], is_free: Callable[[Word], bool]) -> bool:
    """`--output FILE` of what compares, `-o FILE` of what packs."""
    for at, word in enumerate(words):
        match = re.fullmatch(r"--output(?:=(.*))?" if name != "archive" else r"(?:--output=?|-o)(.*)", word.text)
        if match is not None and name not in ("grep", "ls-files"):
            value = Word(match[1], word.literal) if match[1] else words[at + 1] if at + 1 < len(words) else None
            return value is None or not is_free(value)
    return False
