"""A terminal's dialect at the desk: one that there is, with its MAC where terminals have it."""

import pytest

from annul.desk import merchants, terminal_dialects
from annul.desk.desk import Desk, NothingThere
from annul.desk.permission import NotAllowed, NotValid

from .people import audited, person


async def test_a_terminal_speaks_another_dialect(desk: Desk) -> None:
    operator, support = await person(desk, "operator"), await person(desk, "support")
    rows = await desk.pool.fetch("SELECT merchant_id, terminal_id FROM terminals LIMIT 1")
    whose = (rows[0]["merchant_id"], rows[0]["terminal_id"])
    assert await terminal_dialects.choices(desk) == ["unionpay_pos"]
    await terminal_dialects.set_dialect(desk, operator, *whose, "unionpay_pos", "their own")
    shown = await merchants.terminals(desk, operator, whose[0])
    assert "unionpay_pos" in {one["dialect"] for one in shown}
    for wrong in ("klingon", "cups"):
        with pytest.raises(NotValid):
            await terminal_dialects.set_dialect(desk, operator, *whose, wrong, "why")
    with pytest.raises(NotAllowed):
        await terminal_dialects.set_dialect(desk, support, *whose, "", "why")
    with pytest.raises(NothingThere):
        await terminal_dialects.set_dialect(desk, operator, whose[0], "99999999", "", "why")
    await terminal_dialects.set_dialect(desk, operator, *whose, "", "as before")
    rows = [row for row in await audited(desk.pool) if row["action"] == "set-terminal-dialect"]
    assert [row["detail"]["after"] for row in rows] == ["unionpay_pos", ""]
