"""Playbooks at the desk: listed with their versions, checked, tried dry, and their runs."""

from typing import Any

import pytest

from annul.desk import playbook_acts as acts
from annul.desk import playbooks
from annul.desk.desk import Desk, NothingThere
from annul.desk.permission import NotAllowed
from annul.desk.playbooks import RunSearch
from annul.desk.roles import Visitor
from annul.domain.playbook_flaws import BadPlaybook
from annul.operate.playbooks.reading import builtin_texts
from tests.support.playbook_texts import ask, playbook

from .people import ISSUER, clock_of, person

_ABOUT = {"issuer": ISSUER}


async def test_what_people_write_stands_in_the_place_of_what_is_built_in(
    desk: Desk, boss: Visitor
) -> None:
    listed = {row["name"]: row for row in await playbooks.found(desk, boss)}
    assert set(listed) == set(builtin_texts())
    assert all(row["flaws"] == [] and row["version"] == 1 for row in listed.values())
    text = builtin_texts()["line_down"].replace("by_itself = true", "by_itself = false")
    assert await acts.write(desk, boss, text, "people start it", "line_down") == 2
    row = await playbooks.find(desk, boss, "line_down")
    assert (row["version"], row["written_by"], row["by_itself"]) == (2, boss.name, False)
    assert [one["version"] for one in row["versions"]] == [2, 1]
    assert row["versions"][1]["text"] == builtin_texts()["line_down"]
    assert row["steps"]
    with pytest.raises(NothingThere):
        await playbooks.find(desk, boss, "nothing")


async def test_what_is_wrong_is_not_kept(desk: Desk, boss: Visitor) -> None:
    with pytest.raises(BadPlaybook):
        await acts.write(desk, boss, playbook(ask("a", "x")), "wanted")
    with pytest.raises(BadPlaybook):
        await acts.write(desk, boss, playbook(ask("a", "x", "y")), "wanted", "another")
    assert not await desk.pool.fetchval("SELECT count(*) FROM playbooks")


def _checked(visitor: Visitor, text: str) -> dict[str, Any]:
    return playbooks.check(visitor, text)


async def test_a_check_names_all_that_is_wrong(boss: Visitor) -> None:
    told = _checked(boss, playbook(ask("a", "x")))
    assert not told["valid"]
    assert [one["where"] for one in told["flaws"]] == ["step a"]
    assert all(told["flaws"][0]["todo"])
    told = _checked(boss, builtin_texts()["issuer_down"])
    assert (told["valid"], told["name"], len(told["steps"])) == (True, "issuer_down", 16)


async def test_a_dry_run_shows_what_would_be_and_writes_nothing(desk: Desk, boss: Visitor) -> None:
    counted = "SELECT (SELECT count(*) FROM playbook_runs) + (SELECT count(*) FROM interventions)"
    steps = await playbooks.dry(desk, boss, _ABOUT, name="issuer_down")
    by = {one["id"]: one for one in steps}
    assert by["health"]["word"] == "healthy"
    assert (by["why"]["comes"], by["hold"]["comes"]) == ("yes", "open")
    assert by["hold"]["args"] == {"issuer": ISSUER, "minutes": 60}
    answers = {"why": "fault", "refunds": "yes", "ceiling": 900}
    steps = await playbooks.dry(desk, boss, _ABOUT, name="issuer_down", answers=answers)
    by = {one["id"]: one for one in steps}
    assert (by["hold"]["comes"], by["announce"]["comes"]) == ("yes", "no")
    assert by["refund_instead"]["args"]["amount"] == 900
    assert by["refund_instead"]["dual"]
    assert await desk.pool.fetchval(counted) == 0
    steps = await playbooks.dry(desk, boss, {"issuer": "99999999"}, name="issuer_down")
    assert "not there" in steps[0]["why"]


async def test_runs_are_listed_page_by_page_the_latest_first(desk: Desk, boss: Visitor) -> None:
    numbers: list[str] = []
    for name in ("line_down", "issuer_down", "key_known"):
        clock_of(desk).forward(seconds=1)
        numbers.insert(0, await acts.start(desk, boss, name, _ABOUT, "it is so"))
    page = await playbooks.runs(desk, boss, RunSearch("live"), 2)
    assert [row["number"] for row in page.rows] == numbers[:2]
    rest = await playbooks.runs(desk, boss, RunSearch("live"), 2, page.following)
    assert [row["number"] for row in rest.rows] == numbers[2:]
    assert rest.following == ""
    await acts.stop(desk, boss, numbers[0], "over")
    stopped = await playbooks.runs(desk, boss, RunSearch("stopped"))
    assert [row["number"] for row in stopped.rows] == numbers[:1]
    found = await playbooks.runs(desk, boss, RunSearch(playbook="line_down"))
    assert [row["number"] for row in found.rows] == numbers[2:]


async def test_a_run_says_how_each_of_its_steps_stands(desk: Desk, boss: Visitor) -> None:
    number = await acts.start(desk, boss, "issuer_down", _ABOUT, "it is so")
    run = await playbooks.run(desk, boss, number)
    stands = {one["id"]: one["is"] for one in run["steps"]}
    assert (stands["health"], stands["why"], stands["minutes"]) == ("done", "here", "comes")
    assert run["journal"][0]["word"] == "healthy"
    assert ISSUER in run["contacts"][0]["say"].en
    await acts.answer(desk, boss, number, "why", "fault")
    run = await playbooks.run(desk, boss, number)
    stands = {one["id"]: one["is"] for one in run["steps"]}
    assert (stands["why"], stands["minutes"], stands["hold"]) == ("done", "not", "here")
    with pytest.raises(NothingThere):
        await playbooks.run(desk, boss, "P000000-000000")


async def test_a_shop_sees_none(desk: Desk) -> None:
    merchant = await desk.pool.fetchval("SELECT min(merchant_id) FROM merchants")
    shop = await person(desk, "merchant", merchant)
    for asked in (
        playbooks.found(desk, shop),
        playbooks.find(desk, shop, "issuer_down"),
        playbooks.dry(desk, shop, _ABOUT, name="issuer_down"),
        playbooks.runs(desk, shop, RunSearch()),
        acts.start(desk, shop, "issuer_down", _ABOUT, "it is so"),
    ):
        with pytest.raises(NotAllowed):
            await asked
    with pytest.raises(NotAllowed):
        playbooks.check(shop, "")
