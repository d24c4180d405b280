"""`roost token`, `roost sessions`, `roost usage` and `roost completion`: one question, one answer."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import click

from host.cli.far import Refused, far, reaching
from host.cli.places import PLACE
from host.cli.showing import show_json, show_rows, size

LENGTHS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
LONGEST_S = 366 * 86_400
SCOPES = ("admin", "impersonate")
SHELLS = ("bash", "zsh", "fish")

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")


class Duration(click.ParamType):  # type: ignore[type-arg,unused-ignore]
    """Seconds, written as `45s`, `30m`, `12h` or `7d`."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        found = re.fullmatch(r"([1-9][0-9]{0,8})([smhd])", value)
        seconds = int(found[1]) * LENGTHS[found[2]] if found else 0
        if not 0 < seconds <= LONGEST_S:
            self.fail("write a number and s, m, h or d, such as 12h; at most 366d", param, ctx)
        return seconds


@click.command(
    short_help="Issue a token for a user of this host.",
    epilog="\b\nExamples:\n  roost token alice\n  roost token ci --scope impersonate --expires 30d\n"
    "  export ROOST_TOKEN=$(roost token root --scope admin)",
)
@click.argument("uid")
@click.option("--scope", multiple=True, help="What it may do beside being UID: admin, impersonate. May be repeated.")
@click.option("--expires", type=Duration(), default="12h", show_default=True, help="How long it is good for.")
@click.option("--data", type=PLACE, help="The host's data folder.")
@click.option("--config", type=PLACE, help="The host's YAML file.")
@as_json
def token(uid: str, scope: tuple[str, ...], expires: int, config: Path | None, as_json: bool, **flags: Any) -> None:
    """Issue a token for UID, signed with this host's own secret (auth.jwt.secret, HS256)."""
    from host.auth import Authenticator
    from host.config import load
    from sessions.current import checked_uid

    checked_uid(uid)
    scopes = " ".join(scope)
    if unknown := [one for one in scopes.split() if one not in SCOPES]:
        raise click.UsageError(f"--scope: there is no '{unknown[0]}'; there are {' and '.join(SCOPES)}.")
    settings = load({name: value for name, value in flags.items() if value is not None}, os.environ, config)
    if settings.auth.jwt is None:
        raise Refused("auth.jwt is not configured, so this host takes no tokens: set auth.jwt.secret first.")
    if settings.auth.jwt.secret is None:
        raise Refused(
            f"auth.jwt.algorithm is {settings.auth.jwt.algorithm}: this host only checks tokens; "
            "let the issuer that has the private key make one."
        )
    issued = Authenticator(settings).issue(uid, scopes, expires)
    if as_json:
        show_json({"token": issued, "uid": uid, "scope": scopes, "expiresIn": expires})
    else:
        click.echo(issued)


@click.command(
    short_help="List who is on a running host, or end a session.",
    epilog="\b\nExamples:\n  roost sessions\n  roost sessions --json\n  roost sessions --evict alice",
)
@click.option("--evict", metavar="UID", help="End that user's session with all that runs in it; what is stored stays.")
@as_json
@reaching
def sessions(evict: str | None, as_json: bool, **where: Any) -> None:
    """List the users of a running host, with their terminals and memory; needs a token with the scope admin."""
    from urllib.parse import quote

    host = far(**where)
    if evict is not None:
        host.ask("DELETE", f"/api/v1/admin/sessions/{quote(evict, safe='')}")
        if as_json:
            show_json({"evicted": evict})
        else:
            click.echo(f"{evict}: the session has ended; the next message of theirs opens a new one")
        return
    found = host.ask("GET", "/api/v1/admin/sessions")
    if as_json:
        show_json(found)
        return
    rows = [
        (one["uid"], str(one["clients"]), str(len(one["terminals"])), str(one["processes"]), size(one["memoryBytes"]),
         "busy" if one["busy"] else f"idle {one['idleSeconds']:.0f} s")
        for one in found["sessions"]
    ]  # fmt: skip
    show_rows(("user", "clients", "terminals", "processes", "memory", "state"), rows, "nobody is here")


@click.command(
    short_help="Say what language models cost you.",
    epilog="\b\nExamples:\n  roost usage\n  roost usage --by task\n  roost usage --by day --from 2026-11-01 --json\n"
    "  roost usage --all",
)
@click.option("--by", type=click.Choice(["model", "task", "day", "month"]), default="model", show_default=True)
@click.option("--from", "since", metavar="DATE", help="The first day, as 2026-11-01.")
@click.option("--to", "until", metavar="DATE", help="The last day.")
@click.option("--all", "everybody", is_flag=True, help="What each user spent this month; needs the scope admin.")
@as_json
@reaching
def usage(by: str, since: str | None, until: str | None, everybody: bool, as_json: bool, **where: Any) -> None:
    """Say what language models cost you on a running host."""
    host = far(**where)
    if everybody:
        if since or until:
            raise click.UsageError("--all is about this month; leave out --from and --to.")
        found = host.ask("GET", "/api/v1/admin/usage")
        rows: list[tuple[str, ...]] = [(one["uid"], dollars(one["cost"])) for one in found["users"]]
        head: tuple[str, ...] = ("user", "cost")
    else:
        period = {"by": by, **({"from": since} if since else {}), **({"to": until} if until else {})}
        found = host.ask("GET", "/api/v1/usage", period)
        head = (by, "calls", "input", "output", "cost")
        rows = [_spent(one["key"] if by != "model" else one.get("model") or one["key"], one) for one in found["rows"]]
        if rows:
            rows.append(_spent("total", found | {"cost": found["totalCost"]}))
    if as_json:
        show_json(found)
    else:
        show_rows(head, rows, "nothing was spent")


def _spent(name: str, one: dict[str, Any]) -> tuple[str, ...]:
    return name, f"{one['calls']:,}", f"{one['inputTokens']:,}", f"{one['outputTokens']:,}", dollars(one["cost"])


def dollars(cost: float | None) -> str:
    """USD; a price that nobody knows is no zero."""
    return "?" if cost is None else f"${cost:,.4f}"


@click.command(
    short_help="Print what makes your shell complete `roost`.",
    epilog="\b\nExamples:\n  roost completion bash > ~/.local/share/bash-completion/completions/roost\n"
    "  roost completion zsh > ~/.zfunc/_roost\n  roost completion fish > ~/.config/fish/completions/roost.fish",
)
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print what makes SHELL complete `roost`'s commands and options."""
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    assert found is not None
    click.echo(found(context.find_root().command, {}, "roost", "_ROOST_COMPLETE").source())
