"""Variables of the environment by what they may change of the programs that get them. Names and values; nothing is run.

A name of one's own with a plain value (`FOO=bar make test`) is as harmless as an argument. What tools and the system
know by name is not: it says which program is run, where code is taken from, or with what options.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from types import MappingProxyType

from extensions.coder import builders
from extensions.coder.access import READERS
from extensions.coder.doors import LOOKS, MILD, MODULES, OPEN, OPTIONS, PLACES, RUNNERS, SCRIPTED, SUBCOMMANDS
from extensions.coder.syntax import Assigned, Command

QUIET = re.compile(
    r"CI|DEBUG|VERBOSE|NODE_ENV|FORCE_COLOR|NO_COLOR|CLICOLOR(_FORCE)?|TZ|LANG|LC_[A-Z]+|TERM|COLUMNS|LINES|PORT|HOST"
    r"|PYTHONUNBUFFERED|PYTHONDONTWRITEBYTECODE|PYTHONHASHSEED|PYTHONIOENCODING|PYTHONUTF8|RUST_BACKTRACE|RUST_LOG"
    r"|GOOS|GOARCH|GOARM|CGO_ENABLED"
    r"|CARGO_TERM_\w+|CARGO_INCREMENTAL|FLASK_(ENV|DEBUG)|AWS_(DEFAULT_)?REGION|AWS_(ACCESS_KEY_ID|SECRET_ACCESS_KEY)"
    r"|GIT_TERMINAL_PROMPT|GIT_OPTIONAL_LOCKS|GO111MODULE|[a-z_][a-z0-9_]*"
)
"""These change nothing else, whatever they are set to."""

QUIET_BEFORE = re.compile(r"CI|TZ|LANG|LC_[A-Z]+|TERM|COLUMNS|LINES|PORT|HOST|DEBUG")
"""Those of them that the environment may hold before a line sets them, so that programs get the new value."""

RISKY_LOWER = re.compile(r"\w*_proxy|npm_config_\w+|pip_\w+")

OWN = re.compile(r"[A-Z][A-Z0-9_]*")
PLAIN = re.compile(r"[\w.,:@%+-]*")
"""A value that no program takes for a path elsewhere, an option with a value, or a line of its own."""

PHRASE = re.compile(r"(?!.*\.\.)\w[\w.,:@%+/-]*( +\w[\w.,:@%+/-]*)*")
"""Several words, of which none is an option."""

BELOW = re.compile(r"(?!.*\.\.(/|$))(\./)*(\w[\w.@+-]*(/\w[\w.@+-]*)*)?/?")
"""A place of the workspace."""

LOCAL = re.compile(
    r"sqlite:///(?!.*\.\.)\w[\w./-]*|\w+(\+\w+)?://([\w.%-]*(:[\w.%-]*)?@)?(localhost|127\.0\.0\.1)(:\d+)?(/[\w./-]*)?"
)
"""An address on the machine itself."""

_SYSTEM = r"(/usr(/local)?(/go)?/s?bin|/s?bin|/opt/homebrew/bin)"
_NODE = (
    r"--(max[-_](old|semi)[-_]space[-_]size=\d+|experimental-vm-modules|no-warnings|trace-(warnings|deprecation)"
    r"|no-deprecation|enable-source-maps|openssl-legacy-provider|unhandled-rejections=\w+|stack-trace-limit=\d+)"
)
_PYTEST = (
    r"(-[qvxsl]+|-r\w+|-n ?(\d+|auto)|-p no:\w+|--(tb|color|maxfail|durations)=\w+|--lf|--ff"
    r"|--no-header|--strict-markers)"
)
_GO = r"(-mod=(vendor|readonly)|-v|-race|-count=\d+|-tags=[\w,]+|-trimpath)"
VALUES = MappingProxyType({
    "NODE_OPTIONS": re.compile(rf"{_NODE}( +{_NODE})*"),
    **dict.fromkeys(("PYTEST_ADDOPTS", "PYTEST_ARGS", "PYTEST_OPTS"), re.compile(rf"{_PYTEST}( +{_PYTEST})*")),
    **dict.fromkeys(("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), re.compile(r"[\w:+ .-]+")),
    **dict.fromkeys(("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"), re.compile(r"[\w .-]+")),
    **dict.fromkeys(("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"), re.compile(r"[\w.+-]+@[\w.-]+")),
    "GOFLAGS": re.compile(rf"{_GO}( +{_GO})*"), "BROWSER": re.compile(r"none"),
    "ENV": re.compile(r"(dev|test|prod|ci|local|staging|development|production)"),
    "CC": re.compile(r"(gcc|clang|cc)(-\d+)?"), "CXX": re.compile(r"(g|clang|c)\+\+(-\d+)?"),
    "MIX_ENV": re.compile(r"[a-z]+"),
    "PYTHONWARNINGS": re.compile(r"(ignore|error|default|always|once)(::[A-Z]\w+)?"),
    "RUSTFLAGS": re.compile(r"-[DWA] ?[\w:-]+( +-[DWA] ?[\w:-]+)*|-C ?(target-cpu=native|(opt-level|debuginfo)=\w)"),
    **dict.fromkeys(("PAGER", "GIT_PAGER"), re.compile(r"(cat)?")),
    **dict.fromkeys(("EDITOR", "GIT_EDITOR", "GIT_SEQUENCE_EDITOR"), re.compile(r"true|:")),
    **dict.fromkeys(("ROOT", "ROOT_DIR", "REPO_ROOT", "PROJECT_ROOT"), BELOW),
    "PATH": re.compile(rf":*{_SYSTEM}(:+{_SYSTEM})*:*"),
})  # fmt: skip
"""What steers programs may be set to this, which lets them do nothing else than before."""

IMPORTERS = frozenset({"pytest", "unittest", "tox", "nox", "coverage", "npm", "yarn", "pnpm", "flask", "alembic"})
"""Programs that run the workspace's code anyway, wherever Python looks for more of it there."""

IMPORTS = MappingProxyType(
    {"PYTHONPATH": frozenset({"python", "pypy"}), "NODE_PATH": frozenset({"node", "ts-node", "tsx"})}
)
"""Variables that say where there is more code, and the interpreters that look there."""

MODULES_BY = MappingProxyType({
    "DJANGO_SETTINGS_MODULE": re.compile(r"[A-Za-z_]\w*(\.\w+)*"), "FLASK_APP": re.compile(r"\w+(\.\w+)*(:\w+)?"),
})  # fmt: skip
"""Variables by which a framework is told which of the workspace's modules is its own."""

PROGRAMS = frozenset(
    name.upper()
    for table in (READERS, MILD, MODULES, OPEN, OPTIONS, PLACES, RUNNERS, SCRIPTED, SUBCOMMANDS)
    for name in table
) - {
    "ACT", "AT", "BATCH", "COLUMN", "CUT", "DATE", "ENABLE", "EXPAND", "EXPECT", "FILE", "FOLD", "HASH", "HEAD", "JOBS",
    "PARALLEL", "PASTE", "PATCH", "R", "SCREEN", "SET", "SORT", "SOURCE", "SPLIT", "TAIL", "TIME", "TREE", "TYPE",
    "VENV", "VIEW",
}  # fmt: skip
"""Programs that a project may call by a variable; what is also an everyday word is none of them."""

COMPILES = ("CC", "CXX", "CPP", "LD", "AR", "AS")
STEERS = re.compile(
    r"(LD|DYLD|GIT|SSH|GPG|BASH|ZSH|PS|PROMPT|HIST|PYTHON|PY|NODE|NPM|RUBY|GEM|BUNDLE|PERL|PHP|LUA|JAVA|JDK|JVM|MAVEN"
    r"|GRADLE|RUST|CARGO|MAKE|CMAKE|NINJA|MESON|PYTEST|COVERAGE|DJANGO|FLASK|DOCKER|COMPOSE|KUBE|HELM|TERRAFORM|ANSIBLE"
    r"|AWS|AZURE|GCLOUD|XDG|GTK|GDK|QT|DBUS|SYSTEMD|SUDO|LESS|RIPGREP|FZF|OPENSSL|SSL|SVN|ELECTRON|CHROM|PLAYWRIGHT"
    r"|PUPPETEER|WEBPACK|BABEL|ESLINT|GCC|GLIBC|MALLOC|GCONV|NLS|TERMINFO|TERMCAP|TEMP|TMP|LIB|PKG|PIP|LOCPATH)\w*"
    r"|GO[A-Z]*|CC|CXX|CPP|AR|AS|NM|FC|LEX|YACC|RM|LN|CO|IFS|EDITOR|VISUAL|PAGER|BROWSER|SHELL|HOME|USER|LOGNAME"
    r"|PWD|OLDPWD|MAIL|DISPLAY|COMSPEC|INSTALL|SH|DASH|KSH|TAR|ZIP|UNZIP|GZIP|BZIP\d?|XZ|ZSTD|MORE|MAN|TS|HG|CVS|PG|R"
    r"|\w*(PATH|FLAGS?|OPTS?|OPTIONS?|ARGS|HOME|DIR|RC|SHELL|EDITOR|PAGER|PRELOAD|CMD|COMMAND|EXEC|HOOKS?|PLUGINS?"
    r"|MODULES?|WRAPPER|COMPILER|LINKER|RUNNER|CONFIG|CONF|FILES?|UR[LI]|REGISTRY|INDEX|PROXY|SOCK(ET)?|SCRIPTS?|BIN"
    r"|PROGRAM|INIT|STARTUP|INTERPRETER|TOOL|TOOLCHAIN|PREFIX|ROOT|DRIVER|HELPER|HANDLER|LAUNCHER|BACKEND)"
)
"""Parts of names, between underscores, that say which program is run, how, or where it finds what it runs."""


ENDS = MappingProxyType({
    **dict.fromkeys(("DIR", "CONFIG", "CONF", "FILE", "FILES"), BELOW), **dict.fromkeys(("URL", "URI"), LOCAL),
})  # fmt: skip
"""Ends of names by which a project's own variable says a place, and which places any may say."""

BUILDS = frozenset(name.upper() for table in (builders.WORDS, builders.COMMANDS, builders.CODE) for name in table) | {
    "NVM", "FNM", "VOLTA", "MISE", "ASDF", "PYENV", "RBENV", "NODENV", "COREPACK", "TF",
}  # fmt: skip
"""Programs whose own variables begin with their names: a place is where they take code from, or settings."""

PLACES_OF_MAKE = re.compile(
    r"\w*(DIRS?|FILES?|TESTS?|SPECS?|SRCS?|SOURCES?|OUT(PUT)?|DEST|BUILD|CONFIG|CONF|LOGS?|DATA|CACHE|REPORTS?|ARGS?|TARGETS?"
    r"|PACKAGES?|PKGS?|MODULES?|APP|INPUT|FIXTURES?|DB|ROOT|PATHS?|PREFIX|DOCS?|IMAGE|TAG|BRANCH|FOLDER|NAME)|[TFP]"
)
"""Names of make's variables that say which files are meant; another one's place may be a program."""


EVALUATED = re.compile(r"(\[|^\().*(\$\(|`)", re.DOTALL)
"""What arithmetic, or `declare -a`, would run, wherever the variable comes into one."""


def may_evaluate(value: str | None) -> bool:
    """Whether arithmetic would run what is in the value, wherever the variable comes into one."""
    return value is not None and EVALUATED.search(value) is not None


def is_quiet(name: str, value: str | None = None) -> bool:
    """Whether setting the variable changes no program that is started; `value` is None where nobody knows it."""
    if RISKY_LOWER.fullmatch(name) or may_evaluate(value):
        return False
    if QUIET.fullmatch(name):
        return True
    if value is None or OWN.fullmatch(name) is None:
        return False
    if name in VALUES:
        return VALUES[name].fullmatch(value) is not None
    head, _, end = name.rpartition("_")
    if end in ENDS and value:
        is_known = names_program(head) or _steers(head) or not BUILDS.isdisjoint(head.split("_"))
        return ENDS[end].fullmatch(value) is not None and not is_known
    is_plain = any(one.fullmatch(value) for one in (PLAIN, PHRASE, BELOW))
    return is_plain and not (names_program(name) or _steers(name))


def is_plain(given: Assigned) -> bool:
    """Whether it changes no program, nor is what another one may start."""
    name, value = given.name, given.value
    return is_quiet(name, value) and (QUIET.fullmatch(name) or PLAIN.fullmatch(value or " ")) is not None


def is_import(given: Assigned, programs: Iterable[str], interpreters: Collection[str] = ()) -> bool:
    """Whether it says only where in the workspace there is more code, to programs that run the workspace's anyway.

    `interpreters` may run any of its scripts.
    """
    value = given.value or ".."
    if given.name in MODULES_BY:
        return MODULES_BY[given.name].fullmatch(value) is not None and {*programs} <= IMPORTERS | LOOKS | {"python"}
    is_below = given.name in IMPORTS and all(map(_is_below, value.split(":")))
    return is_below and {*programs} <= IMPORTERS | LOOKS | IMPORTS[given.name].intersection(interpreters)


def is_kept(given: Assigned) -> bool:
    """Whether only the shell itself gets it, whatever it is set to: a name of the line's own, such as `VERSION`."""
    is_own = OWN.fullmatch(given.name) is not None and given.name not in VALUES
    return is_own and not given.is_passed and not (names_program(given.name) or _steers(given.name))


def _is_below(place: str) -> bool:
    return place == "." or BELOW.fullmatch(place) is not None


def names_program(name: str) -> bool:
    """Whether a variable may be what a project calls a program by: `CC`, `PYTEST`, `TEST_RUNNER`."""
    return any(part in PROGRAMS or part in COMPILES for part in name.split("_"))


def _steers(name: str) -> bool:
    return name == "ENV" or any(STEERS.fullmatch(part) for part in name.split("_"))


def exported(assigned: Iterable[Assigned], commands: Iterable[Command]) -> list[Assigned]:
    """The variables, where those are marked that programs get all the same: by `export`, `set -a`, or as they did."""
    words = [(one.name, word.text) for one in commands for word in one.words[1:]]
    names = {text.partition("=")[0] for name, text in words if name in ("export", "declare", "typeset")}
    is_every = any(name == "set" and re.match(r"-\w*a|allexport", text) for name, text in words)
    return [
        one._replace(is_passed=True) if is_every or one.name in names or QUIET_BEFORE.fullmatch(one.name) else one
        for one in assigned
    ]


def make_expands(assigned: Iterable[Assigned]) -> bool:
    """Whether make, which takes its environment for variables of its own, may find in one what it runs."""
    passed = [one for one in assigned if one.is_passed and one.name not in VALUES]
    passed = [one for one in passed if one.value is None or not PLAIN.fullmatch(one.value)]
    return not all(one.value and PHRASE.fullmatch(one.value) and PLACES_OF_MAKE.fullmatch(one.name) for one in passed)
