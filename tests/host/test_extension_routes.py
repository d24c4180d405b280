"""What routes of extensions take: by their schema, and without keeping others waiting."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import pytest

from host.extension_routes import checked
from sessions.errors import InvalidValue
from shim import schemas

pytestmark = pytest.mark.anyio


async def test_a_large_body_is_checked_beside_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[object] = []
    looked = schemas.mistake

    def noted(value: object, schema: Mapping[str, Any]) -> schemas.Mistake | None:
        threads.append(threading.current_thread())
        return looked(value, schema)

    monkeypatch.setattr(schemas, "mistake", noted)
    schema = {"type": "object", "properties": {"all": {"items": {"type": "integer"}}}}
    body = {"all": list(range(5_000))}
    assert await checked(schema, body) is body
    with pytest.raises(InvalidValue, match=r"all\[5000\]: must be of type integer"):
        await checked(schema, {"all": [*body["all"], "x"]})
    assert len(threads) == 2
    assert threading.current_thread() not in threads
