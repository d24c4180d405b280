"""Programs that start others, and how: `env`, `xargs`, `find -exec`, `bash -c`, `git -c`. Words in, commands out."""

from __future__ import annotations

import re
from collections.abc import Callable
from types import MappingProxyType

from extensions.coder.shell import Command, Word, is_quiet

Reader = Callable[[str], list[Command]]

WRAPPERS = MappingProxyType({
    "env": frozenset({"-u", "--unset", "-C", "--chdir", "-a", "--argv0"}),
    "nice": frozenset({"-n", "--adjustment"}),
    "nohup": frozenset(),
    "timeout": frozenset({"-s", "--signal", "-k", "--kill-after"}),
    "time": frozenset({"-f", "--format", "-o", "--output"}),
    "stdbuf": frozenset({"-i", "-o", "-e", "--input", "--output", "--error"}),
    "ionice": frozenset({"-c", "-n", "--class", "--classdata"}),
    "setsid": frozenset(),
    "command": frozenset(),
    "builtin": frozenset(),
    "exec": frozenset({"-a"}),
    "xargs": frozenset({"-a", "-d", "-E", "-I", "-L", "-n", "-P", "-s", "--max-args", "--max-procs", "--delimiter",
                        "--arg-file", "--max-chars"}),
    "sudo": frozenset({"-u", "-g", "-h", "-p", "-C", "-D", "-R", "-T", "-U", "-r", "-t", "--user", "--group", "--host",
    "--prompt",
                       "--close-from", "--chdir", "--chroot", "--command-timeout", "--other-user", "--role", "--type"}),
    "doas": frozenset({"-u", "-C"}),
    "coproc": frozenset(),
    "watch": frozenset({"-n", "--interval"}),
})  # fmt: skip
"""Programs whose further words are another program's, and those of their options that take a value."""

SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh", "ash", "fish"})
SHELL_VALUED = frozenset({"-o", "+o", "-O", "+O", "--rcfile", "--init-file"})
"""Options of shells that take a value."""

EVALUATORS = frozenset({"eval", "trap", "alias"})
AWKS = frozenset({"awk", "gawk", "mawk", "nawk"})
SEDS = frozenset({"sed", "gsed"})

VALUED = MappingProxyType({
    "git": frozenset({"-C", "-c", "--git-dir", "--work-tree", "--namespace"}),
    "npm": frozenset({"--prefix", "-C", "--workspace", "-w"}),
    "docker": frozenset({"-H", "--host", "--context", "--config"}),
    "kubectl": frozenset({"-n", "--namespace", "--context"}),
})  # fmt: skip
"""Options before a subcommand that take a value."""

OPTIONS = MappingProxyType({
    "git": ("-c", "--config-env", "--exec-path", "--upload-pack", "--receive-pack", "--ext-diff", "--textconv",
            "--open-files-in-pager", "-O", "--exec", "--output", "--template", "--config"),
    "find": ("-delete", "-fprint", "-fprintf", "-fprint0", "-fls"),
    "fd": ("-x", "-X", "--exec", "--exec-batch"),
    "rg": ("--pre", "--hostname-bin"),
    "tar": ("--to-command", "--checkpoint-action", "-I", "--use-compress-program", "--rsh-command", "-F"),
    "sort": ("--compress-program", "-o", "--output"),
    "ssh": ("-o", "-F"), "scp": ("-o", "-F", "-S"),
    "rsync": ("-e", "--rsh", "--rsync-path"),
    "curl": ("-o", "-O", "--output", "--remote-name", "-K", "--config", "-T", "--upload-file", "-d", "--data",
             "--data-binary", "--data-raw", "-F", "--form"),
    "wget": ("-O", "--output-document", "--post-file", "--post-data", "--use-askpass", "-e", "--execute", "-i"),
    "python": ("-c",), "node": ("-e", "--eval", "-p", "--print", "-r", "--require", "--import"),
    "perl": ("-e", "-E", "-i"), "ruby": ("-e", "-i"), "php": ("-r",),
    "make": ("--eval", "-f", "--file", "SHELL="), "go": ("-exec", "-toolexec"),
    "vim": ("-c", "-S", "+", "--cmd"), "vi": ("-c", "+"), "less": ("+", "-o"), "man": ("-P", "-H"),
    "printf": ("-v",), "enable": ("-f",), "mapfile": ("-C",), "readarray": ("-C",), "date": ("-s", "--set"),
})  # fmt: skip
"""Options by which a program runs or writes what its name does not say. An allow entry that names one allows it."""

SUBCOMMANDS = MappingProxyType({
    "git": frozenset({"submodule", "bisect", "filter-branch", "difftool", "mergetool", "hook", "daemon", "instaweb",
                      "send-email", "credential", "config"}),
    "npm": frozenset({"exec", "x", "explore", "init", "create", "config", "set", "edit"}),
    "pnpm": frozenset({"exec", "dlx", "create", "config"}), "yarn": frozenset({"dlx", "exec", "create", "config"}),
    "docker": frozenset({"run", "exec", "cp"}), "uv": frozenset({"run"}), "poetry": frozenset({"run"}),
    "go": frozenset({"run", "generate"}), "pip": frozenset({"config"}), "deno": frozenset({"eval"}),
    "cargo": frozenset({"run"}),
})  # fmt: skip
"""Likewise subcommands."""

HARMLESS = re.compile(r"config (--get|--list|-l)\b.*")
AWK_RISK = re.compile(r"system|getline|\||@load|@include|printf?\b[^;}\n]*>|\bclose\b|ENVIRON")
SED_SAFE = re.compile(r"(\d+|\$)?(,(\d+|\$))?[pdq=]|s([/|#,:])(?:(?!\4).)*\4(?:(?!\4).)*\4[gpIi0-9]*")


DEEPEST = 8
"""How many programs may start each other, as in `sudo env nice make`; what is deeper is nobody's honest command."""


class Unclear(ValueError):
    """What would be started cannot be told from the words."""


def operands_of(command: Command) -> list[Word]:
    """The words that are no options, without the values of options that stand before a subcommand."""
    valued = VALUED.get(command.name or "", frozenset())
    kept: list[Word] = []
    words = iter(command.words[1:])
    for word in words:
        if not kept and word.text in valued:
            next(words, None)
        elif not (word.literal and word.text.startswith("-")):
            kept.append(word)
    return kept


def starts(command: Command, read: Reader, entry: str = "", depth: int = DEEPEST) -> list[Command]:
    """The programs that this one would start besides itself. `entry` is the allow entry that names it.

    Raises `Unclear` where that cannot be told, where an option does more than the program's name says, and where more
    than `depth` programs start each other.
    """
    if depth < 0:
        raise Unclear(command.source)
    name = command.name or ""
    if name in SHELLS:
        return _of_shell(command, read)
    if name in EVALUATORS:
        return _of_text(command.words[1:], command, read)
    if name in WRAPPERS:
        return _wrapped(command, WRAPPERS[name], read, entry, depth)
    inner = _of_find(command, read, entry, depth) if name == "find" else []
    if entry != "*":
        _check(name, command, entry)
    return inner


def _of_shell(command: Command, read: Reader) -> list[Command]:
    """`bash -c TEXT` starts what the text says; a script was meant by the list; standard input may be anything."""
    words = command.words[1:]
    for at, word in enumerate(words):
        if at and words[at - 1].literal and words[at - 1].text in SHELL_VALUED:
            continue
        if re.fullmatch(r"-\w*c\w*", word.text) and word.literal:
            return _of_text(_behind_options(words[at + 1 :]), command, read)
        if not word.text.startswith(("-", "+")) and word.literal:
            return []
        if word.text in ("--version", "--help"):
            return []
    raise Unclear(command.source)


def _behind_options(words: list[Word]) -> list[Word]:
    """The text of `-c`: the first word behind all options (`bash -c -o errexit TEXT`)."""
    at = 0
    while at < len(words) and words[at].literal and words[at].text.startswith(("-", "+")):
        at += 2 if words[at].text in SHELL_VALUED else 1
    return words[at : at + 1]


def _of_text(words: list[Word], command: Command, read: Reader) -> list[Command]:
    if not words or not all(word.literal for word in words):
        raise Unclear(command.source)
    return read(" ".join(word.text for word in words))


def _wrapped(command: Command, valued: frozenset[str], read: Reader, entry: str, depth: int) -> list[Command]:
    """The program behind a wrapper's own options."""
    words, at = command.words, 1
    if command.name == "command" and len(words) > 1 and words[1].text in ("-v", "-V"):
        return []
    while at < len(words) and (words[at].text.startswith("-") or _is_assignment(words[at], command)):
        if words[at].text.startswith(("-S", "--split-string")):
            raise Unclear(command.source)
        at += 2 if words[at].text in valued else 1
    at += command.name == "timeout"  # the time
    if at >= len(words):
        return []  # `env` alone prints, `xargs` alone echoes
    inner = Command(words[at:], command.source)
    if inner.name is None:
        raise Unclear(command.source)
    return [inner, *starts(inner, read, entry if entry == "*" else "", depth - 1)]


def _is_assignment(word: Word, command: Command) -> bool:
    """Whether `env` sets a variable here. Raises `Unclear` if that may change what is started."""
    if command.name not in ("env", "sudo") or "=" not in word.text:
        return False
    if not is_quiet(word.text.split("=", 1)[0]):
        raise Unclear(command.source)
    return True


def _of_find(command: Command, read: Reader, entry: str, depth: int) -> list[Command]:
    words = command.words
    found: list[Command] = []
    for at, word in enumerate(words):
        if word.text in ("-exec", "-execdir", "-ok", "-okdir"):
            end = next((end for end in range(at + 1, len(words)) if words[end].text in (";", "+")), len(words))
            inner = Command(words[at + 1 : end] or [Word("", literal=False)], command.source)
            found += [inner, *starts(inner, read, entry if entry == "*" else "", depth - 1)]
    return found


def _check(name: str, command: Command, entry: str) -> None:
    """Raise `Unclear` where the call does more than its name says and the allow entry does not say it either."""
    if re.fullmatch(r"(python|pip|pypy)[\d.]*", name):
        name = name.rstrip("0123456789.")
    _check_options(name, command, entry)
    _check_subcommand(name, command, entry)
    if name in AWKS or name in SEDS:
        _check_program(name, command)


def _check_options(name: str, command: Command, entry: str) -> None:
    named = entry.split()[1:]
    for option in OPTIONS.get(name, ()):
        if any(_is_option(word.text, option) for word in command.words[1:]) and not any(
            _is_option(one, option) for one in named
        ):
            raise Unclear(command.source)


def _is_option(word: str, option: str) -> bool:
    if option.startswith("--") or option.endswith("="):
        return word == option or word.startswith(option.rstrip("=") + "=")
    if re.fullmatch(r"-\w", option) and not word.startswith("--"):
        return re.match(rf"-\w*{option[1]}", word) is not None
    return word == option or (option == "+" and word.startswith("+"))


def _check_subcommand(name: str, command: Command, entry: str) -> None:
    operands = operands_of(command)
    if not operands or name not in SUBCOMMANDS:
        return
    first = operands[0]
    called = command.line.split(" ", 1)[-1]
    if any(word.text.startswith("ext::") for word in operands):
        raise Unclear(command.source)
    if not first.literal or (
        first.text in SUBCOMMANDS[name] and first.text not in entry.split() and not HARMLESS.fullmatch(called)
    ):
        raise Unclear(command.source)


def _check_program(name: str, command: Command) -> None:
    """awk and sed have languages of their own, in which they can run and write."""
    for word in command.words[1:]:
        if word.text.startswith(("-f", "--file", "-i", "--in-place", "-l", "--load", "-e")) or not word.literal:
            raise Unclear(command.source)
    program = next(iter(operands_of(command)), None)
    if program is None:
        return
    if name in AWKS and AWK_RISK.search(program.text):
        raise Unclear(command.source)
    if name in SEDS and not all(SED_SAFE.fullmatch(part.strip()) for part in program.text.split(";")):
        raise Unclear(command.source)
