"""The endpoints that the page asks first: who I am here, and what the installed extensions contribute."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from host.routes import Asked, Body, Table, json

TABLE = Table()
endpoint = TABLE.endpoint


class Ceiling(Body):
    """What the operator lays down for agents: `security.*`, above the user's own settings; null is no rule."""

    allowed_commands: list[str] | None
    denied_commands: list[str]
    allowed_paths: list[str] | None
    denied_paths: list[str]


class Me(Body):
    uid: str
    scopes: list[str]
    expires: float | None
    multi_user: bool
    version: str
    ceiling: Ceiling


class Contribution(Body):
    id: str
    name: str
    version: str
    description: str | None
    disabled: bool
    contributes: dict[str, Any]


class Contributions(Body):
    extensions: list[Contribution]


@endpoint("GET", "/api/v1/me", answers={200: Me})
async def me(asked: Asked) -> Response:
    """Who asks: the uid, the scopes of the token, when it ends (seconds since 1970), and what agents may do at most."""
    assert asked.identity is not None
    user = asked.identity.user
    multi_user = asked.host.config.multi_user
    security = asked.host.config.security
    ceiling = {
        "allowedCommands": security.allowed_commands,
        "deniedCommands": security.denied_commands,
        "allowedPaths": security.file_access.allowed_paths,
        "deniedPaths": security.file_access.denied_paths,
    }
    more = {"multiUser": multi_user, "version": asked.host.version, "ceiling": ceiling}
    return json({"uid": asked.uid, "scopes": sorted(user.scopes), "expires": user.expires, **more})


@endpoint("GET", "/api/v1/extensions", answers={200: Contributions})
async def extensions(asked: Asked) -> Response:
    """The installed extensions, with what their manifests contribute: titles of commands, settings, views."""
    disabled = asked.host.watchdog.disabled
    listed = []
    for one in asked.host.loader.installed.values():
        package = one.package_json()
        listed.append(
            {
                "id": one.id,
                "name": package.get("displayName") or one.manifest.name,
                "version": one.manifest.version,
                "description": package.get("description"),
                "disabled": any(key.lower() == one.key and who in (None, asked.uid) for key, who in disabled),
                "contributes": package.get("contributes", {}),
            }
        )
    return json({"extensions": listed})
