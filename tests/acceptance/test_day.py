"""A soft terminal's whole day over a real socket, once with totals that agree, once without."""

from collections.abc import Iterator
from datetime import date
from hashlib import sha256
from typing import Any

import pytest

from annul.merchants.chips_file import Loadable, put
from annul.sim.terminal import downloads
from annul.sim.terminal.batch import Settled, settle
from annul.sim.terminal.journal import Record
from annul.sim.terminal.later import tell_scripts, upload_signature
from annul.wire.tlv import build
from tests.support.chips import aid, key
from tests.support.site import Site
from tests.support.soft import Cashier, cashier
from tests.support.wire import CODEC, Tap, tap

FOREIGN = "4000000000000002"
_PICTURE = bytes(range(256)) * 5  # three parts


@pytest.fixture
async def loaded(site: Site) -> Site:
    """Give a site whose operator has loaded what terminals download."""
    keys = tuple((key(index), True) for index in range(30))  # more than a page
    async with site.pool.acquire() as connection, connection.transaction():
        await put(connection, Loadable(keys, ((aid(1), True), (aid(2), True))))
    await site.running.host.registry.load()
    return site


@pytest.fixture
def till(loaded: Site) -> Iterator[Cashier]:
    with cashier(loaded.port, loaded.terminals[0]) as opened:
        yield opened


async def _trade(till: Cashier) -> dict[str, Record]:
    """Sell with stripe, chip and code, domestic and foreign; give some of it back."""
    await till.terminal.sign_in()
    done = {
        "stripe": await till.take("sale", 10_000),
        "chip": await till.take("sale", 2_000, inserted=True),
        "foreign stripe": await till.take("sale", 3_000, card=FOREIGN),
        "foreign chip": await till.take("sale", 4_000, card=FOREIGN, inserted=True),
        "code": await till.take("qr_sale", 500),
    }
    done["void"] = await till.undo("void", done["stripe"])
    done["refund"] = await till.undo("refund", done["foreign stripe"], 1_000)
    assert {name: one.state for name, one in done.items()} == dict.fromkeys(done, "approved")
    return done


async def _rows(site: Site, sql: str, *arguments: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await site.pool.fetch(sql, *arguments)]


_CHIPS = "SELECT trace, approved, amount FROM ic_uploads ORDER BY trace"
_BATCH = (
    "SELECT balanced, debit_amount, debit_count, credit_amount, credit_count, foreign_balanced,"
    " foreign_debit_amount, foreign_debit_count, foreign_credit_amount, foreign_credit_count,"
    " upload_ended FROM batches"
)


def _said(tapped: Tap, mti: str) -> list[str]:
    """Give field 60.3 of what went out with a message type."""
    messages = [CODEC.decode(body) for body in tapped.bodies()]
    return [str(one[60])[8:11] for one in messages if one.mti == mti]


async def test_a_day_whose_totals_agree(loaded: Site) -> None:
    site = loaded
    async with tap(site.port) as tapped:
        with cashier(tapped.port, site.terminals[0]) as till:
            terminal = till.terminal
            await terminal.sign_in()
            await downloads.everything(terminal)
            kept = terminal.journal.chips("key")
            assert kept == {build(key(n).named): key(n).tlv for n in range(30)}
            assert terminal.journal.chips("aid") == {one.entry: one.tlv for one in (aid(1), aid(2))}

            done = await _trade(till)
            for _ in range(2):
                told = await tell_scripts(terminal, done["chip"], done=True)
                assert told.response_code == "00"
            for _ in range(2):
                assert await upload_signature(terminal, done["chip"], _PICTURE) == 3
            settled = await settle(terminal)
            after = await till.take("sale", 700, inserted=True)
    assert (settled.agrees, settled.uploaded) == (True, 2)
    assert (after.batch, after.state) == ("000002", "approved")
    assert _said(tapped, "0320") == ["203", "203", "207"]
    assert _said(tapped, "0820")[:3] == ["372", "372", "382"]

    assert await _rows(site, _BATCH) == [
        (True, 12_500, 3, 10_000, 1, True, 7_000, 2, 1_000, 1, True)
    ]
    traces = done["chip"].trace, done["foreign chip"].trace
    assert await _rows(site, _CHIPS) == [(traces[0], True, 2_000), (traces[1], True, 4_000)]
    joined = await _rows(
        site,
        "SELECT t.scheme, t.rrn, u.chip FROM ic_uploads u"
        " JOIN transactions t USING (merchant_id, terminal_id, batch, trace) ORDER BY trace",
    )
    assert [one[:2] for one in joined] == [
        ("domestic", done["chip"].rrn),
        ("foreign", done["foreign chip"].rrn),
    ]
    for *_, chip in joined:
        assert "9F27=40" in chip
        assert "5A=<8 bytes>" in chip
    assert await site.pool.fetchval("SELECT count(*) FROM incidents") == 0
    await _evidence(site, done["chip"])
    await site.books_agree()
    assert await site.issuer_net() == 12_500 + 7_000 - 11_000 + 700


async def _evidence(site: Site, sold: Record) -> None:
    """Assert what is kept of the scripts and the signature of a sale, and that it is sealed."""
    results = await _rows(
        site,
        "SELECT t.rrn, s.chip LIKE '%DF31=2000000000%', s.chip LIKE '%5A=<8 bytes>%'"
        " FROM script_results s JOIN transactions t ON t.id = s.transaction_id",
    )
    assert results == [(sold.rrn, True, True)], "it was told twice, under two numbers"
    parts = await site.pool.fetch(
        "SELECT s.* FROM signatures s JOIN transactions t ON t.id = s.transaction_id"
        " WHERE t.rrn = $1 ORDER BY part",
        sold.rrn,
    )
    opened = b"".join(
        site.running.host.vault.open_file(
            bytes(one["sealed"]), one["transaction_id"].bytes + bytes((one["part"],))
        )
        for one in parts
    )
    assert opened == _PICTURE
    assert [bytes(one["digest"]) for one in parts] == [
        sha256(_PICTURE[at : at + 500]).digest() for at in (0, 500, 1_000)
    ]


async def test_a_day_whose_totals_differ(loaded: Site) -> None:
    """The terminal lost a stripe and took a chip for refused that the host has as paid."""
    site = loaded
    async with tap(site.port) as tapped:
        with cashier(tapped.port, site.terminals[0]) as till:
            done = await _trade(till)
            journal = till.terminal.journal
            journal.change(done["code"], state="unanswered")
            journal.change(done["chip"], state="declined")
            settled = await settle(till.terminal)
            after = await till.take("sale", 700)
    assert (settled.balanced, settled.foreign_balanced) == (False, True)
    assert (settled.uploaded, after.batch) == (3, "000002")
    assert _said(tapped, "0320") == ["201", "206", "202"]
    assert await _rows(site, _CHIPS) == [(done["chip"].trace, False, 2_000)]
    assert await _rows(site, "SELECT trace FROM batch_uploads ORDER BY trace") == [
        (done["stripe"].trace,),
        (done["void"].trace,),
    ]
    assert await _rows(site, "SELECT balanced, foreign_balanced, upload_ended FROM batches") == [
        (False, True, True)
    ]
    assert await _rows(site, "SELECT kind, params ->> 'count' FROM incidents") == [
        ("batch_differs", "2")
    ]
    await site.books_agree()


async def test_a_foreign_half_that_differs_is_uploaded_alone(loaded: Site, till: Cashier) -> None:
    done = await _trade(till)
    till.terminal.journal.change(done["foreign stripe"], state="declined")
    settled: Settled = await settle(till.terminal)
    assert (settled.balanced, settled.foreign_balanced, settled.uploaded) == (True, False, 2)
    assert await _rows(loaded, _CHIPS) == [(done["foreign chip"].trace, True, 4_000)]
    assert await _rows(loaded, "SELECT trace FROM batch_uploads") == [(done["refund"].trace,)]
    assert await _rows(loaded, "SELECT params ->> 'count' FROM incidents") == [("1",)]


async def test_what_the_header_asks_for_is_downloaded_and_asked_no_more(
    loaded: Site, till: Cashier
) -> None:
    who = loaded.terminals[0][:2]
    await till.take("sale", 100)
    for wish, kind, count in (("ca_keys", "key", 30), ("aids", "aid", 2)):
        await loaded.running.host.registry.want(*who, wish)
        await till.take("sale", 100)  # its answer asks for it
        await till.take("sale", 100)
        assert len(till.terminal.journal.chips(kind)) == count
        asked = "SELECT wants FROM terminals WHERE terminal_id = $1"
        assert await loaded.pool.fetchval(asked, who[1]) == ""


async def test_a_key_that_has_expired_is_not_downloaded(site: Site) -> None:
    async with site.pool.acquire() as connection:
        old = key(1, date(2020, 1, 1))
        await put(connection, Loadable(((old, True), (key(2), True)), ()))
    await site.running.host.registry.load()
    with cashier(site.port, site.terminals[0]) as till:
        assert await downloads.ca_keys(till.terminal) == 1


async def test_a_chip_sale_is_reversed_with_its_chip(loaded: Site, till: Cashier) -> None:
    """What is owed for it is what the host knows of a reversal, also under an equalisable MAC."""
    sold = await till.take("sale", 5_000, inserted=True)
    till.terminal.journal.change(sold, owed="reversal", state="unanswered")
    await till.take("sale", 100)
    states = await loaded.states()
    assert states[sold.trace] in {"reversing", "reversed"}
    await loaded.books_agree()
