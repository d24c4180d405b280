"""How much users may have: the configuration, and above it what an administrator set while the host ran."""

from __future__ import annotations

import orjson

from host import audit
from host.config import Config
from host.totals import DELETE, GET, PUT
from sessions.quotas import Quotas
from sessions.store import Store

EVERYBODY = "*"

Set = dict[str, int | None]
"""Limits by their names in the configuration, as far as they are said; None is no limit."""


class Allotments:
    """What counts for a user: what was set for them, else `users.<uid>.quotas`, else what was set for everybody,
    else `quotas`. `'*'` is everybody."""

    __slots__ = ("_config", "_set", "_store")

    def __init__(self, config: Config, store: Store) -> None:
        self._config = config
        self._store = store
        self._set: dict[str, Set] = {}

    async def begin(self) -> None:
        """Read what was set when the host ran before."""
        self._set = {uid: orjson.loads(held) for uid, held in await self._store.read(GET, ("quotas", ""))}

    def of(self, uid: str) -> Quotas:
        """A user's limits; those of somebody of whom nothing is said are everybody's."""
        given: Set = self._config.quotas_of(EVERYBODY).model_dump() | self._set.get(EVERYBODY, {})
        person = self._config.users.get(uid)
        if person is not None:
            given |= {name: getattr(person.quotas, name) for name in person.quotas.model_fields_set}
        return Quotas(**(given | self._set.get(uid, {})))

    def set_by_admin(self, uid: str) -> Set:
        """What an administrator said of a user, or of everybody."""
        return self._set.get(uid, {})

    async def set(self, uid: str, limits: Set, by: str) -> None:
        """What an administrator says now; durable, with who said it. Nothing said is what the configuration says."""
        row = (PUT, ("quotas", "", uid, orjson.dumps(limits))) if limits else (DELETE, ("quotas", "", uid))
        await self._store.write_all([row, *audit.deed(by, "quotas", uid, self.set_by_admin(uid), limits)])
        self._set[uid] = limits
