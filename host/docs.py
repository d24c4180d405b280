"""The reference as one page for people: no script, nothing fetched, made from the two published documents."""

from __future__ import annotations

from html import escape
from typing import Any

import orjson

POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
"""The page is one text with its style in it."""

STYLE = """
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 18%, transparent) }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 2rem 1rem }
h1 { font-size: 1.6rem } h2 { margin-top: 2.5rem } h3 { font: 600 1rem ui-monospace, monospace; margin: 0 }
section { border: 1px solid var(--line); border-radius: 8px; padding: .75rem 1rem; margin: .75rem 0 }
section p { margin: .25rem 0 } table { border-collapse: collapse; width: 100% } code { font-size: .9em }
td, th { text-align: left; vertical-align: top; padding: .2rem .8rem .2rem 0; border-top: 1px solid var(--line) }
.verb { display: inline-block; min-width: 3.5em; color: #0a7d4b } pre { overflow: auto; margin: .25rem 0 }
"""


def page(openapi: dict[str, Any], openrpc: dict[str, Any]) -> str:
    """Both references as HTML."""
    version = escape(openapi["info"]["version"])
    endpoints = "".join(
        _endpoint(verb, path, row) for path, rows in openapi["paths"].items() for verb, row in rows.items()
    )
    methods = "".join(_method(one) for one in openrpc["methods"])
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Roost {version}: reference</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style>'
        f"<h1>Roost {version}: reference</h1>"
        '<p>For programs: <a href="openapi.json">openapi.json</a> (OpenAPI 3.1), and <code>rpc.discover</code> on the'
        " socket (OpenRPC).</p>"
        f"<h2>HTTP</h2>{endpoints}<h2>The socket: <code>/ws</code></h2>"
        "<p>JSON-RPC 2.0, one message a text frame, every message with a top-level <code>uid</code>.</p>"
        f"{methods}</html>"
    )


def _endpoint(verb: str, path: str, row: dict[str, Any]) -> str:
    parameters = _parameters(row.get("parameters", ()))
    answers = ", ".join(f"{status} {escape(one['description'])}" for status, one in row["responses"].items())
    title = f'<h3><span class="verb">{verb.upper()}</span> {escape(path)}</h3>'
    return f"<section>{title}<p>{escape(row['summary'])}</p>{parameters}<p><small>{answers}</small></p></section>"


def _method(one: dict[str, Any]) -> str:
    result = escape(orjson.dumps(one["result"]["schema"]).decode())
    return (
        f"<section><h3>{escape(one['name'])}</h3><p>{escape(one['summary'])}</p>{_parameters(one['params'])}"
        f"<p><small>Result</small></p><pre><code>{result}</code></pre></section>"
    )


def _parameters(rows: Any) -> str:
    if not rows:
        return ""
    lines = "".join(
        f"<tr><td><code>{escape(row['name'])}</code>{'' if row.get('required') else '?'}</td>"
        f"<td><code>{escape(orjson.dumps(row['schema']).decode())}</code></td></tr>"
        for row in rows
    )
    return f"<table>{lines}</table>"
