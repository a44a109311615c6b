"""Each look says, by what stands in the database, one of the words that playbooks may name."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from annul.domain.incident import Incident
from annul.operate.incidents.gathering import HeadGatherer
from annul.operate.playbooks.looking import Looking, NothingToLookAt, Seen
from annul.operate.playbooks.looks import LOOKS, UNTILS
from annul.store.incidents import opening
from tests.support.playing import ISSUER, Scene
from tests.support.plays import PLAYS
from tests.support.rows import put, put_case

_Around = Callable[[Scene], Awaitable[None]]


async def _look(scene: Scene, name: str, **changes: str) -> Seen:
    places = {"issuer": ISSUER, "merchant": scene.merchant, "terminal": scene.terminal}
    args = {key: (places | changes)[key] for key in LOOKS[name].traits.params}
    return await LOOKS[name].ask(Looking(scene.pool, scene.clock.now(), args))


async def _nothing(_scene: Scene) -> None:
    """Nothing is wrong."""


async def _window(scene: Scene) -> None:
    now = scene.clock.now()
    values: dict[str, Any] = {"issuer_id": ISSUER, "kind": "maintenance", "set_by": "x"}
    times = {"valid_from": now, "valid_until": now + timedelta(hours=1), "set_at": now}
    await put(scene.pool, "policies", {"id": _ID, **values, **times})


_ID = "0193a000-0000-7000-8000-000000000001"


async def _case(scene: Scene) -> None:
    await put_case(scene.pool, merchant_id=scene.merchant, issuer_id=ISSUER)


async def _off(scene: Scene) -> None:
    await scene.pool.execute("UPDATE terminals SET active = false")


async def _differs(scene: Scene) -> None:
    await scene.pool.execute("UPDATE terminals SET software = '1', wanted_software = '2'")


def _play(name: str) -> tuple[_Around, _Around]:
    return PLAYS[name].wrong, PLAYS[name].mended


@pytest.mark.parametrize(
    ("name", "around", "word"),
    [
        ("issuer_health", _play("issuer_down, a fault")[0], "down"),
        ("issuer_health", _play("issuer_down, a fault")[1], "healthy"),
        ("issuer_health", _play("line_down")[0], "line_down"),
        ("issuer_health", _play("voids_fail")[0], "voids_fail"),
        ("open_cases", _nothing, "none"),
        ("open_cases", _case, "some"),
        ("links", _nothing, "unknown"),
        ("links", _play("line_down")[0], "down"),
        ("links", _play("line_down")[1], "up"),
        ("policies_in_force", _window, "window"),
        ("policies_in_force", _nothing, "no_window"),
        ("suspected_rules", _nothing, "none"),
        ("batch_state", _nothing, "none"),
        ("batch_state", _play("batches_differ")[0], "differs"),
        ("clearing_state", _nothing, "late"),
        ("clearing_state", _play("clearing_file_wrong")[1], "good"),
        ("merchant_balance", _play("balance_low")[0], "short"),
        ("merchant_balance", _play("balance_low")[1], "covers"),
        ("terminal_state", _nothing, "in_use"),
        ("terminal_state", _play("keys_out_of_step")[0], "odd"),
        ("terminal_state", _off, "off"),
        ("keys_out_of_step", _nothing, "none"),
        ("keys_out_of_step", _play("keys_out_of_step")[0], "some"),
        ("database_state", _nothing, "well"),
        ("database_state", _play("database_lost")[0], "lost"),
        ("host_load", _nothing, "unknown"),
        ("host_load", _play("host_overloaded")[0], "over"),
        ("host_load", _play("host_overloaded")[1], "normal"),
        ("software_versions", _nothing, "agrees"),
        ("software_versions", _differs, "differs"),
        ("incident_state", _nothing, "none"),
    ],
)
async def test_it_says_how_it_is(scene: Scene, name: str, around: _Around, word: str) -> None:
    if name == "merchant_balance":
        await PLAYS["balance_low"].wrong(scene)
    await around(scene)
    seen = await _look(scene, name)
    assert seen.word == word
    assert seen.word in LOOKS[name].traits.words
    assert not seen.facts or set(LOOKS[name].facts) <= set(seen.facts)


async def test_a_batch_that_was_resolved_is_so(scene: Scene) -> None:
    wrong, mended = _play("batches_differ")
    await wrong(scene)
    assert (await _look(scene, "batch_state")).facts["open"] == 1
    await mended(scene)
    assert (await _look(scene, "batch_state")).word == "resolved"


async def test_open_cases_are_told_with_their_money(scene: Scene) -> None:
    await _case(scene)
    seen = await _look(scene, "open_cases")
    assert (seen.facts["cases"], len(seen.facts["money"])) == (1, 1)
    assert seen.facts["money"][0]["amount"] > 0


async def test_an_incident_is_open_until_it_is_quiet(scene: Scene) -> None:
    raised = Incident.of("issuer_in_trouble", "", ISSUER, issuer=ISSUER, how="down")
    await scene.pool.execute(*opening([raised], scene.clock.now()))
    await HeadGatherer(scene.pool, scene.clock).run()
    head = await scene.pool.fetchval("SELECT id FROM incident_heads")
    look = Looking(scene.pool, scene.clock.now(), {}, head)
    assert (await LOOKS["incident_state"].ask(look)).word == "open"
    await scene.pool.execute("UPDATE incident_heads SET quiet_since = opened_at")
    assert (await LOOKS["incident_state"].ask(look)).word == "quiet"


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("issuer_health", {"issuer": "99999999"}),
        ("merchant_balance", {"merchant": "999999999999999"}),
        ("terminal_state", {"terminal": "99999999"}),
    ],
)
async def test_what_is_not_there_is_said(scene: Scene, name: str, changes: dict[str, str]) -> None:
    with pytest.raises(NothingToLookAt):
        await _look(scene, name, **changes)


def test_what_can_be_waited_for_is_a_word_of_its_look() -> None:
    for until in UNTILS.values():
        assert set(until.words) <= set(LOOKS[until.look].traits.words)
