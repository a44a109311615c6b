"""A cashier is told in field 63 that the issuer of the card has trouble, without a query for it."""

from uuid import uuid4

import asyncpg

from annul.domain.terminal_notes import ISSUER_TROUBLE, read
from annul.host.reply import Reply, note
from annul.host.troubles import Troubles
from annul.sim.terminal.receipt import heard
from tests.support.clock import NOON
from tests.support.rows import put

_ISSUER = "00000101"


async def _down(pool: asyncpg.Pool, *, up: bool = False) -> None:
    row = {
        "id": uuid4(), "number": f"E261127-{uuid4().int % 1_000_000:06d}", "scope": "issuer",
        "member": _ISSUER, "severity": "warning", "opened_at": NOON, "joined_at": NOON,
        "down_since": NOON, "up_at": NOON if up else None, "closed_at": NOON if up else None,
    }  # fmt: skip
    await put(pool, "incident_heads", row)


async def test_answers_for_its_cards_say_so_while_it_is_down(pool: asyncpg.Pool) -> None:
    troubles = Troubles(pool)
    plain = Reply("00", {37: "519820000417"}, _ISSUER)
    await _down(pool, up=True)
    await troubles.refresh()
    assert troubles.noted(plain) is plain
    await _down(pool)
    assert troubles.noted(plain) is plain  # it is read by the loop alone
    await troubles.refresh()
    assert dict(troubles.noted(plain).fields) == {37: "519820000417", 63: f"CUP{ISSUER_TROUBLE.zh}"}
    other = Reply("00", {}, "00000202")
    assert troubles.noted(other) is other
    assert troubles.noted(Reply("00")).fields == {}


async def test_it_stands_behind_what_is_said_and_is_read_again(pool: asyncpg.Pool) -> None:
    await _down(pool)
    troubles = Troubles(pool)
    await troubles.refresh()
    first = "撤销结果未定,随后告知,勿重复 案件号519820000417"
    said = str(troubles.noted(Reply("98", note(first), _ISSUER)).fields[63])
    noted, before = read(said[3:]), read(first)
    assert (noted.text, noted.case) == (before.text, before.case)
    assert noted.trouble == ISSUER_TROUBLE
    assert heard(said[3:], "en") == f"{heard(first, 'en')} {ISSUER_TROUBLE.en}"
    assert heard(ISSUER_TROUBLE.zh, "zh") == ISSUER_TROUBLE.zh


async def test_without_room_the_note_itself_stays(pool: asyncpg.Pool) -> None:
    await _down(pool)
    troubles = Troubles(pool)
    await troubles.refresh()
    long = Reply("98", note("长" * 75), _ISSUER)
    assert troubles.noted(long) is long
