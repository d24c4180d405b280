"""What programs do that their names do not say: by options, subcommands, and languages of their own. Words only.

Whoever allows `git` or `sort` means their everyday use. What makes such a program run another one, write where nobody
sees it, or take its code from its input is not meant, unless the entry of the allow list itself says it.
"""

from __future__ import annotations

import re
from types import MappingProxyType

from extensions.coder.syntax import Command, Word

AWKS = frozenset({"awk", "gawk", "mawk", "nawk"})
SEDS = frozenset({"sed", "gsed"})
EDITORS = frozenset({
    "vim", "vi", "nvim", "view", "ex", "ed", "emacs", "emacsclient", "nano", "pico", "gdb", "lldb", "strace", "ltrace",
    "expect", "screen", "tmux", "script", "sqlite3", "psql", "mysql", "mariadb", "ftp", "telnet", "busybox",
})  # fmt: skip
"""Programs in which one can start any other: none of their calls is an everyday one."""

SCRIPTED = MappingProxyType({
    "python": frozenset({"-W", "-X", "--check-hash-based-pycs"}), "pypy": frozenset({"-W", "-X"}),
    "node": frozenset({"--conditions", "-C"}), "perl": frozenset(), "ruby": frozenset(), "php": frozenset(),
    "lua": frozenset(), "Rscript": frozenset(), "osascript": frozenset(),
})  # fmt: skip
"""Interpreters: without a file they run what comes in. And those of their options that take a value."""

TELLS = frozenset({"--version", "-V", "-v", "--help", "-h", "-VV"})
MODULES = frozenset({
    "pytest", "unittest", "doctest", "mypy", "ruff", "black", "flake8", "isort", "pylint", "pyflakes", "coverage",
    "tox", "nox", "json.tool", "compileall", "py_compile", "tabnanny", "this", "pyright", "pip",
})  # fmt: skip
"""What `python -m` may be told where the allow list says only `python`; `pip` has a table of its own."""

VALUED = MappingProxyType({
    "git": frozenset({"-C", "-c", "--git-dir", "--work-tree", "--namespace"}),
    "npm": frozenset({"--prefix", "-C", "--workspace", "-w"}),
    "docker": frozenset({"-H", "--host", "--context", "--config"}),
    "kubectl": frozenset({"-n", "--namespace", "--context"}),
    **dict.fromkeys(AWKS, frozenset({"-v", "-F", "--assign", "--field-separator"})),
})  # fmt: skip
"""Options before a subcommand, or a program's text, that take a value."""

OPTIONS = MappingProxyType({
    "git": ("-c", "--config-env", "--exec-path", "--upload-pack", "--receive-pack", "--ext-diff", "--textconv",
            "--open-files-in-pager", "-O", "--exec", "--output", "--output-directory", "--template", "--config",
            "--git-dir", "--work-tree", "--remote", "--prefix", "--edit", "--unset", "--unset-all", "--add",
            "--replace-all", "--rename-section", "--remove-section"),
    "find": ("-delete", "-fprint", "-fprintf", "-fprint0", "-fls"),
    "fd": ("-x", "-X", "--exec", "--exec-batch"),
    "rg": ("--pre", "--hostname-bin"),
    "tar": ("--to-command", "--checkpoint-action", "-I", "--use-compress-program", "--rsh-command", "-F",
            "--info-script", "--new-volume-script", "--rmt-command", "--index-file", "--absolute-names", "-P"),
    "sort": ("--compress-program", "-o", "--output"),
    "ssh": ("-o", "-F", "-J", "-E", "-S", "-L", "-R", "-D", "-W"), "scp": ("-o", "-F", "-S"),
    "rsync": ("-e", "--rsh", "--rsync-path"),
    "wget": ("-O", "--output-document", "--post-file", "--post-data", "--use-askpass", "-e", "--execute", "-i",
             "--input-file", "--config"),
    "python": ("-c", "-i"), "pypy": ("-c", "-i"),
    "node": ("-e", "--eval", "-p", "--print", "-r", "--require", "--import", "--loader", "--experimental-loader",
             "--env-file", "--inspect", "--inspect-brk", "-i", "--interactive"),
    "perl": ("-e", "-E", "-i", "-M", "-m", "-I", "-d"), "ruby": ("-e", "-i", "-r", "-I"),
    "php": ("-r", "-S", "-B", "-R", "-E", "-d", "-a"), "lua": ("-e", "-l", "-i"), "Rscript": ("-e",),
    "make": ("--eval", "-f", "--file", "--makefile", "-E", "-I", "--include-dir"),
    "go": ("-exec", "-toolexec"),
    "npm": ("--script-shell", "--prefix", "-C", "--userconfig", "--globalconfig", "--node-options"),
    "npx": ("-c", "--call", "-p", "--package"), "less": ("+", "-o", "-O", "--log-file", "-k", "--lesskey-file",
                                                         "--lesskey-src"),
    "man": ("-P", "--pager", "-H", "--html"), "zip": ("-T", "-TT", "--unzip-command"), "time": ("-o", "--output"),
    "set": ("-k", "keyword", "history", "histexpand"),
    "printf": ("-v",), "enable": ("-f",), "hash": ("-p",),
    "mapfile": ("-C",), "readarray": ("-C",), "date": ("-s", "--set"),
    **dict.fromkeys(AWKS, ("--file", "--include", "--load", "--source", "--exec", "--pretty-print", "--dump-variables",
                           "--profile", "--debug")),
})  # fmt: skip
"""Options by which a program runs or writes what its name does not say. An allow entry that names one allows it."""

LONG_SAFE = frozenset({"--text", "--exclude"})
"""Options of their own that are also the beginnings of some above."""

SUBCOMMANDS = MappingProxyType({
    "git": frozenset({
        "submodule", "bisect", "filter-branch", "filter-repo", "difftool", "mergetool", "hook", "daemon", "instaweb",
        "send-email", "credential", "config", "maintenance", "replace", "svn", "p4", "cvsserver", "cvsimport", "shell",
        "upload-pack", "receive-pack", "upload-archive", "web--browse", "interpret-trailers", "mailsplit", "mailinfo",
        "fast-export", "fast-import", "bundle", "checkout-index", "worktree", "update-index", "am", "apply", "gui",
        "citool", "remote-ext", "remote-fd", "lfs", "sparse-checkout",
    }),
    "npm": frozenset({"exec", "x", "explore", "init", "create", "config", "set", "edit"}),
    "pnpm": frozenset({"exec", "dlx", "create", "config"}), "yarn": frozenset({"dlx", "exec", "create", "config"}),
    "docker": frozenset({"run", "exec", "cp"}), "uv": frozenset({"run", "tool", "pip"}), "poetry": frozenset({"run"}),
    "go": frozenset({"run", "generate", "install", "get", "tool"}),
    "pip": frozenset({"config", "install", "download", "wheel"}), "deno": frozenset({"eval", "run"}),
    "cargo": frozenset({"run", "install"}), "kubectl": frozenset({"exec", "cp", "edit"}),
    "gh": frozenset({"alias", "extension", "api", "config", "secret", "auth"}),
})  # fmt: skip
"""Likewise subcommands."""

WITH_SUBCOMMAND = MappingProxyType({
    ("git", "clone"): ("-u",), ("git", "rebase"): ("-x", "-i", "--interactive"), ("git", "archive"): ("-o",),
    ("git", "format-patch"): ("-o",), ("git", "help"): ("-w", "-i", "--web", "--info"), ("git", "remote"): ("-u",),
})  # fmt: skip
"""Options that are risky with one subcommand, and something else with others."""

ONLY_READS = re.compile(
    r"config( --(global|local|system|worktree|show-origin|show-scope|null|name-only))*"
    r"( (--get|--get-all|--get-regexp) [^-\s]\S*|( --list| -l)| [^-\s]\S*)"
    r"|worktree list( --porcelain)?|submodule (status|summary)( --cached)?|bisect log|sparse-checkout list"
    r"|apply --(check|stat|numstat|summary) [^-\s]\S*|lfs (ls-files|status)|bundle verify [^-\s]\S*"
)
"""Calls of git whose subcommand is risky, and which only look."""

AWK_RISK = re.compile(r"system|getline|\||@|printf?\b[^;}\n]*>|\bclose\b|ENVIRON")
SED_ADDRESS = r"(\d+|\$|/[^/\\\n]*/)"
SED_SAFE = re.compile(
    rf"({SED_ADDRESS}(,({SED_ADDRESS}|[+~]\d+))?!?\s*)?"
    r"([pdqDPNnhHgGx=]|s(?P<by>[/|#,:@])(?:(?!(?P=by))[^\n])*(?P=by)(?:(?!(?P=by))[^\n])*(?P=by)[gpIi0-9]*)"
)
SED_SHORT = re.compile(r"-[nErsuz]+")

CURL_FLAGS = re.compile(
    r"-[sSfLgvIN46#kij]+|--(silent|show-error|fail|fail-with-body|location|globoff|verbose|head|ipv4|ipv6|insecure"
    r"|include|compressed|no-progress-meter|progress-bar|http1\.1|http2|no-buffer)"
)
CURL_VALUED = re.compile(
    r"-[sSfLgvIN46#kij]*[HAmXerw]|--(header|user-agent|max-time|connect-timeout|request|referer|range|write-out|retry"
    r"|retry-delay|retry-max-time|max-redirs)"
)
ADDRESS = re.compile(r"(https?://)?[\w.-]+(:\d+)?([/?#]\S*)?")
MAKE_VALUE = re.compile(r"[\w.,:+@%-]*")
MAKE_STEERS = re.compile(r"\.?SHELL\w*|MAKE\w*")
ARITHMETIC = frozenset({"test", "[", "[[", "let", "declare", "typeset", "local", "export", "readonly", "read", "unset",
                        "printf", "mapfile", "readarray", "wait"})  # fmt: skip
"""Words of the shell that may take a text for arithmetic, in which `a[$(…)]` runs what is in it, also out of quotes."""


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
        elif not (word.literal and word.text.startswith("-") and len(word.text) > 1):
            kept.append(word)
    return kept


def check(name: str, command: Command, entry: str) -> None:
    """Raise `Unclear` where the call does more than its name says and the allow entry does not say it either."""
    if re.fullmatch(r"(python|pip|pypy)[\d.]*", name):
        name = name.rstrip("0123456789.")
    if name in EDITORS and len(entry.split()) < 2:
        raise Unclear(command.source)
    _check_options(name, command, entry)
    _check_subcommand(name, command, entry)
    checks = {"curl": _check_curl, "make": _check_make, "tar": _check_tar, "npx": _check_npx}
    if name in SCRIPTED:
        _check_script(name, command, entry)
    elif name in AWKS:
        _check_awk(command)
    elif name in SEDS:
        _check_sed(command)
    elif name in checks:
        checks[name](command, entry)


def check_subscripts(command: Command) -> None:
    """Raise `Unclear` where a word of the shell's own may be arithmetic that runs something."""
    if command.name in ARITHMETIC and any("[" in word.text and re.search(r"[`$]", word.text) for word in command.words):
        raise Unclear(command.source)


def takes_more(name: str) -> bool:
    """Whether further words can make a program do what its name does not say: `xargs` gives it words nobody knows."""
    bare = name.rstrip("0123456789.")
    return any(bare in table for table in (OPTIONS, SUBCOMMANDS, SCRIPTED, EDITORS, AWKS, SEDS)) or bare in (
        "curl", "tar", "make", "env", "bash", "sh", "zsh", "dash",
    )  # fmt: skip


def _check_options(name: str, command: Command, entry: str) -> None:
    named = entry.split()[1:]
    operands = operands_of(command)
    more = WITH_SUBCOMMAND.get((name, operands[0].text), ()) if operands else ()
    for word in command.words[1:]:
        if word.text == "--" and name != "find":
            return
        for option in (*OPTIONS.get(name, ()), *more):
            if is_option(word.text, option) and not any(is_option(one, option) for one in named):
                if name == "git" and ONLY_READS.fullmatch(command.line.partition(" ")[2]):
                    continue
                raise Unclear(command.source)


def is_option(word: str, option: str) -> bool:
    """Whether a word is that option, alone or in a group, with a value or shortened."""
    if option.startswith("--"):
        given = word.split("=", 1)[0]
        return len(given) > 3 and option.startswith(given) and given not in LONG_SAFE
    if re.fullmatch(r"-\w", option) and not word.startswith("--"):
        return re.match(rf"-\w*{option[1]}", word) is not None
    return word == option or word.startswith(f"{option}=") or (option == "+" and word.startswith("+"))


def _check_subcommand(name: str, command: Command, entry: str) -> None:
    operands = operands_of(command)
    if not operands or name not in SUBCOMMANDS:
        return
    first = operands[0]
    if any("ext::" in word.text for word in command.words):
        raise Unclear(command.source)
    reads = name == "git" and ONLY_READS.fullmatch(command.line.partition(" ")[2])
    if not first.literal or (first.text in SUBCOMMANDS[name] and first.text not in entry.split() and not reads):
        raise Unclear(command.source)


def _check_script(name: str, command: Command, entry: str) -> None:
    """An interpreter has to be given a file: else it runs whatever comes in."""
    words = command.words[1:]
    at = 0
    while at < len(words):
        word = words[at]
        if word.literal and (word.text in TELLS or (name == "node" and word.text == "--test")):
            return
        if name in ("python", "pypy") and word.literal and re.match(r"-[a-zA-Z]*m", word.text):
            module = word.text.partition("m")[2] or (words[at + 1].text if at + 1 < len(words) else "")
            if module == "pip":
                check("pip", Command([Word("pip"), *words[at + 2 :]], command.source), entry)
            if module in MODULES or module in entry.split():
                return
            raise Unclear(command.source)
        if not (word.text.startswith("-") and len(word.text) > 1):
            break
        at += 2 if word.text in SCRIPTED[name] else 1
    if at >= len(words) or not is_script(words[at]):
        raise Unclear(command.source)


def is_script(word: Word) -> bool:
    """Whether a word is a file that an interpreter may be given: not what comes in."""
    return word.literal and word.text != "-" and not word.text.startswith(("/dev/", "/proc/"))


def _check_awk(command: Command) -> None:
    if any(re.match(r"-[fileEodpD]", word.text) for word in command.words[1:]):
        raise Unclear(command.source)
    program = next(iter(operands_of(command)), None)
    if program is not None and (not program.literal or AWK_RISK.search(program.text)):
        raise Unclear(command.source)


def _check_sed(command: Command) -> None:
    """Every script of sed's must be one that only prints and replaces; what it is not given as, is not known."""
    words = command.words[1:]
    scripts: list[Word] = []
    operands: list[Word] = []
    at = 0
    while at < len(words):
        word = words[at]
        if not word.text.startswith("-") or word.text == "-":
            operands.append(word)
        elif re.fullmatch(r"-[nErsuz]*e|--expression", word.text) and at + 1 < len(words):
            at += 1
            scripts.append(words[at])
        elif not (SED_SHORT.fullmatch(word.text) or word.text in ("--quiet", "--silent", "--regexp-extended", "--")):
            raise Unclear(command.source)
        at += 1
    for script in scripts or operands[:1]:
        if not script.literal or not all(SED_SAFE.fullmatch(one.strip()) for one in re.split(r"[;\n]", script.text)):
            raise Unclear(command.source)


def _check_curl(command: Command, entry: str) -> None:
    """curl reads and writes files, uploads and goes by proxies at a word: what is known to only fetch is let."""
    named = entry.split()[1:]
    words = command.words[1:]
    at = 0
    while at < len(words):
        word = words[at]
        if not word.literal:
            raise Unclear(command.source)
        text = word.text
        if not text.startswith("-"):
            if not ADDRESS.fullmatch(text):
                raise Unclear(command.source)
        elif CURL_VALUED.fullmatch(text):
            at += 1
            value = words[at] if at < len(words) else Word("", literal=False)
            method = text.endswith("X") or text == "--request"
            if not value.literal or value.text.startswith("@") or "%output" in value.text:
                raise Unclear(command.source)
            if method and value.text.upper() not in ("GET", "HEAD", "OPTIONS") and text not in named:
                raise Unclear(command.source)
        elif text in ("-o", "--output") and at + 1 < len(words) and words[at + 1].text == "/dev/null":
            at += 1
        elif not CURL_FLAGS.fullmatch(text) and text not in named:
            raise Unclear(command.source)
        at += 1


def _check_make(command: Command, entry: str) -> None:
    """A variable given to make is part of the commands that it runs."""
    for word in command.words[1:]:
        variable, given, value = word.text.partition("=")
        is_plain = word.literal and MAKE_VALUE.fullmatch(value) and not MAKE_STEERS.fullmatch(variable.rstrip(":+?!"))
        if given and not variable.startswith("-") and not is_plain:
            raise Unclear(command.source)
    places = re.findall(r"(?:\s-\w*C\s*|--directory[= ])(\S*)", command.line)
    if any(place.startswith(("/", "..", "~", "$")) for place in places):
        raise Unclear(command.source)


def _check_tar(command: Command, entry: str) -> None:
    """An archive of another host is fetched by a remote shell."""
    if any(":" in word.text for word in command.words[1:]):
        raise Unclear(command.source)


def _check_npx(command: Command, entry: str) -> None:
    """npx runs whatever package it is told, from the internet if need be: the entry has to name it."""
    operands = operands_of(command)
    if not operands or operands[0].text not in entry.split():
        raise Unclear(command.source)
