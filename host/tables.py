"""The groups of settings, one table each: keys, types, defaults, a sentence. Rules between tables are in config.py."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from host import fields
from host.fields import Flag, Folder, Names, Number, Secret, Size, Text, Whole
from host.words import Rule

PROVIDERS = ("anthropic", "openai", "gemini", "ollama")
SHORTEST_SECRET = 32


class Table(BaseModel):
    """A group of settings: it never changes, and knows no key but its own."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, hide_input_in_errors=True, validate_default=False
    )

    @model_validator(mode="before")
    @classmethod
    def _empty(cls, value: Any) -> Any:
        return {} if value is None else value


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _file_only(value: Any) -> Any:
    if value in ("redis", "mongodb"):
        raise ValueError(f"{value} is not built in, each user's state is a file of their own; write file")
    return value


class Cors(Table):
    enabled: Annotated[bool, Flag()] = True
    """Whether pages of the listed origins may call this host; the host's own page always may."""
    origins: Annotated[
        tuple[str, ...],
        Names(fields.listed_origin, "must be an origin such as https://example.org (no path), null or *"),
    ] = ()
    """Origins whose pages may call; `*` lets every page read, but never with a cookie and never over a WebSocket."""


class Server(Table):
    host: Annotated[str, Text(fields.bound_host, "must be an address or a host name, without a port")] = "127.0.0.1"
    """The address to listen on; anything but loopback needs authentication where there are several users."""
    port: Annotated[int, Whole(0, 65535)] = 3000
    """The port to listen on; 0 picks a free one."""
    base_path: Annotated[
        str, Text(fields.base_path, "must be empty or a path such as /code", empty=True)
    ] = ""  # fmt: skip
    """The path that a proxy in front serves this host under; cookies and links keep to it."""
    allowed_hosts: Annotated[
        tuple[str, ...], Names(fields.bound_host, "must be one host name or address, without a port and without *")
    ] = ()
    """Names that this host is reached by beside localhost and its own addresses; any other Host is refused."""
    trusted_proxies: Annotated[
        tuple[str, ...],
        Names(fields.network, "must be an address or a network such as 10.0.0.0/8, and not every address"),
    ] = ()
    """Addresses whose X-Forwarded-Proto, -Host and -For are believed."""
    cors: Cors = Cors()


class Jwt(Table):
    algorithm: Literal["HS256", "RS256", "ES256"] = "HS256"
    """The one algorithm that is accepted, whatever a token says."""
    secret: Annotated[SecretStr | None, Secret()] = None
    """The shared secret of HS256, at least 32 bytes."""
    public_key_file: Annotated[Path | None, Folder()] = None
    """A PEM file with the public key of RS256 or ES256."""
    jwks_file: Annotated[Path | None, Folder()] = None
    """A JWKS file with public keys of RS256 or ES256; read again when it changes."""
    audience: Annotated[str | None, Text()] = None
    """What `aud` must be or hold; while unset, a token with an `aud` is refused."""
    issuer: Annotated[str | None, Text()] = None
    """What `iss` must be; while unset, it is not looked at."""
    leeway_s: Annotated[float, Number(60)] = 0.0
    """How many seconds the clocks of issuer and host may differ."""

    @model_validator(mode="after")
    def _one_key(self) -> Jwt:
        if self.algorithm == "HS256":
            self._secret_only()
        elif self.secret is not None:
            raise Rule("secret", f"is for HS256; leave it out, {self.algorithm} takes a public key")
        elif (self.public_key_file is None) == (self.jwks_file is None):
            raise Rule("public_key_file", "must be given, or else jwks_file, but not both; keep exactly one of them")
        return self

    def _secret_only(self) -> None:
        for name in ("public_key_file", "jwks_file"):
            if getattr(self, name) is not None:
                raise Rule(name, "is for RS256 and ES256; leave it out, or set auth.jwt.algorithm to one of them")
        secret = self.secret.get_secret_value() if self.secret else ""
        if len(secret.encode("utf-8", "surrogateescape")) < SHORTEST_SECRET:
            raise Rule("secret", "must have at least 32 bytes for HS256; make one with `openssl rand -hex 32`")
        if "-----BEGIN" in secret or secret.startswith("ssh-"):
            raise Rule("secret", "must not be a key file's text; name the file in auth.jwt.public_key_file instead")


class Auth(Table):
    jwt: Jwt | None = None


class Cost(Table):
    input: Annotated[float, Number()]
    """USD for a million tokens of input."""
    output: Annotated[float, Number()]
    """USD for a million tokens of output, thinking among them."""
    cache_read: Annotated[float | None, Number()] = None
    """USD for a million tokens of input that the provider had cached; null: as input."""
    cache_write: Annotated[float | None, Number()] = None
    """USD for a million tokens of input that it puts into its cache; null: as input."""


class Provider(Table):
    kind: Literal["anthropic", "openai", "gemini", "ollama"]
    """Whose API it speaks (`openai` for every compatible address); may be left out where the id is one of these."""
    api_key: Annotated[SecretStr | None, Secret()] = None
    """The host's own key."""
    base_url: Annotated[
        str | None, Text(fields.address, "must be an http or https address without user, query or fragment")
    ] = None
    """Where the API is, if not at the provider's own address."""
    models: Annotated[tuple[str, ...], Names()] = ()
    """The models that users may choose; empty: all that the provider names."""
    prices: dict[str, Cost] = Field(default_factory=dict)
    """Prices by the provider's name of a model, before those of the bundled table."""


def with_kinds(value: Any) -> Any:
    """Seed 000's providers have no kind: an id that is one says it."""
    if not isinstance(value, Mapping):
        return {} if value is None else value
    return {
        name: {"kind": name, **(table or {})}
        if name in PROVIDERS and (table is None or isinstance(table, Mapping))
        else table
        for name, table in value.items()
    }


class Extensions(Table):
    folders: Annotated[tuple[Path, ...], Names(fields.folder, "must be a path")] = ()
    """Folders of extensions, beside the built-in ones."""
    disabled: Annotated[tuple[str, ...], Names(fields.identifier, "must be an extension's id such as roost.jobs")] = ()
    """Ids of extensions that are not loaded."""


class Terminals(Table):
    isolation: Literal["auto", "bubblewrap", "landlock", "none"] = "auto"
    """How shells and commands are kept apart; auto: the best that works with several users, none with one."""
    network: Literal["auto", "proxy", "none", "host"] = "auto"
    """What they reach; auto: proxy (public addresses only) with several users, host with one."""
    egress_allow: Annotated[
        tuple[str, ...] | None,
        Names(fields.target, "must be a host such as pypi.org, *.example.org or example.org:8443"),
    ] = None
    """The hosts that proxy lets through, and pages come from; null: every public one, an empty list: none."""


class Sessions(Table):
    sleep_after_s: Annotated[float, Number()] = 900.0
    """How many seconds a session without client, terminal or task stays in memory."""
    keep_terminals_s: Annotated[float | None, Number()] = None
    """How many seconds a terminal lives without a viewer; null: until its shell ends."""


class Quotas(Table):
    bytes: Annotated[int | None, Size()] = 10 * 1024**3
    """What a user's files, state, secrets and events may take; none for the single user unless set. null: no limit."""
    files: Annotated[int | None, Whole()] = 1_000_000
    """How many files and folders one user may have; not applied to the single user unless set."""
    connections: Annotated[int | None, Whole(1)] = 100
    """How many WebSockets one user may have open."""
    requests_in_flight: Annotated[int | None, Whole(1)] = 1_000
    """How many requests of one user may be unanswered."""
    requests_per_second: Annotated[int | None, Whole(1)] = 10_000
    """How many requests one user may send in a second."""
    terminals: Annotated[int | None, Whole()] = 32
    """How many terminals one user may have."""
    processes: Annotated[int | None, Whole(1)] = 512
    """How many processes one user's terminals and commands may have."""
    memory: Annotated[int | None, Size(1)] = 4 * 1024**3
    """How much memory those processes may take together."""
    streams: Annotated[int | None, Whole(1)] = 8
    """How many answers of language models one user may have streaming."""


class Budgets(Table):
    task: Annotated[float | None, Number()] = None
    """USD that one task of the coding agent may cost; null: no limit, here and below."""
    day: Annotated[float | None, Number()] = None
    """USD that one user may spend in a day."""
    month: Annotated[float | None, Number()] = None
    """USD that one user may spend in a month."""
    host: Annotated[float | None, Number()] = None
    """USD that all users may spend in a month together."""
    unpriced: Literal["refuse", "allow"] = "refuse"
    """Whether a model whose price nobody knows may be asked where a budget applies; its calls then count nothing."""


class Limits(Table):
    task: Annotated[float | None, Number()] = None
    day: Annotated[float | None, Number()] = None
    month: Annotated[float | None, Number()] = None


class Models(Table):
    connections: Annotated[int, Whole(1, 10_000)] = 64
    """Connections to providers that are open at most, of all users; one user leaves a quarter of them to others."""


class Agents(Table):
    running: Annotated[int | None, Whole(1, 100_000)] = None
    """How many tasks of agents run at the same time, of all users, who take turns; null: 16 for each core."""


class Person(Table):
    weight: Annotated[float, Number(1_000, least=0.001)] = 1.0
    """How many connections to providers this user may have for another's one, where both want more than there are."""
    quotas: Quotas = Quotas()
    """What this user may have instead, key by key as in `quotas`."""
    budgets: Limits = Limits()
    """What this user may spend instead, key by key as in `budgets`."""


class FileAccess(Table):
    allowed_paths: Annotated[
        tuple[str, ...] | None, Names(fields.absolute, "must be an absolute path without ..")
    ] = None  # fmt: skip
    """Where an agent may read and write, as the user sees paths; null: the whole workspace."""
    denied_paths: Annotated[
        tuple[str, ...], Names(fields.absolute, "must be an absolute path without ..")
    ] = ()  # fmt: skip
    """Where an agent never may."""


class Security(Table):
    allowed_commands: Annotated[tuple[str, ...] | None, Names()] = None
    """Commands that users may let an agent run unasked, a ceiling over their own lists; null: theirs decide."""
    denied_commands: Annotated[tuple[str, ...], Names()] = ()
    """Commands that an agent never runs."""
    file_access: FileAccess = FileAccess()


class Storage(Table):
    type: Annotated[Literal["file"], BeforeValidator(_file_only)] = "file"
    """How state is stored."""
    path: Annotated[Path | None, Folder()] = None
    """The same setting as `data`."""


class Backups(Table):
    every_s: Annotated[float | None, Number(least=1)] = 86_400.0
    """How old a user's newest backup may be, in seconds, before a changed state is copied; null: never by itself."""
    keep: Annotated[int, Whole(1, 1000)] = 3
    """How many backups of each user are kept, beside their state in `DATA/users/<uid>/backups`."""


class Logging(Table):
    level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)] = "info"
    """The least that is logged."""
    format: Annotated[Literal["auto", "json", "console"], BeforeValidator(_lower)] = "auto"
    """json: one object a line; console: text to read; auto: console on a terminal, else json."""
    file: Annotated[Path | None, Folder()] = None
    """A file for the log, instead of stderr."""
    max_bytes: Annotated[int, Size(64 * 1024)] = 10 * 1024**2
    """The size at which that file is put aside and a new one begun."""
    backups: Annotated[int, Whole(0, 1000)] = 5
    """How many files put aside are kept."""
