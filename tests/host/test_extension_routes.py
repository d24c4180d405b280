"""What routes of extensions take: by their schema, and without keeping others waiting."""

from __future__ import annotations

import threading

import pytest

from host.extension_routes import checked
from sessions.errors import InvalidValue

pytestmark = pytest.mark.anyio


async def test_a_large_body_is_checked_beside_the_loop(looks: list[threading.Thread]) -> None:
    schema = {"type": "object", "properties": {"all": {"items": {"type": "integer"}}}}
    body = {"all": list(range(5_000))}
    assert await checked(schema, body) is body
    with pytest.raises(InvalidValue, match=r"all\[5000\]: must be of type integer"):
        await checked(schema, {"all": [*body["all"], "x"]})
    assert len(looks) == 2
    assert threading.current_thread() not in looks
