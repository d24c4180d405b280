"""The endpoints of what was spent on language models: one's own, and for administrators everybody's and the budgets."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Iterable
from contextlib import suppress
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from host.allotments import EVERYBODY
from host.ledger import now, usd
from host.prices import cost_of
from host.routes import Asked, Body, Table, json
from sessions.context import SessionContext
from sessions.current import checked_uid
from sessions.models import Model, Usage
from sessions.usage import Book, Sum, day_of, month_of

TABLE = Table()
endpoint = TABLE.endpoint

ROWS = 5_000
"""How many rows one answer has at most, the newest."""


def _day(given: str) -> str:
    with suppress(ValueError):
        if date.fromisoformat(given).isoformat() == given:
            return given
    raise ValueError("must be a day such as 2026-11-01")


def _month(given: str) -> str:
    try:
        return _day(f"{given}-01")[:7]
    except ValueError:
        raise ValueError("must be a month such as 2026-11") from None


Day = Annotated[str, AfterValidator(_day), Field(json_schema_extra={"format": "date"})]
Amount = Annotated[float, Field(ge=0, lt=1e9, allow_inf_nan=False)]


class Period(Body):
    by: Literal["model", "day", "month", "task"] = "model"
    first: Annotated[Day | None, Field(alias="from")] = None
    last: Annotated[Day | None, Field(alias="to")] = None


class Row(Body):
    key: str
    model: str
    calls: int
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    cache_write_tokens: int
    thinking_tokens: int
    cache_hit_rate: float | None
    cost: float | None
    unpriced_calls: int


class Budget(Body):
    limit: float | None
    used: float
    held: float


class Storage(Body):
    bytes: int | None
    files: int | None
    limit: int | None


class Report(Body):
    currency: Literal["USD"]
    rows: list[Row]
    calls: int
    total_cost: float | None
    unpriced_calls: int
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    cache_hit_rate: float | None
    budgets: dict[str, Budget]
    storage: Storage
    storage_size: int | None


@endpoint("GET", "/api/v1/usage", query=Period, answers={200: Report})
async def usage(asked: Asked) -> Response:
    """What the caller's models took and cost by model, day, month or task, with budgets and storage. Days are UTC.

    A cost is null where no price is known; `unpricedCalls` are in the tokens and not in the cost. `from` and `to` are
    days, both counted; without them it is this month, and for tasks and months all that is kept.
    """
    async with asked.host.sessions.using(asked.uid) as session:
        sums = await _sums(Book(session.store), asked.query)
        storage = await _storage(session)
        budgets = await asked.host.ledger.status(session)
    return await asyncio.to_thread(_report, sums, budgets, storage)


def _report(sums: list[Sum], budgets: dict[str, Any], storage: dict[str, int | None]) -> Response:
    """Thousands of rows take longer than the loop has."""
    total = _row(_added("", "", sums))
    return json(
        {
            "currency": "USD",
            "rows": [_row(one) for one in sums],
            "totalCost": total.pop("cost"),
            **{name: total[name] for name in ("calls", "unpricedCalls", "inputTokens", "outputTokens")},
            **{name: total[name] for name in ("cachedTokens", "cacheHitRate")},
            "budgets": budgets,
            "storage": storage,
            "storageSize": storage["bytes"],
        }
    )


@endpoint("GET", "/api/v1/usage.csv", query=Period, answers={200: "text/csv"})
async def usage_csv(asked: Asked) -> Response:
    """The rows of `/api/v1/usage` as a table for a spreadsheet; an unknown cost is an empty cell."""
    async with asked.host.sessions.using(asked.uid) as session:
        sums = await _sums(Book(session.store), asked.query)
    headers = {"Content-Disposition": 'attachment; filename="usage.csv"'}
    return Response(await asyncio.to_thread(_csv, sums), 200, headers, "text/csv")


def _csv(sums: Iterable[Sum]) -> str:
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(field.alias or name for name, field in Row.model_fields.items())
    writer.writerows([_cell(value) for value in _row(one).values()] for one in sums)
    return table.getvalue()


def _cell(value: Any) -> Any:
    """A text that a spreadsheet would run as a formula is kept one."""
    return f"'{value}" if isinstance(value, str) and value[:1] in tuple("=+-@\t\r") else value


async def _sums(book: Book, period: Period) -> list[Sum]:
    if period.by == "task":
        if period.first or period.last:
            raise HTTPException(422, "from: is not for tasks, whose sums are kept as one; leave it out")
        return await book.tasks(ROWS)
    today = day_of(now())
    if period.by == "month":
        return await book.sums("month", (period.first or "")[:7], (period.last or today)[:7], ROWS)
    sums = await book.sums("day", period.first or f"{today[:7]}-01", period.last or today, ROWS)
    return sums if period.by == "day" else await asyncio.to_thread(_by_model, sums)


def _by_model(sums: Iterable[Sum]) -> list[Sum]:
    models: dict[tuple[str, str], list[Sum]] = {}
    for one in sums:
        models.setdefault((one.provider, one.model), []).append(one)
    added = [_added(*model, several) for model, several in models.items()]
    return sorted(added, key=lambda one: (-one.cost, one.provider, one.model))


def _added(provider: str, model: str, sums: Iterable[Sum]) -> Sum:
    whole = Sum("", provider, model, Usage(), 0, 0, 0, 0)
    for one in sums:
        whole = whole._replace(
            usage=whole.usage + one.usage,
            cost=whole.cost + one.cost,
            calls=whole.calls + one.calls,
            unpriced=whole.unpriced + one.unpriced,
        )
    return whole


def _row(one: Sum) -> dict[str, Any]:
    used, every_price_unknown = one.usage, one.calls > 0 and one.unpriced == one.calls
    model = f"{one.provider}/{one.model}" if one.provider else ""
    return {
        "key": one.key or model,
        "model": model,
        "calls": one.calls,
        "inputTokens": used.all_input,
        "outputTokens": used.output,
        "cachedTokens": used.cache_read,
        "cacheWriteTokens": used.cache_write,
        "thinkingTokens": used.thinking,
        "cacheHitRate": round(used.cache_read / used.all_input, 4) if used.all_input else None,
        "cost": None if every_price_unknown else usd(one.cost),
        "unpricedCalls": one.unpriced,
    }


async def _storage(session: SessionContext) -> dict[str, int | None]:
    """What the user's files take; not counted for the single user, whose files are the machine's."""
    limit = session.quotas.bytes
    if session.single_user and limit is None:
        return {"bytes": None, "files": None, "limit": None}
    size, files = await asyncio.to_thread(session.allowance.used)
    return {"bytes": size, "files": files, "limit": limit}


class Between(Body):
    first: Annotated[Day | None, Field(alias="from")] = None
    last: Annotated[Day | None, Field(alias="to")] = None


class Compared(Body):
    model: str
    cost: float | None
    without_cache: float | None
    savings: float | None


class Comparison(Body):
    currency: Literal["USD"]
    input_tokens: int
    output_tokens: int
    actual_cost: float | None
    models: list[Compared]


@endpoint("GET", "/api/v1/usage/comparison", query=Between, answers={200: Comparison})
async def comparison(asked: Asked) -> Response:
    """What the same tokens would have cost with each of the caller's models, the cheapest first, unknown ones last.

    `savings` is what the provider's cache saved of `withoutCache`. Models count tokens differently, so it is a
    comparison and no forecast.
    """
    query = asked.query
    async with asked.host.sessions.using(asked.uid) as session:
        sums = await _sums(Book(session.store), Period.model_validate({"from": query.first, "to": query.last}))
        models = [] if session.models is None else await session.models.models(session)
    return await asyncio.to_thread(_comparison, sums, models)


def _comparison(sums: Iterable[Sum], models: Iterable[Model]) -> Response:
    whole = _added("", "", sums)
    rows = [_compared(model, whole.usage) for model in models]
    rows.sort(key=lambda row: (row["cost"] is None, row["cost"], row["model"]))
    row = _row(whole)
    tokens = {name: row[name] for name in ("inputTokens", "outputTokens")}
    return json({"currency": "USD", **tokens, "actualCost": row["cost"], "models": rows})


def _compared(model: Model, used: Usage) -> dict[str, Any]:
    price = model.price
    if price is None:
        return {"model": model.id, "cost": None, "withoutCache": None, "savings": None}
    cost = cost_of(price, used)
    plain = cost_of(price, Usage(used.all_input, used.output))
    return {"model": model.id, "cost": usd(cost), "withoutCache": usd(plain), "savings": usd(plain - cost)}


# -- everybody's


class Month(Body):
    month: Annotated[str, AfterValidator(_month), Field(json_schema_extra={"pattern": r"^\d{4}-\d{2}$"})] | None = None


class Spender(Body):
    uid: str
    cost: float


class Everybody(Body):
    month: str
    host: Budget
    users: list[Spender]


class Ceilings(Body):
    task: Amount | None = None
    day: Amount | None = None
    month: Amount | None = None
    host: Amount | None = None


class Budgets(Body):
    uid: str
    set: dict[str, float | None]
    effective: dict[str, float | None]


@endpoint("GET", "/api/v1/admin/usage", query=Month, answers={200: Everybody})
async def everybodys_usage(asked: Asked) -> Response:
    """What each user spent in a month, the most first, and the host's own budget of this month; needs `admin`."""
    _refuse_others(asked)
    month = asked.query.month or month_of(now())
    spent = await asked.host.ledger.by_user(month)
    users = [{"uid": uid, "cost": cost} for uid, cost in sorted(spent.items(), key=lambda pair: -pair[1])]
    return json({"month": month, "host": await asked.host.ledger.host_status(), "users": users})


class Details(Body):
    uid: str
    currency: Literal["USD"]
    rows: list[Row]
    total_cost: float | None
    unpriced_calls: int


@endpoint("GET", "/api/v1/admin/usage/{uid}", query=Period, answers={200: Details})
async def anothers_usage(asked: Asked) -> Response:
    """What one user's models took and cost, as `/api/v1/usage` tells the user; needs `admin`. It wakes no session."""
    _refuse_others(asked)
    uid = checked_uid(asked.named("uid"))
    sums = await _sums(Book(asked.host.databases.store(uid)), asked.query)
    return await asyncio.to_thread(_details, uid, sums)


def _details(uid: str, sums: list[Sum]) -> Response:
    total = _row(_added("", "", sums))
    rows = [_row(one) for one in sums]
    more = {"totalCost": total["cost"], "unpricedCalls": total["unpricedCalls"]}
    return json({"uid": uid, "currency": "USD", "rows": rows, **more})


@endpoint("GET", "/api/v1/admin/budgets/{uid}", answers={200: Budgets})
async def read_budgets(asked: Asked) -> Response:
    """What was set for a user while the host ran, or with `*` for everybody, and what counts; needs `admin`."""
    return json(_budgets(asked, _whose(asked)))


@endpoint("PUT", "/api/v1/admin/budgets/{uid}", body=Ceilings, answers={200: Budgets})
async def write_budgets(asked: Asked) -> Response:
    """Set a user's budgets in USD, or everybody's with `*`, above the configuration's; needs `admin`.

    A budget that is left out is what the configuration says, null is no limit. It counts from the next call on, and
    tasks that waited for it go on by themselves.
    """
    uid = _whose(asked)
    said: Ceilings = asked.body
    if uid and "host" in said.model_fields_set:
        raise HTTPException(422, f"host: is everybody's together; set it at /api/v1/admin/budgets/{EVERYBODY}")
    limits = {name: getattr(said, name) for name in said.model_fields_set}
    await asked.host.ledger.set_limits(uid, limits, by=asked.caller)
    asked.host.tasks.start(asked.host.waker.budget_changed(uid or None), "wake who waits for money")
    return json(_budgets(asked, uid))


def _budgets(asked: Asked, uid: str) -> dict[str, Any]:
    ledger = asked.host.ledger
    return {"uid": uid or EVERYBODY, "set": ledger.set_by_admin(uid), "effective": ledger.operators(uid)}


def _whose(asked: Asked) -> str:
    _refuse_others(asked)
    uid = asked.named("uid")
    return "" if uid == EVERYBODY else checked_uid(uid)


def _refuse_others(asked: Asked) -> None:
    if not asked.is_admin:
        raise HTTPException(403, "this needs a token with the scope `admin`")
