"""How commands print: rows as a table where somebody looks, in plain columns elsewhere, or JSON."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click


def show_json(value: Any) -> None:
    """One JSON document."""
    import json

    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def show_rows(head: Sequence[str], rows: Sequence[Sequence[str]], empty: str) -> None:
    """A table, or the sentence `empty` where there is nothing."""
    if not rows:
        click.echo(empty)
    elif sys.stdout.isatty():
        _rich(head, rows)
    else:
        widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
        for line in (head, *rows):
            click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _rich(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*head, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*map(Text, row))
    Console(highlight=False).print(table)


def size(count: float) -> str:
    """Bytes as people read them."""
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"
