"""Variables of the environment by what they may change of the programs that get them. Names and values; nothing is run.

A name of one's own with a plain value (`FOO=bar make test`) is as harmless as an argument. What tools and the system
know by name is not: it says which program is run, where code is taken from, or with what options.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from extensions.coder.access import READERS
from extensions.coder.doors import MILD, MODULES, OPEN, OPTIONS, PLACES, RUNNERS, SCRIPTED, SUBCOMMANDS
from extensions.coder.syntax import Assigned

QUIET = re.compile(
    r"CI|DEBUG|VERBOSE|NODE_ENV|FORCE_COLOR|NO_COLOR|CLICOLOR(_FORCE)?|TZ|LANG|LC_[A-Z]+|TERM|COLUMNS|LINES|PORT|HOST"
    r"|PYTHONUNBUFFERED|PYTHONDONTWRITEBYTECODE|PYTHONHASHSEED|RUST_BACKTRACE|RUST_LOG|GOOS|GOARCH|GOARM|CGO_ENABLED|[a-z_][a-z0-9_]*"
)
"""These change nothing else, whatever they are set to."""

RISKY_LOWER = re.compile(r"\w*_proxy|npm_config_\w+|pip_\w+")

OWN = re.compile(r"[A-Z][A-Z0-9_]*")
PLAIN = re.compile(r"[\w.,:@%+-]*")
"""A value that no program takes for a path elsewhere, an option with a value, or a line of its own."""

PROGRAMS = frozenset(
    name.upper()
    for table in (READERS, MILD, MODULES, OPEN, OPTIONS, PLACES, RUNNERS, SCRIPTED, SUBCOMMANDS)
    for name in table
) - {
    "ACT", "AT", "BATCH", "COLUMN", "CUT", "DATE", "ENABLE", "EXPAND", "EXPECT", "FILE", "FOLD", "HASH", "HEAD", "JOBS",
    "PARALLEL", "PASTE", "PATCH", "R", "SCREEN", "SET", "SORT", "SOURCE", "SPLIT", "TAIL", "TIME", "TREE", "TYPE",
    "VIEW",
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
    plain = value is not None and PLAIN.fullmatch(value) is not None
    return plain and OWN.fullmatch(name) is not None and not (names_program(name) or _steers(name))


def names_program(name: str) -> bool:
    """Whether a variable may be what a project calls a program by: `CC`, `PYTEST`, `TEST_RUNNER`."""
    return any(part in PROGRAMS or part in COMPILES for part in name.split("_"))


def _steers(name: str) -> bool:
    return name == "ENV" or any(STEERS.fullmatch(part) for part in name.split("_"))


def make_expands(assigned: Iterable[Assigned]) -> bool:
    """Whether make, which takes its environment for variables of its own, may find in one what it runs."""
    return any(one.is_passed and (one.value is None or not PLAIN.fullmatch(one.value)) for one in assigned)
