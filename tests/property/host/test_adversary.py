"""Whatever adversaries say, at random: what is not theirs stays as it is.

Each round is drawn from a seed of its own, which an assertion that fails prints; `ANNUL_SEED` plays
that round alone, `ANNUL_ROUNDS` plays more of them.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Final

import pytest

from annul.sim.terminal.journal import Record
from annul.wire.errors import DecodeError
from tests.support.adversary import Snapshot, changes, quiet, resolver_round, snapshot
from tests.support.site import Site, open_site
from tests.support.soft import Cashier, cashier
from tests.support.wire import HEAD, Credentials, Keyed, Wire, dial, tap

from .moves import Owner, Stranger

_ROUNDS: Final = int(os.environ.get("ANNUL_ROUNDS", "240"))
_SEEDS: Final = (
    [int(os.environ["ANNUL_SEED"])] if "ANNUL_SEED" in os.environ else range(1, _ROUNDS + 1)
)
_RESOLVER_EVERY: Final = 20
_OWNED_EVERY: Final = 4


@pytest.fixture
async def site(database: str, tmp_path: Path) -> AsyncIterator[Site]:
    """Give a site whose cases end within seconds."""
    async with open_site(database, tmp_path, void_time_scale=0.001, void_give_up_s=2.0) as opened:
        yield opened


async def _said(site: Site, bodies: list[bytes], heads: list[bytes]) -> None:
    """Say all that on one connection; each is answered, or all of it ends with the connection.

    Only a notification, as by chance a type becomes, is not: the standard knows no answer to it.
    """
    async with dial(site.port) as wire:
        for body, head in zip(bodies, heads, strict=True):
            await wire.send(body, head=head)
        for _ in (body for body in bodies if body[1:2].hex()[:1] not in {"4", "5"}):
            try:
                if await wire.answer() is None:
                    return
            except DecodeError:
                return  # the host answered in kind what was no message


async def _burst(site: Site, stranger: Stranger, random: Random) -> None:
    async with asyncio.TaskGroup() as group:
        for _ in range(random.randint(1, 4)):
            bodies = [stranger.next() for _ in range(random.randint(1, 8))]
            heads = [random.choice((HEAD, HEAD, random.randbytes(11))) for _ in bodies]
            group.create_task(_said(site, bodies, heads))


async def _customer(till: Cashier, random: Random, slips: list[Record]) -> None:
    """Have the terminal do what it is for; it goes through at once, without another sign-in."""
    sold = await till.take("sale", random.randrange(100, 5_000))
    assert (sold.state, sold.response_code) == ("approved", "00")
    if random.random() < 0.3:
        void = await till.undo("void", sold)
        assert (void.state, void.response_code) == ("approved", "00")
    else:
        slips.append(sold)
        del slips[:-20]


@contextmanager
def _noting(note: str) -> Iterator[None]:
    """Have whatever fails say from which seed it was drawn."""
    try:
        yield
    except BaseException as error:
        error.add_note(note)
        raise


async def _round(
    site: Site,
    till: Cashier,
    stranger: Stranger,
    random: Random,
    slips: list[Record],
    *,
    last: bool,
) -> None:
    """Let a stranger speak before the terminal does, and compare all rows; or both at once."""
    if random.random() < 0.25:
        records = len(till.terminal.journal.records())
        already: int = await site.pool.fetchval("SELECT count(*) FROM transactions")
        await asyncio.gather(_burst(site, stranger, random), _customer(till, random, slips))
        made = len(till.terminal.journal.records()) - records
        assert await site.pool.fetchval("SELECT count(*) FROM transactions") == already + made
        return
    await quiet(site)
    before, net = await snapshot(site), await site.issuer_net()
    await _burst(site, stranger, random)
    if last:
        await resolver_round(site)
    assert changes(before, await snapshot(site)) == []
    assert await site.issuer_net() == net
    await _customer(till, random, slips)


async def test_an_adversary_without_keys(site: Site) -> None:
    who = site.terminals[0]
    async with tap(site.port) as seen:
        with cashier(seen.port, who) as till:
            slips = [await till.take("sale", 10_000)]
            for seed in _SEEDS:
                random = Random(seed)
                stranger = Stranger(random, who, seen, slips)
                with _noting(f"seed {seed}"):
                    last = seed % _RESOLVER_EVERY == 0
                    await _round(site, till, stranger, random, slips, last=last)
                # The first frame is the sign-in; what is older than the batch's last day goes.
                del seen.requests[1:-60], seen.answers[1:-60]
            records = till.terminal.journal.records()
            assert {record.response_code for record in records} == {"00"}
    assert site.running.figures()["failed"] == 0
    await site.books_agree()


# Somebody who owns a terminal ------------------------------------------------------------------


async def _theirs(site: Site, who: Credentials, *, balance: bool) -> Snapshot:
    """Give the rows that are a terminal's own, those of its transactions and its merchant's."""
    ids = [
        str(row[0])
        for row in await site.pool.fetch(
            "SELECT id FROM transactions WHERE merchant_id = $1 AND terminal_id = $2", *who[:2]
        )
    ]

    def of(table: str, row: str) -> bool:
        if table == "merchant_balances":
            return balance and who[0] in row
        mine = f'"terminal_id": "{who[1]}"' in row and who[0] in row
        return mine or (table in {"outbox", "entries"} and any(one in row for one in ids))

    return frozenset((t, row) for t, row in await snapshot(site) if of(t, row))


async def _own_sale(keyed: Keyed, wire: Wire, trace: int) -> None:
    """Prove the connection with a sale of the own; sign in first where that is needed."""
    answer = await keyed.sell(wire, f"{trace:06d}", 100) if keyed.keys else None
    if answer is None or answer.code != "00":
        await keyed.sign_in(wire)
        answer = await keyed.sell(wire, f"{trace + 200_000:06d}", 100)
    assert answer.code == "00"


@pytest.mark.parametrize("merchant", ["the same", "another"])
async def test_an_adversary_who_owns_a_terminal(site: Site, merchant: str) -> None:
    whom = site.terminals[0]
    same = merchant == "the same"
    own = next(t for t in site.terminals[1:] if (t[0] == whom[0]) is same)
    keyed = Keyed(own)
    async with tap(site.port) as seen:
        with cashier(seen.port, whom) as till:
            slips = [await till.take("sale", 10_000)]
            before = await _theirs(site, whom, balance=not same)
            for seed in (one for one in _SEEDS if one % _OWNED_EVERY == 0 or len(_SEEDS) == 1):
                random = Random(seed)
                with _noting(f"seed {seed}"):
                    await _customer(till, random, slips)
                    owner = Owner(random, keyed, whom, slips, seen)
                    async with dial(site.port) as wire:
                        await _own_sale(keyed, wire, seed)
                        await quiet(site)
                        before = await _theirs(site, whom, balance=not same)
                        for _ in range(random.randint(4, 12)):
                            if await wire.ask(owner.next()) is None:
                                break
                    await quiet(site)
                    await resolver_round(site)
                    assert changes(before, await _theirs(site, whom, balance=not same)) == []
            await _ended(site)
            assert changes(before, await _theirs(site, whom, balance=not same)) == []
            assert (await till.take("sale", 100)).response_code == "00"
            records = till.terminal.journal.records()
            assert {record.response_code for record in records} == {"00"}
    assert site.running.figures()["failed"] == 0


async def _ended(site: Site) -> None:
    """Let cases that were opened meanwhile come to what they come to."""
    async with asyncio.timeout(20):
        while await site.pool.fetchval("SELECT count(*) FROM cases WHERE ended = ''"):
            await resolver_round(site)
