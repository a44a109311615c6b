"""Rows reach the database as they were read, whatever stands in them."""

from datetime import date
from typing import Any, Final
from uuid import UUID

import pytest

from annul.security.vault import Vault
from annul.settle.clearing.copying import Copying
from annul.settle.clearing.rows import ClearingRow
from tests.support.clearing import Cleared

_CARD: Final = "6200010000000007"
_ROW: Final = ClearingRow(
    1, "m", "t", "000001", "r", "a", _CARD, "taken", "sale", 10_000,
    fee=25, sent_at="1123080000", settles_on=date(2026, 11, 23), original_trace="000009", code="00",
    undone="R",
)  # fmt: skip
_ODD: Final = (
    "", " ", "\t", '"', '""', "a\nb", "a\rb", "\\", "\\N", "\\.", "\\t", "NULL", ",", "'", "金额",
    'a\t"b"\n\\N', "\x01",
)  # fmt: skip


async def _staged(cell: Cleared, rows: list[ClearingRow]) -> list[dict[str, Any]]:
    staged = await cell.stage(rows)
    query = "SELECT * FROM clearing_staged WHERE file_id = $1 ORDER BY line"
    return [dict(row) for row in await cell.pool.fetch(query, staged.id)]


def _kept(cell: Cleared, row: ClearingRow) -> dict[str, Any]:
    """Give what has to be kept of a row."""
    kept: dict[str, Any] = row._asdict()
    card, _ = kept.pop("card"), kept.pop("original_at")
    hashed, masked = (cell.vault.hash(card), cell.vault.mask(card)) if card else (None, "")
    return kept | {"card_hash": hashed, "card_masked": masked}


@pytest.mark.parametrize("odd", _ODD)
async def test_what_stands_in_a_text_is_kept_as_it_is(cell: Cleared, odd: str) -> None:
    rows = [_ROW, _ROW._replace(line=2, rrn=odd, code=odd, undone=odd), _ROW._replace(line=3)]
    found = await _staged(cell, rows)
    assert [{**one, "file_id": None} for one in found] == [
        {**_kept(cell, row), "file_id": None} for row in rows
    ]


@pytest.mark.parametrize("odd", ["", "\t"])
async def test_what_a_file_does_not_say_is_none(cell: Cleared, odd: str) -> None:
    """Also beside a text for which the whole piece is quoted."""
    (found,) = await _staged(cell, [_ROW._replace(card="", fee=None, settles_on=None, code=odd)])
    assert (found["card_hash"], found["fee"], found["settles_on"]) == (None, None, None)
    assert (found["card_masked"], found["code"]) == ("", odd)


async def test_a_fee_may_be_nothing_or_got(cell: Cleared) -> None:
    found = await _staged(cell, [_ROW._replace(fee=0), _ROW._replace(line=2, fee=-7)])
    assert [one["fee"] for one in found] == [0, -7]


def test_a_card_is_hashed_once_and_never_in_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []
    vault = Vault(bytes(32))
    whole = vault.hash
    monkeypatch.setattr(vault, "hash", lambda card: (hashed.append(card), whole(card))[1])
    copying = Copying(vault, UUID(int=1))
    text = copying.lines([_ROW, _ROW._replace(line=2)]) + copying.lines([_ROW._replace(line=3)])
    assert hashed == [_CARD]
    assert _CARD.encode() not in text
    assert text.count(whole(_CARD).hex().encode()) == 3


def test_only_so_many_cards_are_kept() -> None:
    copying = Copying(Vault(bytes(32)), UUID(int=1))
    cards = [f"6200010{number:09}" for number in range(66_000)]
    rows = [_ROW._replace(card=card) for card in cards]
    first, again = copying.lines(rows), copying.lines(rows)
    assert first == again
    assert len(copying._cards) == 65_536  # pyright: ignore[reportPrivateUsage]
