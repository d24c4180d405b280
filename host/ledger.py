"""Who may spend what on language models, and what was spent. It asks no model, and prices come with the model."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from host import audit, spans
from host.prices import cost_of, dearest
from host.tables import Budgets
from host.totals import Limits, Totals
from host.wallet import Spending, Wallet
from sessions.budgets import BudgetListeners
from sessions.errors import QuotaExceeded, RoostError
from sessions.models import Model, Outcome, Request, Usage
from sessions.store import Store
from sessions.usage import NANOS, Book, Call, Hold, day_of, month_of

if TYPE_CHECKING:
    from opentelemetry.trace import Span

    from host.config import Config
    from sessions.context import SessionContext

log = logging.getLogger("roost.host")

WARNINGS = (80, 90)
"""Of how many per cent of a budget its user is told."""

AT_ONCE = 16
"""How many users' files are read at once when a host starts after a kill."""

DEMO = "demo"
OTHER = "other"
"""How metrics call every provider that is not in the configuration, as users and extensions name theirs freely."""


def now() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


class Limit(NamedTuple):
    """One budget of one call: in billionths of a USD, and whether the user set it."""

    name: str
    amount: int
    own: bool


class Counts:
    """What metrics show of all calls since the start; none is counted by user."""

    __slots__ = ("calls", "cost", "refused", "tokens", "unpriced")

    def __init__(self) -> None:
        self.calls: Counter[tuple[str, str]] = Counter()
        """By provider and outcome."""
        self.tokens: Counter[tuple[str, str]] = Counter()
        """By provider and kind of token."""
        self.refused: Counter[str] = Counter()
        """By budget."""
        self.cost = 0
        self.unpriced = 0

    def add(self, provider: str, call: Call) -> None:
        """Count a call that has ended."""
        self.calls[provider, call.outcome] += 1
        for kind in Usage.__slots__:
            self.tokens[provider, kind] += getattr(call.usage, kind)
        self.cost += call.cost or 0
        self.unpriced += call.cost is None


class Ledger:
    """The host's `sessions.models.Ledger`.

    A call's worst case is held back, durably, before it begins, in the budgets of its task, its user's day and month
    (UTC) and the host's month; what it took replaces that when it ends. Held and spent together never pass a budget, so
    money is overspent only by what a provider takes beyond the worst case that it was asked for.
    """

    def __init__(
        self, config: Config, own: Store, store_of: Callable[[str], Store], clock: Callable[[], int] = now
    ) -> None:
        self.counts = Counts()
        self._clock = clock
        self._config = config
        self._store_of = store_of
        self._totals = Totals(own)
        self._set: dict[str, Limits] = {}
        self._months: dict[str, Spending] = {}
        self._alive: set[str] = set()
        """The holds of calls that run."""
        self._lacks = False
        """Whether anybody was refused, or waits, for want of the host's money."""
        self._freed = False
        self._reading = asyncio.Lock()

    def __len__(self) -> int:
        return len(self._alive)

    async def begin(self) -> None:
        """Before anybody calls: settle what a kill cut off, and add up what was spent."""
        self._set = await self._totals.limits()
        slots = asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as group:
            for uid in await self._totals.open_users():
                group.create_task(self._reconcile(uid, slots))
        await self._host_spending(month_of(self._clock()))

    async def _reconcile(self, uid: str, slots: asyncio.Semaphore) -> None:
        async with slots:
            store = self._store_of(uid)
            book = Book(store)
            try:
                lost = await book.recover()
                for month in {month_of(self._clock()), *(month_of(call.time) for call in lost)}:
                    await self._totals.put(month, uid, await book.spent("month", month))
                await self._totals.closed(uid)
            except RoostError as error:  # their own file's trouble: they are told when they come, all others work
                log.warning("what a user spent before the host was killed cannot be read: %s", error)
                return
            if lost:
                log.warning("calls of models were cut off by a kill and count in full", extra={"calls": len(lost)})

    # -- a call

    async def reserve(self, session: SessionContext, request: Request, model: Model, worst: Usage) -> Reservation:
        """Set aside the worst case of a call, durably. Raises `QuotaExceeded` such as `budgets.day`, `StoreError`."""
        begun = self._clock()
        cost = None if model.price is None else dearest(model.price, worst)
        hold = Hold(secrets.token_hex(12), begun, request.task, model.vendor, model.own_name, worst, cost)
        total = await self._host_spending(month_of(begun))
        wallet = session.get(Wallet)
        spendings = await wallet.spendings(begun, request.task, self._totals, self._alive)
        spendings["host"] = total
        self._check(session, spendings, hold)
        reservation = Reservation(self, wallet, hold, model, spendings)  # from the check to here nobody waits
        try:
            await wallet.book.hold(hold)
        except BaseException:
            reservation.drop()
            raise
        reservation.span = spans.begin(model, request)
        return reservation

    def _check(self, session: SessionContext, spendings: Mapping[str, Spending], hold: Hold) -> None:
        if hold.cost == 0:
            return
        try:
            for limit in self._limits(session, spendings):
                _check_one(limit, spendings[limit.name], hold, self._config.budgets)
        except QuotaExceeded as error:
            self.counts.refused[error.quota] += 1
            self._lacks = self._lacks or error.quota == "budgets.host"
            raise

    async def _host_spending(self, month: str) -> Spending:
        """The month of all users together."""
        found = self._months.get(month)
        if found is None:
            async with self._reading:
                if month not in self._months:
                    self._months[month] = Spending(await self._totals.spent(month))
                    for old in sorted(self._months)[:-2]:
                        del self._months[old]
                found = self._months[month]
        return found

    # -- budgets

    def _limits(self, session: SessionContext, names: Mapping[str, object]) -> Iterator[Limit]:
        """The budgets that a call is under: the operator's, and the user's own where that is less."""
        given = self.operators(session.uid)
        for name in names:
            theirs = None if name == "host" else _own(session, name)
            amounts = [(amount, own) for amount, own in ((given[name], False), (theirs, True)) if amount is not None]
            if amounts:
                amount, own = min(amounts)
                yield Limit(name, round(amount * NANOS), own)

    def operators(self, uid: str) -> dict[str, float | None]:
        """The operator's budgets for a user in USD, None: no limit.

        What an administrator set for them while the host ran, else the configuration's `users.<uid>.budgets`, else
        what was set for everybody, else the configuration's `budgets`.
        """
        budgets = self._config.budgets
        limits: Limits = {name: getattr(budgets, name) for name in ("task", "day", "month", "host")}
        limits |= self._set.get("", {})
        person = self._config.users.get(uid)
        if person is not None:
            limits |= {name: getattr(person.budgets, name) for name in person.budgets.model_fields_set}
        return limits | self._set.get(uid, {})

    async def set_limits(self, uid: str, limits: Limits, by: str = "") -> None:
        """What an administrator says while the host runs, for a user or, under '', for everybody; durable, with who."""
        deed = audit.deed(by, "budgets", uid or "*", self.set_by_admin(uid), limits)
        await self._totals.set_limits(uid, limits, deed)
        self._set[uid] = limits

    def set_by_admin(self, uid: str) -> Limits:
        """What an administrator said of a user, or under '' of everybody."""
        return self._set.get(uid, {})

    # -- what is told

    async def status(self, session: SessionContext, task: str | None = None) -> dict[str, dict[str, float | None]]:
        """The user's budgets by name, of a task only where it is given: `{limit, used, held}` in USD."""
        spendings = await session.get(Wallet).spendings(self._clock(), task, self._totals, self._alive)
        limits = {limit.name: usd(limit.amount) for limit in self._limits(session, spendings)}
        return {
            name: {"limit": limits.get(name), "used": usd(one.spent), "held": usd(one.held)}
            for name, one in spendings.items()
        }

    async def room(self, session: SessionContext, budget: str, task: str | None) -> float | None:
        """USD that a budget such as `budgets.day` leaves for the user's next call, of that task; None: no limit."""
        begun, name = self._clock(), budget.removeprefix("budgets.")
        self._lacks = self._lacks or name == "host"
        spendings = await session.get(Wallet).spendings(begun, task, self._totals, self._alive)
        spendings["host"] = await self._host_spending(month_of(begun))
        limit = next((one for one in self._limits(session, spendings) if one.name == name), None)
        return None if limit is None else usd(limit.amount - spendings[name].used)

    @property
    def today(self) -> str:
        """The day (UTC) whose budgets count now."""
        return day_of(self._clock())

    async def host_status(self) -> dict[str, float | None]:
        """The host's month: `{limit, used, held}` in USD."""
        total = await self._host_spending(month_of(self._clock()))
        return {"limit": self.operators("")["host"], "used": usd(total.spent), "held": usd(total.held)}

    async def by_user(self, month: str) -> dict[str, float]:
        """What each user spent in a month, in USD."""
        return {uid: usd(spent) for uid, spent in (await self._totals.by_user(month)).items()}

    def ended(self, reservation: Reservation, call: Call, before: Mapping[str, int]) -> None:
        """A call is settled and durable: the host's row, metrics, and what the user is told."""
        session = reservation.wallet.session
        month = reservation.spendings["month"]
        known = call.provider in self._config.ai_providers or call.provider == DEMO
        self.counts.add(call.provider if known else OTHER, call)
        with suppress(RoostError):  # the session or the host is ending: the start after a kill reads it again
            self._totals.put(month_of(call.time), session.uid, month.spent)
            session.mailbox.post("usage.onDidChange", _told(call, reservation))
            for limit in self._limits(session, reservation.spendings):
                self._warn(session, limit, before[limit.name], reservation.spendings[limit.name].spent)

    def _warn(self, session: SessionContext, limit: Limit, before: int, after: int) -> None:
        passed = [part for part in WARNINGS if before * 100 < limit.amount * part <= after * 100]
        if not passed:
            return
        if limit.name == "host":
            log.warning("the host's budget of this month is used to %d %%", passed[-1])
            return
        data = {
            "budget": f"budgets.{limit.name}",
            "percent": passed[-1],
            "limit": usd(limit.amount),
            "used": usd(after),
        }
        session.mailbox.post("usage.onDidNearBudget", data, durable=True)

    def freed(self) -> None:
        """A call took less than was held back for it, in the host's budget, too."""
        self._freed = self._lacks

    def take_freed(self) -> bool:
        """Whether money became free since this was last asked that users may wait for who did not free it."""
        freed, self._freed = self._freed, False
        self._lacks = self._lacks and not freed
        return freed

    def alive(self, hold: str) -> None:
        """A call has begun."""
        self._alive.add(hold)

    def dead(self, hold: str) -> None:
        """A call has ended."""
        self._alive.discard(hold)


class Reservation:
    """One call's part of the budgets, from its hold to its end."""

    __slots__ = ("_ledger", "_model", "_settled", "hold", "span", "spendings", "wallet")

    def __init__(
        self, ledger: Ledger, wallet: Wallet, hold: Hold, model: Model, spendings: Mapping[str, Spending]
    ) -> None:
        self.wallet = wallet
        self.hold = hold
        self.spendings = spendings
        self.span: Span | None = None
        self._ledger = ledger
        self._model = model
        self._settled = False
        ledger.alive(hold.id)
        for spending in spendings.values():
            spending.held += hold.cost or 0

    def drop(self) -> None:
        """The call does not begin: nothing of it counts."""
        self._release(0)
        with suppress(RoostError):  # what cannot be forgotten counts in full when the session is next opened
            self.wallet.book.drop(self.hold.id)
        self._ledger.dead(self.hold.id)

    async def settle(self, usage: Usage | None, outcome: Outcome) -> float | None:
        """Count what was used, durably, and release the rest; the cost in USD, None where the price is unknown.

        Where nothing is known of a call, one that failed took nothing, and any other all that was held back for it.
        """
        if self._settled:
            raise RuntimeError("a reservation is settled once")
        self._settled = True
        call = self._call(usage, outcome)
        spans.end(self.span, call)
        before = {name: one.spent for name, one in self.spendings.items()}
        self._release(call.cost or 0)
        try:
            written = self.wallet.book.settle(call, self.hold.id)
        except RoostError as error:  # the session is gone: the hold stays in the store and counts in full
            log.warning("what a call of a model took could not be kept: %s", error)
            self._ledger.dead(self.hold.id)
        else:
            written.add_done_callback(partial(self._written, call, before))
            await asyncio.wait([written])
        return None if call.cost is None else usd(call.cost)

    def _call(self, usage: Usage | None, outcome: Outcome) -> Call:
        if usage is None:
            usage = Usage() if outcome == "failed" else self.hold.worst
        price = self._model.price
        cost = None if price is None else cost_of(price, usage)
        hold = self.hold
        return Call(hold.time, hold.task, hold.provider, hold.model, usage, cost, outcome)

    def _release(self, cost: int) -> None:
        for spending in self.spendings.values():
            spending.settle(self.hold.cost or 0, cost)
        budgets = self.wallet.session.peek(BudgetListeners)
        if cost < (self.hold.cost or 0):
            self._ledger.freed()
            if budgets is not None:
                budgets.changed()

    def _written(self, call: Call, before: Mapping[str, int], written: asyncio.Future[None]) -> None:
        self._ledger.dead(self.hold.id)
        if not written.cancelled() and written.exception() is None:
            self._ledger.ended(self, call, before)


def _check_one(limit: Limit, spending: Spending, hold: Hold, budgets: Budgets) -> None:
    quota, amount, used = f"budgets.{limit.name}", usd(limit.amount), usd(spending.used)
    if hold.cost is None:
        if budgets.unpriced == "allow":
            return
        rule = f"what {hold.model} costs is not known: the operator can give its price in"
        raise QuotaExceeded(quota, amount, used, f"{rule} ai_providers.{hold.provider}.prices, or allow it")
    if spending.used + hold.cost > limit.amount:
        needed = f"this call may cost up to {usd(hold.cost):.4g} USD: ask for a shorter answer"
        way_out = f"{needed}, {_way_out(limit, hold)}"
        raise QuotaExceeded(quota, amount, used, way_out, needed=usd(hold.cost))


def _way_out(limit: Limit, hold: Hold) -> str:
    waiting = {
        "day": f"wait for the end of {day_of(hold.time)} (UTC), ",
        "month": f"wait for the end of {month_of(hold.time)} (UTC), ",
        "host": f"wait for the end of {month_of(hold.time)} (UTC), ",
        "task": "begin a new task, ",
    }[limit.name]
    whose = f"or raise budgets.{limit.name} in your settings" if limit.own else "or have the operator raise it"
    return waiting + whose


def _own(session: SessionContext, name: str) -> float | None:
    """The user's own budget, from their settings; what is no amount counts as none."""
    value = session.settings.get(f"budgets.{name}")
    is_amount = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e9
    return float(value) if is_amount else None


def _told(call: Call, reservation: Reservation) -> dict[str, object]:
    usage = {name: getattr(call.usage, name) for name in ("input", "output", "thinking")}
    usage |= {"cacheRead": call.usage.cache_read, "cacheWrite": call.usage.cache_write}
    return {
        "task": call.task,
        "model": f"{call.provider}/{call.model}",
        "usage": usage,
        "cost": None if call.cost is None else usd(call.cost),
        "outcome": call.outcome,
        "used": {name: usd(one.spent) for name, one in reservation.spendings.items() if name != "host"},
    }


def usd(nanos: int) -> float:
    """Billionths of a USD as USD."""
    return nanos / NANOS
