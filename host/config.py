"""Every setting of a host: its type, its default, a sentence. It reads settings; nothing here acts on one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from host import fields, keys, words
from host.fields import Flag, Folder
from host.layers import ConfigError, Layer, environ_layer, file_layer, over, put
from host.tables import (
    Agents,
    Auth,
    Backups,
    Budgets,
    Extensions,
    Logging,
    Models,
    Person,
    Provider,
    Quotas,
    Security,
    Server,
    Sessions,
    Storage,
    Table,
    Terminals,
    with_kinds,
)
from sessions.current import UID, checked_uid
from sessions.errors import InvalidUid

__all__ = ["Config", "ConfigError", "document", "load"]

SHORT = {"ROOST_DATA": "data", "ROOST_WORKSPACE": "workspace", "ROOST_PORT": "server.port", "MULTI_USER": "multi_user"}
"""Variables with names of their own, and their keys."""
AGENTS_A_CORE = 16
FLAGS = {"host": "server.host", "port": "server.port"}


def _data() -> Path:
    if os.geteuid() == 0:
        return Path("/var/lib/roost")
    try:
        return Path("~/.local/share/roost").expanduser()
    except RuntimeError:
        raise ConfigError("data: has no default for a user without a home folder; give --data DIR") from None


def _uid(uid: str) -> str:
    try:
        return checked_uid(uid)
    except InvalidUid:
        raise ValueError(f"must be a uid, which fully matches {UID.pattern}; correct or remove it") from None


def _provider(name: str) -> str:
    try:
        return fields.identifier(name)
    except ValueError:
        raise ValueError("must be a short name such as anthropic; correct or remove it") from None


ProviderId = Annotated[str, BeforeValidator(_provider)]
Uid = Annotated[str, BeforeValidator(_uid)]


class Config(Table):
    """A host's settings, valid as a whole: making one that breaks a rule between tables raises `ConfigError`."""

    multi_user: Annotated[bool, Flag()] = False
    """Whether many users work here, each in a world of their own; else one works on the machine itself."""
    data: Annotated[Path, Folder()] = Field(
        default_factory=_data, examples=["/var/lib/roost where the host runs as root, else ~/.local/share/roost"]
    )
    """The folder of everything that persists."""
    workspace: Annotated[Path | None, Folder()] = None
    """The folder that the single user works in; null: the one that the host was started in."""
    server: Server = Server()
    auth: Auth = Auth()
    ai_providers: Annotated[dict[ProviderId, Provider], BeforeValidator(with_kinds)] = Field(default_factory=dict)
    extensions: Extensions = Extensions()
    terminals: Terminals = Terminals()
    sessions: Sessions = Sessions()
    quotas: Quotas = Quotas()
    users: dict[Uid, Person] = Field(default_factory=dict)
    budgets: Budgets = Budgets()
    models: Models = Models()
    agents: Agents = Agents()
    security: Security = Security()
    storage: Storage = Storage()
    backups: Backups = Backups()
    logging: Logging = Logging()

    @model_validator(mode="before")
    @classmethod
    def _same_folder(cls, value: Any) -> Any:
        return one_folder(dict(value)) if isinstance(value, Mapping) else value

    @model_validator(mode="after")
    def _rules(self) -> Config:
        if lines := tuple(_broken(self)):
            raise ConfigError(*lines)
        return self

    @property
    def authenticates(self) -> bool:
        """Whether a token says who somebody is; else the host trusts whoever reaches it."""
        return self.auth.jwt is not None

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the host."""
        return fields.is_loopback(self.server.host)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every secret text in these settings, for the log to mask."""
        jwt = self.auth.jwt.secret if self.auth.jwt else None
        held = [jwt, *(provider.api_key for provider in self.ai_providers.values())]
        return tuple(secret.get_secret_value() for secret in held if secret)

    def quotas_of(self, uid: str) -> Quotas:
        """What `uid` may have: the defaults, `quotas`, `users.<uid>.quotas`, later over earlier; None: no limit."""
        base = Quotas() if self.multi_user else Quotas(bytes=None, files=None)
        own = self.users.get(uid)
        everybodys = _laid(base, self.quotas)
        return _laid(everybodys, own.quotas) if own else everybodys

    @property
    def agents_running(self) -> int:
        """How many tasks of agents run at the same time."""
        return self.agents.running or AGENTS_A_CORE * len(os.sched_getaffinity(0))

    def weight_of(self, uid: str) -> float:
        """How many connections to providers, and tasks that run, `uid` may have for another's one."""
        person = self.users.get(uid)
        return person.weight if person else 1.0


def _laid(below: Quotas, above: Quotas) -> Quotas:
    return below.model_copy(update={name: getattr(above, name) for name in above.model_fields_set})


def one_folder(layer: Layer) -> Layer:
    """`data` and `storage.path` are one setting: whichever `layer` gives, it then has both."""
    storage = layer.get("storage") or {}
    held = storage if isinstance(storage, Mapping) else {"path": getattr(storage, "path", None)}
    given = [value for value in (layer.get("data"), held.get("path")) if isinstance(value, str | Path) and str(value)]
    if len({str(value) for value in given}) > 1:
        raise ConfigError("storage.path: differs from data, and both are one setting; keep one of them")
    if not given or not isinstance(storage, Mapping):
        return layer | {"data": given[0]} if given else layer
    return layer | {"data": given[0], "storage": {**storage, "path": given[0]}}


def _broken(config: Config) -> Iterator[str]:
    """The rules between tables, one line for each that is broken."""
    if not config.multi_user:
        return
    if config.terminals.isolation == "none":
        yield "terminals.isolation: none would let every user's shell see every user; write auto"
    if config.authenticates:
        return
    if not config.is_loopback:
        yield (
            "server.host: must be a loopback address while users are not authenticated, or anybody could be any user; "
            "configure auth.jwt, or write 127.0.0.1"
        )
    if config.terminals.network == "host":
        yield (
            "terminals.network: host would let every shell speak to this host as any user; "
            "configure auth.jwt, or write proxy or none"
        )


def load(flags: Mapping[str, object], environ: Mapping[str, str], file: Path | None = None) -> Config:
    """The settings: defaults < `file` (YAML) < `environ` < `flags` (by dotted key, `host` and `port`; None: not given).

    Raises `ConfigError` with one line for each bad key. It reads files, so call it before the loop runs or in a thread.
    """
    lines: list[str] = []
    tree: Layer = {}
    sources: tuple[Callable[[], Layer], ...] = (
        lambda: file_layer(file, environ) if file else {},
        lambda: environ_layer(environ, Config, SHORT),
        lambda: _flags(flags),
    )
    for source in sources:
        try:
            tree = over(tree, one_folder(source()))
        except ConfigError as error:
            lines += error.lines
    if lines:
        raise ConfigError(*lines)
    return _checked(tree)


def _flags(flags: Mapping[str, object]) -> Layer:
    layer: Layer = {}
    for name, value in flags.items():
        if value is not None:
            put(layer, tuple(FLAGS.get(name, name).split(".")), value)
    return layer


def _checked(tree: Layer) -> Config:
    try:
        config = Config.model_validate(tree)
    except ValidationError as error:
        raise ConfigError(*words.lines(error, Config)) from None
    if config.workspace and not config.workspace.is_dir():
        raise ConfigError("workspace: is not a folder; make it, or leave it out for the current one")
    if config.auth.jwt:
        keys.read(config.auth.jwt)
    return config


def document() -> str:
    """Every setting as a Markdown table: what `docs/configuration.md` holds."""
    return words.table(Config)
