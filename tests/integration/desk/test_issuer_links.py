"""Links of issuers at the desk: who may change them, what goes together, what the audit says."""

import pytest

from annul.desk import issuer_links as views
from annul.desk.desk import Desk, NothingThere
from annul.desk.permission import NotAllowed, NotValid, ReasonNeeded

from .people import ISSUER, audited, person


async def test_a_link_is_changed_as_a_whole(desk: Desk) -> None:
    administrator = await person(desk, "administrator")
    version = await desk.pool.fetchval("SELECT version FROM reference")
    differs = await views.set_link(
        desk,
        administrator,
        ISSUER,
        "their new host",
        {"host": "10.0.0.9", "left_out": "33", "codes.A1": "00", "framing.trailer": "03"},
    )
    assert {one.name for one in differs} == {"host", "left_out", "codes.A1", "framing.trailer"}
    shown = {one.name: one.value for one in await views.settings(desk, ISSUER)}
    assert (shown["host"], shown["codes.A1"], shown["framing.trailer"]) == ("10.0.0.9", "00", "03")
    assert await desk.pool.fetchval("SELECT version FROM reference") == version + 1
    assert await views.set_link(desk, administrator, ISSUER, "again", {"host": "10.0.0.9"}) == []
    await views.set_link(desk, administrator, ISSUER, "back", {}, ["codes.A1"])
    rows = [row for row in await audited(desk.pool) if row["action"] == "set-link"]
    assert [row["reason"] for row in rows] == ["their new host", "back"]
    assert rows[1]["detail"]["after"] == {"codes.A1": ""}
    assert rows[1]["detail"]["before"]["codes.A1"] == "00"


@pytest.mark.parametrize(
    "given",
    [
        {"dialect": "klingon"},
        {"framing": "length_9"},
        {"framing.trailer": "x"},
        {"network_mti": "0200"},
    ],
)
async def test_what_is_wrong_changes_nothing(desk: Desk, given: dict[str, str]) -> None:
    administrator = await person(desk, "administrator")
    before = await views.settings(desk, ISSUER)
    with pytest.raises(NotValid):
        await views.set_link(desk, administrator, ISSUER, "why", {"host": "10.0.0.9"} | given)
    assert await views.settings(desk, ISSUER) == before


async def test_a_broken_profile_is_mended(desk: Desk) -> None:
    administrator = await person(desk, "administrator")
    broken = {"network_mti": "0200"}
    await desk.pool.execute("UPDATE issuers SET profile = $1 WHERE issuer_id = $2", broken, ISSUER)
    with pytest.raises(NotValid):
        await views.set_link(desk, administrator, ISSUER, "why", {"host": "10.0.0.9"})
    await views.set_link(desk, administrator, ISSUER, "why", {"network_mti": "0800"})
    shown = {one.name: one.value for one in await views.settings(desk, ISSUER)}
    assert shown["network_mti"] == "0800"


async def test_who_may(desk: Desk) -> None:
    operator, support = await person(desk, "operator"), await person(desk, "support")
    with pytest.raises(NotAllowed):
        await views.set_link(desk, support, ISSUER, "why", {"timeout_ms": "9000"})
    with pytest.raises(ReasonNeeded):
        await views.set_link(desk, operator, ISSUER, " ", {"timeout_ms": "9000"})
    with pytest.raises(NothingThere):
        await views.set_link(desk, operator, "99999999", "why", {"timeout_ms": "9000"})


@pytest.mark.parametrize(
    ("given", "unset"),
    [
        ({"host": "10.0.0.9"}, ()),
        ({"port": "1"}, ()),
        ({"codes.51": "00"}, ()),
        ({"identified_by": "12"}, ()),
        ({}, ("compared",)),
    ],
)
async def test_what_decides_over_money_is_for_administrators(
    desk: Desk, given: dict[str, str], unset: tuple[str, ...]
) -> None:
    operator = await person(desk, "operator")
    before = await views.settings(desk, ISSUER)
    with pytest.raises(NotAllowed):
        await views.set_link(desk, operator, ISSUER, "why", {"timeout_ms": "9000"} | given, unset)
    assert await views.settings(desk, ISSUER) == before
    await views.set_link(desk, operator, ISSUER, "slow", {"timeout_ms": "9000"})
