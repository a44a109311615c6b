"""The whole API as it is described, against a running site: no answer that is not described."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from annul.api import v1
from annul.api.v1 import diagnosis, events
from annul.desk.feed import Change, Feed
from tests.support.desks import Api, make_desk, open_api
from tests.support.site import Site, open_site
from tests.support.soft import cashier

_CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
_EXAMPLES = 15
_MODES = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)


class _Brief(Feed):
    """A feed that is through at once, so that its stream ends."""

    async def changes(self) -> AsyncIterator[list[Change]]:
        yield []


@pytest.fixture
async def site(database: str, tmp_path: Path) -> AsyncIterator[Site]:
    async with open_site(database, tmp_path, void_time_scale=0.01) as opened:
        yield opened


@pytest.mark.timeout(600)  # each call of the API takes about a second
async def test_nothing_answers_but_as_described(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "_LASTS_S", 0.0)
    merchant, terminal, _ = site.terminals[0]
    with cashier(site.port, site.terminals[0]) as till:
        sales = [await till.take("sale", 10_000 + n) for n in range(30)]
        voided = await till.undo("void", sales[0])
        failed = await till.undo("void", sales[0])  # a case, refused
    ids = dict(await site.pool.fetch("SELECT rrn, id FROM transactions"))
    feed = _Brief(site.pool, site.running.ground.clock)
    desk = make_desk(site.pool, host=site.running.host, feed=feed)
    known = {
        "transaction": str(ids[sales[1].rrn]),
        "void": voided.rrn,
        "refund": voided.rrn,
        "number": failed.rrn,
        "merchant": merchant,
        "terminal": terminal,
        "issuer": "00000101",
        "rrn": [sale.rrn for sale in sales],
        "url": "http://127.0.0.1:9/annul",
        "request": diagnosis._REQUEST,
        "response": diagnosis._RESPONSE,
    }
    async with open_api(desk) as api:
        await asyncio.to_thread(_walk, api, await api.key(), known, v1.build(desk).openapi())
    await site.books_agree()


def _walk(api: Api, headers: dict[str, str], known: dict[str, Any], described: Any) -> None:
    schema: Any = schemathesis.openapi.from_dict(described)
    walked = 0
    for operation in schema.get_all_operations():
        for mode in _MODES:
            _try(api, headers, known, operation.ok(), mode)
        walked += 1
    assert walked == sum(len(operations) for operations in described["paths"].values())


def _try(
    api: Api, headers: dict[str, str], known: dict[str, Any], operation: Any, mode: Any
) -> None:
    every: Any = HealthCheck

    @settings(
        max_examples=_EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(every),
    )
    @given(case=operation.as_strategy(generation_mode=mode), data=st.data())
    def one(case: schemathesis.Case, data: st.DataObject) -> None:
        if data.draw(st.booleans()):
            _with_what_is_there(case, known, data)
        base = str(api.http.base_url).rstrip("/")
        case.call_and_validate(base_url=base, headers=headers, checks=_CHECKS, timeout=20)

    try:
        one()
    except Unsatisfiable:
        assert not operation.definition.raw.get("parameters"), (
            operation.label
        )  # nothing to be wrong
    except Exception as error:
        error.add_note(f"at {operation.label}, {mode}")
        raise


def _with_what_is_there(case: Any, known: dict[str, Any], data: st.DataObject) -> None:
    """Name what exists, so that calls reach further than `not found`."""
    for name in case.path_parameters or {}:
        if name in known:
            case.path_parameters[name] = known[name]
    if not isinstance(case.body, dict):
        return
    for name in ("merchant", "url", "request", "response"):
        if name in case.body:
            case.body[name] = known[name]
    if "original" in case.body:
        case.body["original"] = {"rrn": data.draw(st.sampled_from(known["rrn"]))}
