"""Calls that are the same by other first words: `yarn run x` and `yarn x`, `apt-get` and `apt`. Words in, words out."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from extensions.coder.calls import operands_of
from extensions.coder.doors import WHOLE
from extensions.coder.syntax import Command, Word

_NPM = MappingProxyType({
    **dict.fromkeys(("i", "in", "ins", "inst", "add", "isntall"), "install"),
    **dict.fromkeys(("rm", "r", "un", "unlink", "remove"), "uninstall"), **dict.fromkeys(("t", "tst"), "test"),
    **dict.fromkeys(("run-script", "rum", "urn"), "run"), **dict.fromkeys(("up", "upgrade"), "update"),
    **dict.fromkeys(("clean-install", "ic", "install-clean"), "ci"), "x": "exec", "c": "config", "ln": "link",
})  # fmt: skip
_OWN_SCRIPTS = ("test", "start", "stop", "restart")
_DOCKER = MappingProxyType({
    **dict.fromkeys(("container ls", "container list", "container ps"), "ps"), "container remove": "rm",
    **dict.fromkeys(("image rm", "image remove"), "rmi"), **dict.fromkeys(("image ls", "image list"), "images"),
    **dict.fromkeys(("image build", "builder build", "buildx build", "buildx b"), "build"),
    "volume remove": "volume rm", "network remove": "network rm",
})  # fmt: skip
_SUBCOMMANDS = MappingProxyType({
    "git": {"send-pack": "push", "http-push": "push", "fetch-pack": "fetch", "http-fetch": "fetch", "stage": "add",
            "annotate": "blame", "init-db": "init"},
    "npm": {**_NPM, **{f"run {one}": one for one in _OWN_SCRIPTS}}, "pnpm": _NPM, "yarn": {"run-script": "run"},
    "bun": {"i": "install", "a": "add", "rm": "remove"},
    "cargo": {"b": "build", "t": "test", "r": "run", "c": "check", "d": "doc", "rm": "remove"},
    **dict.fromkeys(("docker", "podman", "nerdctl"), _DOCKER), "brew": {"rm": "uninstall", "remove": "uninstall"},
    "helm": {"del": "uninstall", "delete": "uninstall", "un": "uninstall"}, "apt": {"purge": "remove"},
})  # fmt: skip

SAME = MappingProxyType({
    ".": "source", "apt-get": "apt", "aptitude": "apt", "gmake": "make", "mvnw": "mvn", "gradlew": "gradle",
    "docker-compose": "docker compose", "podman-compose": "podman compose",
    **{f"{name} {one}": f"{name} {other}" for name, words in _SUBCOMMANDS.items() for one, other in words.items()},
})  # fmt: skip
"""First words of a call, and the plainer ones that mean the same."""

SHORT = MappingProxyType({
    **dict.fromkeys(("yarn run", "yarn workspaces foreach", "yarn workspaces"), "yarn"),
    **dict.fromkeys(("pnpm run", "pnpm recursive", "pnpm multi", "pnpm m"), "pnpm"), "bun run": "bun",
    **{f"{name} {one}": name for name in ("docker", "podman", "nerdctl") for one in ("container", "image")},
    "npm exec": "npx", "uv pip": "pip",
})  # fmt: skip
"""Likewise, where something follows that says what is done."""

WITH_NAME = MappingProxyType({"yarn workspace": "yarn"})
"""Likewise, with one word between that only says where."""

OF_EACH = frozenset({"prune", "inspect"})
"""What containers and images have each for themselves: `docker image prune` is no `docker container prune`."""

GOALS = frozenset({"make", "gradle", "mvn", "ant", "ninja", "rake", "just", "task", "inv", "invoke"})
"""Programs whose operands are all done, in whatever order."""

IN_PROJECTS = frozenset({"gradle", "mvn"})
"""Those whose goals may stand behind a project's or a plugin's name: `:app:publish`."""

SHORTENED = MappingProxyType({"npm": WHOLE["npm"], "gradle": frozenset[str]()})
"""Programs that take the beginning of a subcommand, and the subcommands that are beginnings of others."""

NO_SCRIPTS = frozenset({
    "a", "access", "add", "approve-builds", "audit", "autoclean", "bin", "c", "cache", "check", "config",
    "constraints", "create", "dedupe", "dlx", "env", "exec", "explain", "fetch", "global", "help", "i",
    "import", "info", "init", "install", "licenses", "link", "list", "login", "logout", "ls", "node", "npm", "outdated",
    "owner", "pack", "patch", "patch-commit", "plugin", "pm", "policies", "prune", "publish", "rb", "rebuild", "remove",
    "repl", "rm", "root", "search", "server", "set", "setup", "store", "tag", "team", "un", "uninstall", "unlink",
    "unplug", "up", "update", "upgrade", "upgrade-interactive", "version", "versions", "view", "why", "workspace",
    "workspaces", "x",
})  # fmt: skip
"""What yarn, pnpm and bun do themselves: any other word is a script of the project's."""

MOST = 6
"""Steps from one spelling to the next that are gone."""


def forms(command: Command) -> list[Command]:
    """The call, and the same by other first words, the plainest last."""
    found = [command]
    while len(found) < MOST and (other := _plainer(found[-1])) is not None:
        found.append(other)
    return found


def _plainer(command: Command) -> Command | None:
    operands = operands_of(command)
    words = [command.words[0].text, *(word.text for word in operands)]
    for size in (3, 2, 1):
        if len(words) < size:
            continue
        phrase, follows = " ".join(words[:size]), words[size : size + 1]
        if (other := SAME.get(phrase)) is not None:
            return _with(command, operands[: size - 1], other)
        if follows and follows[0] not in OF_EACH and (other := SHORT.get(phrase)) is not None:
            return _with(command, operands[: size - 1], other)
        if len(words) > size + 1 and (other := WITH_NAME.get(phrase)) is not None:
            return _with(command, operands[:size], other)
    return None


def _with(command: Command, told: list[Word], other: str) -> Command:
    """The command with other first words in place of its name and of the operands that told the same."""
    name, *more = map(Word, other.split())
    at = next((at for at, word in enumerate(command.words) if told and word is told[0]), 1)
    rest = [word for word in command.words[at:] if not any(word is one for one in told)]
    return replace(command, words=[name, *command.words[1:at], *more, *rest])


def runs_script(command: Command) -> bool:
    """Whether it runs a script of the project's by the script's name alone."""
    name, first = command.name, next((word.text for word in operands_of(command)), "")
    if name == "npm":
        return first in _OWN_SCRIPTS
    return name in ("yarn", "pnpm", "bun") and bool(first) and first not in NO_SCRIPTS
