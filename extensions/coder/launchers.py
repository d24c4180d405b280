"""Programs that start others, and how: `env`, `xargs`, `find -exec`, `bash -c`, `git -c`. Words in, commands out."""

from __future__ import annotations

import re
from collections.abc import Callable
from types import MappingProxyType

from extensions.coder.calls import Unclear, is_script, operands_of
from extensions.coder.doors import RUNNER_FLAGS, RUNNERS
from extensions.coder.own import is_elsewhere
from extensions.coder.programs import check, check_subscripts
from extensions.coder.syntax import Command, Word
from extensions.coder.unknowns import check_unknown
from extensions.coder.variables import is_quiet

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
                       "--prompt", "--close-from", "--chdir", "--chroot", "--command-timeout", "--other-user", "--role",
                       "--type"}),
    "doas": frozenset({"-u", "-C"}),
    "coproc": frozenset(),
    "watch": frozenset({"-n", "--interval"}),
})  # fmt: skip
"""Programs whose further words are another program's, and those of their options that take a value."""

PROFILE = re.compile(r"~/\.(bashrc|bash_profile|profile|zshrc)")
"""What is read by every shell of the user's, and which nobody changes unasked."""

SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh", "ash", "fish"})
SHELL_VALUED = frozenset({"-o", "+o", "-O", "+O", "--rcfile", "--init-file"})
"""Options of shells that take a value."""

EVALUATORS = frozenset({"eval", "trap", "alias"})
DEEPEST = 8
"""How many programs may start each other, as in `sudo env nice make`; what is deeper is nobody's honest command."""


def starts(command: Command, read: Reader, entry: str = "", depth: int = DEEPEST) -> list[Command]:
    """The programs that this one would start besides itself. `entry` is the allow entry that names it.

    Raises `Unclear` where that cannot be told, where an option does more than the program's name says, and where more
    than `depth` programs start each other.
    """
    if depth < 0:
        raise Unclear(command.source)
    name = command.name or ""
    check_subscripts(command)
    if name in SHELLS:
        return _of_shell(command, read, entry)
    if name == "alias":
        meant = [Word(word.text.partition("=")[2], word.literal) for word in command.words[1:] if "=" in word.text]
        return [each for word in meant for each in _of_text([word], command, read)]
    if name in EVALUATORS:
        return _of_text(command.words[1:], command, read)
    if name in WRAPPERS:
        return _wrapped(command, WRAPPERS[name], read, entry, depth)
    inner = _of_find(command, read, entry, depth) if name == "find" else []
    if name in RUNNERS:
        inner = _of_runner(command, read, entry, depth)
    if name in ("source", ".") and not _is_ours(command.words[1:2], entry):
        raise Unclear(command.source)
    if entry != "*":
        check(name, command, entry)
        check_unknown(name, command)
    return inner


def _is_ours(script: list[Word], entry: str) -> bool:
    """Whether a script is a file where the line runs, or what a user's shell reads anyway, or the entry allows any."""
    is_known = bool(script) and is_script(script[0])
    return is_known and (
        entry == "*" or PROFILE.fullmatch(script[0].text) is not None or not is_elsewhere(script[0], entry)
    )


def _of_shell(command: Command, read: Reader, entry: str) -> list[Command]:
    """`bash -c TEXT` starts what the text says; a script was meant by the list; standard input may be anything."""
    words = command.words[1:]
    for at, word in enumerate(words):
        if at and words[at - 1].literal and words[at - 1].text in SHELL_VALUED:
            continue
        if re.fullmatch(r"-\w*c\w*", word.text) and word.literal:
            return _of_text(_behind_options(words[at + 1 :]), command, read)
        if not word.text.startswith(("-", "+")) and _is_ours([word], entry):
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
        if command.name == "env" and re.match(r"-\w*S|--s", words[at].text):
            raise Unclear(command.source)
        if command.name == "time" and re.match(r"-\w*o|--o", words[at].text) and entry != "*":
            raise Unclear(command.source)
        at += 2 if words[at].text in valued else 1
    at += command.name == "timeout"  # the time
    if not all(word.literal and not word.splits for word in words[1:at]):
        raise Unclear(command.source)
    if command.name == "xargs" and any(_names_program(word, words, at) for word in words[1:at]):
        raise Unclear(command.source)
    if at >= len(words):
        return []  # `env` alone prints, `xargs` alone echoes
    inner = Command(words[at:], command.source)
    if inner.name is None or inner.name == "[[":  # after `time` it is a condition of the shell's, and no program
        raise Unclear(command.source)
    return [inner, *starts(inner, read, entry if entry == "*" else "", depth - 1)]


def _names_program(option: Word, words: list[Word], at: int) -> bool:
    """Whether by an option of `xargs` its input becomes the program's name, or a variable of the program."""
    if option.text.startswith("--process-slot-var"):
        return True
    match = re.fullmatch(r"-[iI](.*)|--replace(?:=(.*))?", option.text)
    if match is None or at >= len(words):
        return False
    behind = words[words.index(option) + 1].text if option.text == "-I" else "{}"
    return (match[1] or match[2] or behind) in words[at].text


def _is_assignment(word: Word, command: Command) -> bool:
    """Whether `env` sets a variable here. Raises `Unclear` if that may change what is started."""
    if command.name not in ("env", "sudo") or "=" not in word.text:
        return False
    name, _, value = word.text.partition("=")
    if not is_quiet(name, value if word.literal else None):
        raise Unclear(command.source)
    return True


def runs(command: Command) -> list[Word]:
    """What a runner such as `uv run` is told to run; nothing where the call is another one."""
    operands = operands_of(command)
    if not operands or operands[0].text not in RUNNERS.get(command.name or "", ()):
        return []
    words = command.words[command.words.index(operands[0]) + 1 :]
    while words and words[0].text in RUNNER_FLAGS:
        words = words[1:]
    return words or [Word("", literal=False)]


def _of_runner(command: Command, read: Reader, entry: str, depth: int) -> list[Command]:
    """The program behind a runner's options; a file is one for Python."""
    words = runs(command)
    if not words:
        return []
    if words[0].text.startswith("-") or "://" in words[0].text:
        raise Unclear(command.source)
    if words[0].text.endswith(".py"):
        words = [Word("python"), *words]
    inner = Command(words, command.source)
    rest = entry if entry == "*" else " ".join(entry.split()[2:])
    return [inner, *starts(inner, read, rest, depth - 1)]


def _of_find(command: Command, read: Reader, entry: str, depth: int) -> list[Command]:
    words = command.words
    found: list[Command] = []
    for at, word in enumerate(words):
        if word.text in ("-exec", "-execdir", "-ok", "-okdir"):
            end = next((end for end in range(at + 1, len(words)) if words[end].text in (";", "+")), len(words))
            inner = Command(words[at + 1 : end] or [Word("", literal=False)], command.source)
            found += [inner, *starts(inner, read, entry if entry == "*" else "", depth - 1)]
    return found
