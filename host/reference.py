"""`docs/wire.md` and `docs/rest.md`, made from the host's own OpenRPC and OpenAPI documents, which validate, too.

`python -m host.reference` writes both; a test keeps them in step.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from host import api, extension_routes
from host.config import load
from host.loader import Loader
from host.methods import CONTRACT
from host.routes import Table, document
from host.wire_types import members_of, type_of

Json = dict[str, Any]

DOCS = Path(__file__).resolve().parent.parent / "docs"
MADE = (
    "*Made by `python -m host.reference` from the document that the host publishes itself; change the code, not this.*"
)

WIRE = """\
# The socket: `GET /ws`

{made}

JSON-RPC 2.0, one message a text frame, and in every message a member `uid` beside `jsonrpc` (for the single user it
may be left out). Parameters go by name; an unknown one, or one of another type, is refused. A client asks for all of
this with `rpc.discover`, which answers OpenRPC 1.3.

Who it is says `Authorization: Bearer <jwt>`, the cookie of `POST /login`, or a first message `session.authenticate`
within 10 s; where no authentication is configured, `/ws?uid=<uid>`. Methods work at once; events flow after
`session.open`, which with `after` goes on behind the last one seen.

The host sends `{{"method": "event", "params": {{"seq", "type", "data"}}}}` in one order for each user, and asks
clients `window.showMessage`, `window.showInputBox`, `window.showQuickPick`, `window.showOpenDialog`,
`window.showSaveDialog` and `env.openExternal` as requests, of which the first answer counts.
`$/cancelRequest {{id}}` cancels; `$/progress {{token, value}}` reports on a request that gave `progressToken`. Output
and input of terminals are binary frames: a byte for the kind (1 output, 2 input, 3 acknowledgement), four for the
channel, eight for the offset in the stream, both big-endian, then the bytes.

| close code | meaning |
|---|---|
| 4400, 4401, 4403 | the uid is none; no token, or a bad or ended one; the uid is not yours |
| 4408, 4429 | you read too slowly; too many connections |
| 1008, 1012 | ten unreadable messages in a row; the host is draining |
| 1009 | a frame over 16 MiB, or a message in more than 1,000 fragments |

## Errors

| code | meaning |
|---|---|
{errors}

## Methods

`name?` may be left out. A name with a capital is a type of the last section.

{methods}
## Types

```ts
{types}
```
"""

REST = """\
# HTTP

{made}

Errors are RFC 9457: `application/problem+json` with `title`, `status` and `detail`, a sentence that names field, rule
and way out. A resource of another user is 404. Where a token is wanted it comes as `Authorization: Bearer <jwt>` or
in the cookie of `POST /login`; where no authentication is configured, `?uid=` says who asks. A running host has the
same as `/openapi.json` (OpenAPI 3.1) and, to be read, as `/docs`.

`name?` may be left out; a name with a capital is a type of the last section.

{paths}
## Types

```ts
{types}
```
"""


def wire() -> str:
    """The page on the socket's methods."""
    found = CONTRACT.document("0")
    methods = sorted(found["methods"], key=lambda one: str(one["name"]))
    errors = "\n".join(f"| {one['code']} | {_cell(one['message'])} |" for one in methods[0]["errors"])
    shown = "\n".join(line for one in methods for line in _method(one))
    return WIRE.format(made=MADE, errors=errors, methods=shown, types=_types(found["components"]["schemas"]))


def _method(one: Json) -> Iterator[str]:
    params = {row["name"]: (row["schema"], row["required"]) for row in one["params"]}
    yield f"### `{one['name']}`\n"
    yield f"{one['summary']}\n"
    if params:
        yield f"- takes `{members_of(params)}`"
    yield f"- answers `{type_of(one['result']['schema'])}`\n"


def rest() -> str:
    """The page on HTTP, with the routes of the built-in extensions."""
    loader = Loader.of(load({"multi_user": True}, {}))
    loader.find()
    table = Table([*api.TABLE, *extension_routes.table(loader.installed.values(), api.TABLE)])
    found = document(table, "0", "")
    rows = [(path, verb, row) for path, verbs in found["paths"].items() for verb, row in verbs.items()]
    shown = "\n".join(line for path, verb, row in sorted(rows, key=_by_path) for line in _endpoint(path, verb, row))
    return REST.format(made=MADE, paths=shown, types=_types(found["components"]["schemas"]))


def _by_path(row: tuple[str, str, Json]) -> tuple[str, int]:
    return row[0], ("get", "post", "put", "delete").index(row[1])


def _endpoint(path: str, verb: str, row: Json) -> Iterator[str]:
    yield f"### `{verb.upper()} {path}`\n"
    yield f"{row['summary']}\n"
    query = {one["name"]: (one["schema"], one.get("required", False)) for one in _queries(row)}
    if query:
        yield f"- query `{members_of(query)}`"
    if "requestBody" in row:
        yield f"- body {_content(row['requestBody'])}"
    answers = (f"{status} {_content(one)}".strip() for status, one in row["responses"].items() if status != "default")
    yield f"- answers {', '.join(answers)}" + ("; asks nobody who they are" if row.get("security") == [] else "") + "\n"


def _queries(row: Json) -> Iterable[Json]:
    return [one for one in row.get("parameters", ()) if one["in"] == "query"]


def _content(holder: Json) -> str:
    """What a body is: a type of ours, else its media types."""
    kinds = holder.get("content", {})
    known = {kind: one["schema"] for kind, one in kinds.items() if kind.endswith("json") and one["schema"]}
    return " or ".join(f"`{type_of(known[kind])}`" if kind in known else f"`{kind}`" for kind in kinds)


def _types(schemas: Json) -> str:
    return "\n".join(f"type {name} = {type_of(schema)}" for name, schema in sorted(schemas.items()))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    for name, page in (("wire.md", wire()), ("rest.md", rest())):
        (DOCS / name).write_text(page)
