"""Lists by cursor, filters, ETags, and shops that know nothing of each other."""

import re
from datetime import timedelta
from uuid import uuid4

import asyncpg

from annul.desk import transactions as views
from annul.desk.roles import Scope
from annul.store.sql import Statement
from tests.support.desks import Api
from tests.support.rows import put_transaction
from tests.support.shops import NOW, SALES, Shop

from .conftest import happen

Shops = tuple[Shop, Shop]


async def _pages(api: Api, headers: dict[str, str], path: str, **query: object) -> list[list[dict]]:
    pages: list[list[dict]] = []
    cursor = ""
    while True:
        page = await api.get(path, headers, cursor=cursor, **query)
        pages.append(page["items"])
        cursor = page["next_cursor"]
        if not cursor:
            return pages


async def test_transactions_come_in_pages_the_latest_first(
    api: Api, shops: Shops, pool: asyncpg.Pool
) -> None:
    headers = await api.key()
    first = await api.get("/transactions", headers, limit=3)
    # What comes meanwhile is not seen twice, and nothing is left out.
    await put_transaction(pool, 900, received_at=NOW, merchant_id=shops[0].merchant)
    rest = await _pages(api, headers, "/transactions", limit=3)
    follows = await _pages(api, headers, "/transactions", limit=200)
    ids = [one["id"] for page in rest for one in page]
    assert ids == [one["id"] for one in follows[0]]
    assert len(set(ids)) == 2 * (SALES + 1) + 1
    times = [one["received_at"] for one in follows[0]]
    assert times == sorted(times, reverse=True)
    second = await api.get("/transactions", headers, limit=3, cursor=first["next_cursor"])
    assert [one["id"] for one in second["items"]] == ids[4:7]


async def test_transactions_are_found_by_what_is_known(api: Api) -> None:
    headers = await api.key(Scope.TRANSACTIONS_READ)
    for query, count in (
        ({"rrn": "300000000001"}, 1),
        ({"trace": "1"}, 1),
        ({"trace": "000102", "terminal": "10000004"}, 1),
        ({"kind": "void"}, 2),
        ({"state": "declined"}, 2),
        ({"last4": "0007"}, 2 * (SALES + 1)),
        ({"last4": "0008"}, 0),
        ({"amount": 10_003}, 2),
        ({"from": (NOW - timedelta(minutes=3)).isoformat()}, 2),
        ({"to": (NOW - timedelta(minutes=29)).isoformat()}, 2),
        ({"from": NOW.isoformat()}, 0),
    ):
        found = (await api.get("/transactions", headers, **query))["items"]
        assert len(found) == count, query


async def test_a_chain_has_all_that_belongs_to_a_sale(api: Api, shops: Shops) -> None:
    shop, headers = shops[0], await api.key()
    for asked in (shop.sales[0], shop.void):
        chain = await api.get(f"/transactions/{asked.id}", headers)
        assert chain["transaction"]["id"] == str(asked.id)
        assert chain["original"]["id"] == str(shop.sales[0].id)
        assert [one["id"] for one in chain["attempts"]] == [str(shop.void.id)]
        assert [one["amount"] for one in chain["entries"]] == [10_000]
        assert [one["origin"] for one in chain["attempts"]] == ["terminal"]
        assert chain["case"] == shop.case.number
    alone = await api.get(f"/transactions/{shop.sales[1].id}", headers)
    assert (alone["attempts"], alone["entries"], alone["case"]) == ([], [], "")


async def test_a_cursor_of_ones_own_is_refused(api: Api) -> None:
    headers = await api.key()
    for cursor in (
        "x",
        "WzEsMl0",
        "bnVsbA",
        "WyIyMDI2LTAxLTAxIiwgIngiXQ",
        "W1tdLFtdXQ",
        "WyIyMDI2LTAxLTAxVDAwOjAwOjAwIiwgNV0",
        "WyI5OTk5LTEyLTMxVDIzOjU5OjU5LTIzOjU5IiwgIngiXQ",
    ):
        for path in ("/transactions", "/cases"):
            answer = await api.http.get(path, headers=headers, params={"cursor": cursor})
            assert (answer.status_code, answer.json()["code"]) == (422, "access.cursor"), cursor


async def test_what_is_asked_wrongly_is_named_but_never_repeated(api: Api) -> None:
    headers = await api.key()
    pan = "6200010000000007"
    for path, query in (
        ("/transactions", {"last4": pan}),
        ("/transactions", {"limit": 201}),
        ("/transactions", {"from": "2026-01-01"}),
        ("/transactions", {"rrn": "3\x000000000001"}),
        ("/transactions", {"from": "0001-01-01T00:00:00+23:59"}),
        ("/cases", {"state": pan}),
        (f"/transactions/{pan}", {}),
    ):
        answer = await api.http.get(path, headers=headers, params=query)
        assert (answer.status_code, answer.json()["code"]) == (422, "http.invalid"), path
        assert answer.headers["content-type"] == "application/problem+json"
        assert pan not in answer.text


async def test_shops_know_nothing_of_each_other(api: Api, shops: Shops) -> None:
    mine, theirs = shops
    headers = await api.key(merchant=mine.merchant)
    for path in (
        f"/transactions/{theirs.sales[0].id}",
        f"/voids/{theirs.void.id}",
        f"/voids/{theirs.void.rrn}",
        f"/refunds/{theirs.void.id}",
        f"/cases/{theirs.case.number}",
        f"/cases/{theirs.case.id}",
        f"/cases/{theirs.case.number}/proof",
        f"/cases/{theirs.case.number}/proof.pdf",
        f"/diagnosis/{theirs.void.id}",
        f"/diagnosis/{theirs.void.rrn}",
        f"/merchants/{theirs.merchant}",
        f"/merchants/{theirs.merchant}/terminals",
        f"/merchants/{theirs.merchant}/days",
        f"/merchants/{theirs.merchant}/terms",
        f"/merchants/{theirs.merchant}/cut-overs",
        f"/merchants/{theirs.merchant}/fees",
    ):
        answer = await api.http.get(path, headers=headers)
        assert answer.status_code == 404, path
        assert theirs.merchant not in answer.text or theirs.merchant in path
        there = path.replace(str(theirs.void.id), str(mine.void.id))
        assert there == path or (await api.http.get(there, headers=headers)).status_code != 500
    act = {"action": "note", "reason": "curious"}
    answer = await api.http.post(f"/cases/{theirs.case.number}/acts", headers=headers, json=act)
    assert answer.status_code == 404
    change = {"retry_voids": False, "reason": "envy"}
    answer = await api.http.patch(f"/merchants/{theirs.merchant}", headers=headers, json=change)
    assert answer.status_code == 404
    for path in ("/transactions", "/cases", "/merchants"):
        for query in ({}, {"merchant": theirs.merchant}, {"search": theirs.terminal}):
            answer = await api.http.get(path, headers=headers, params=query)
            assert answer.status_code == 200
            assert theirs.merchant not in answer.text
    assert (await api.get("/promise", headers))["cases"] == 1
    assert (await api.get("/promise", await api.key()))["cases"] == 2


async def test_what_it_costs_is_not_told_to_who_is_bound_to_a_merchant(
    api: Api, shops: Shops
) -> None:
    mine = f"/merchants/{shops[0].merchant}"
    ours, theirs = await api.key(), await api.key(merchant=shops[0].merchant)
    (line, *_) = (await api.get(f"{mine}/fees", ours, amount=10_000))["items"]
    assert line["costs"]["issuer"]["rate_ppm"] == 3_500
    assert (line["sample"]["cost"], line["sample"]["margin"]) == (38, 12)
    (line, *_) = (await api.get(f"{mine}/fees", theirs, amount=10_000))["items"]
    assert (line["rate_ppm"], line["sample"]["fee"]) == (5_000, 50)
    assert (line["costs"], line["sample"]["cost"], line["sample"]["margin"]) == (None, None, None)
    days = "first=2026-01-01&last=2026-01-02&card_type=debit&rate_ppm=4000"
    for path in (f"{mine}/margin?month=2026-01", f"{mine}/fees/difference?{days}"):
        assert (await api.http.get(path, headers=ours)).status_code != 403
        assert (await api.http.get(path, headers=theirs)).status_code == 403


async def test_what_is_polled_has_a_tag(api: Api, shops: Shops) -> None:
    shop, headers = shops[0], await api.key()
    for path in (
        f"/transactions/{shop.sales[0].id}",
        f"/voids/{shop.void.id}",
        f"/cases/{shop.case.number}",
        "/promise",
    ):
        first = await api.http.get(path, headers=headers)
        tag = first.headers["etag"]
        for known in (tag, f'"other", W/{tag}', "*"):
            again = await api.http.get(path, headers=headers | {"if-none-match": known})
            assert (again.status_code, again.content) == (304, b""), path
            assert again.headers["etag"] == tag
        other = await api.http.get(path, headers=headers | {"if-none-match": '"other"'})
        assert (other.status_code, other.content) == (200, first.content)
    path = f"/cases/{shop.case.number}"
    tag = (await api.http.get(path, headers=headers)).headers["etag"]
    await happen(api.desk.book, shop.case, "retry")
    changed = await api.http.get(path, headers=headers | {"if-none-match": tag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag


async def test_a_void_stands_as_its_case_does(api: Api, shops: Shops, pool: asyncpg.Pool) -> None:
    shop, headers = shops[0], await api.key(Scope.TRANSACTIONS_READ)
    void = await api.get(f"/voids/{shop.void.rrn}", headers)
    assert (void["state"], void["case"]) == ("pending", shop.case.number)
    assert void["money"]["zh"]
    await pool.execute(
        "UPDATE cases SET ended = 'refused', ended_at = now(), cause = 'card_problem'"
        " WHERE number = $1",
        shop.case.number,
    )
    void = await api.get(f"/voids/{shop.void.rrn}", headers, wait=60)
    assert (void["state"], void["cause"]) == ("refused", "card_problem")
    assert void["next_step"]["en"]
    for nothing in (uuid4(), "999999999999", shop.sales[0].id, shop.sales[0].rrn):
        assert (await api.http.get(f"/voids/{nothing}", headers=headers)).status_code == 404


async def test_a_void_of_an_earlier_case_is_not_taken_for_ended(
    api: Api, shops: Shops, pool: asyncpg.Pool
) -> None:
    shop, headers = shops[0], await api.key(Scope.TRANSACTIONS_READ)
    await pool.execute("UPDATE cases SET ended = 'refused', ended_at = $1", NOW)
    later = await put_transaction(
        pool,
        950,
        kind="void",
        state="declined",
        original_id=shop.sales[0].id,
        merchant_id=shop.merchant,
        received_at=NOW + timedelta(seconds=1),
        origin="program",
    )
    void = await api.get(f"/voids/{later.id}", headers)
    assert (void["state"], void["case"]) == ("pending", "")


async def test_waiting_ends_when_the_time_is_over(api: Api, shops: Shops) -> None:
    headers = await api.key(Scope.TRANSACTIONS_READ)
    began = api.desk.clock.monotonic()
    void = await api.get(f"/voids/{shops[0].void.id}", headers, wait=1.2)
    assert void["state"] == "pending"
    assert 1.1 < api.desk.clock.monotonic() - began < 5


async def test_no_answer_has_a_card(api: Api, shops: Shops) -> None:
    shop, headers = shops[0], await api.key()
    for path in (
        "/transactions",
        f"/transactions/{shop.void.id}",
        f"/voids/{shop.void.id}",
        "/cases",
        f"/cases/{shop.case.number}",
        f"/diagnosis/{shop.void.id}",
    ):
        text = (await api.http.get(path, headers=headers)).text
        assert not re.search(r"card_(hash|cipher)|\b62\d{14}\b", text), path


async def test_what_is_usually_looked_for_goes_by_index(pool: asyncpg.Pool) -> None:
    """Planned for any values, as the embedded database does."""
    await pool.execute(
        "INSERT INTO transactions (merchant_id, id, kind, state, sent, node, terminal_id, batch,"
        " trace, business_date, amount, currency, card_hash, card_masked, card_cipher, card_type,"
        " entry_mode, condition, issuer_id, rrn, received_at)"
        " SELECT 'm', gen_random_uuid(), 'sale', 'approved', 'answered', 0, n % 50, '000001',"
        " lpad(n::text, 6, '0'), now(), n, '156', '', '', '', '', '', '', '',"
        " lpad(n::text, 12, '0'), now() - n * interval '1 second' FROM generate_series(1, 20000) n"
    )
    for index, *conditions in (
        ("transactions_received",),
        ("transactions_received", "after"),
        ("transactions_received", "since", "until"),
        ("transactions_rrn", "rrn"),
        ("transactions_request", "trace"),
        ("transactions_request", "trace", "terminal"),
    ):
        for oldest in (False, True):
            plan = await _plan(pool, views._search(tuple(conditions), oldest=oldest))
            assert f" {index} " in plan, conditions
            assert "Seq Scan on transactions" not in plan, conditions


async def _plan(pool: asyncpg.Pool, asked: Statement) -> str:
    async with pool.acquire() as connection:
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        await connection.execute(f"PREPARE wanted AS {asked.sql}")
        nothing = ", ".join(["NULL"] * len(asked.parameters))
        rows = await connection.fetch(f"EXPLAIN EXECUTE wanted ({nothing})")
        await connection.execute("DEALLOCATE wanted")
    return "\n".join(row[0] for row in rows)
