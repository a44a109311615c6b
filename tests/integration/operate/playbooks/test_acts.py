"""Each act brings about what it says, once under its id, and is undone."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from annul.domain.interventions import InterventionNotPossible
from annul.domain.playbooks import Value
from annul.operate.playbooks.acts import ACTS, ActRefused, Doing
from tests.support.playing import ISSUER, Scene, in_force
from tests.support.plays import PLAYS

# What an act is given beside its places, what goes on before, and what is so then.
_ACTS: dict[str, tuple[dict[str, Value], str, set[str]]] = {
    "announce_window": ({"minutes": 30}, "", {f"window {ISSUER}"}),
    "route_around": ({"minutes": 30}, "", {f"route_around {ISSUER}"}),
    "open_circuit": ({"minutes": 30}, "", {f"circuit_open {ISSUER}"}),
    "pause_retries": ({"minutes": 30}, "", {f"retries_paused {ISSUER}"}),
    "allow_refunds": (
        {"minutes": 30, "amount": 900},
        "",
        {f"refunds_instead {ISSUER} 900"},
    ),
    "freeze_merchant": ({"minutes": 30}, "", {"merchant_frozen merchant"}),
    "block_terminal": ({"minutes": 30}, "", {"terminal_blocked merchant terminal"}),
    "ask_sign_in": ({}, "keys_out_of_step", {"wants sign_in"}),
    "ask_parameters": ({}, "", {"wants parameters"}),
    "update_software": (
        {"wrong": "2.0", "right": "2.1"},
        "wrong_software",
        {"wants update", "software 2.1"},
    ),
}


def _doing(scene: Scene, name: str, given: dict[str, Value]) -> Doing:
    traits = ACTS[name].traits
    places: dict[str, Value] = {
        "issuer": ISSUER,
        "merchant": scene.merchant,
        "terminal": scene.terminal,
    }
    args = {key: value for key, value in places.items() if key in {*traits.params}} | given
    return Doing(scene.pool, uuid4(), scene.clock.now(), args, "ann", "it is so", "ben")


def test_each_act_that_can_be_undone_is_tried() -> None:
    assert set(_ACTS) == {name for name, act in ACTS.items() if act.traits.undoes}
    assert all((act.undo is not None) == act.traits.undoes for act in ACTS.values())


@pytest.mark.parametrize("name", _ACTS)
async def test_it_is_done_once_and_undone(scene: Scene, name: str) -> None:
    given, wrong, after = _ACTS[name]
    if wrong:
        await PLAYS[wrong].wrong(scene)
    before = await in_force(scene)
    act, doing = ACTS[name], _doing(scene, name, given)
    result = await act.do(doing)
    assert await in_force(scene) - before == after
    if name in {"announce_window", "open_circuit"}:
        await act.do(doing)  # under the same id
        assert await in_force(scene) - before == after
    assert act.undo is not None
    later = doing._replace(now=scene.clock.now() + timedelta(minutes=1))
    scene.clock.forward(minutes=2)
    await act.undo(later, result)
    assert await in_force(scene) == before


async def test_letting_an_issuer_go_on_ends_what_holds_it_back(scene: Scene) -> None:
    await PLAYS["voids_fail"].wrong(scene)
    await scene.pool.execute(
        "INSERT INTO circuits (issuer_id, failures, open, next_probe_at) VALUES ($1, 5, true, $2)",
        *(ISSUER, scene.clock.now()),
    )
    for name in ("open_circuit", "pause_retries"):
        await ACTS[name].do(_doing(scene, name, {"minutes": 30}))
    scene.clock.forward(minutes=1)
    result = await ACTS["close_circuit"].do(_doing(scene, "close_circuit", {}))
    assert result["ended"] == 2
    assert await in_force(scene) == {"released 1"}
    assert not await scene.pool.fetchval("SELECT open FROM circuits")


async def test_only_terminals_with_wrong_macs_are_asked_unless_one_is_named(scene: Scene) -> None:
    await PLAYS["keys_out_of_step"].wrong(scene)
    done = await ACTS["ask_sign_in"].do(_doing(scene, "ask_sign_in", {}))
    assert done["asked"] == [[scene.merchant, scene.terminal]]
    other = await scene.pool.fetchrow(
        "SELECT merchant_id, terminal_id FROM terminals WHERE wants = '' ORDER BY 1, 2 LIMIT 1"
    )
    assert other is not None
    named = {"merchant": other["merchant_id"], "terminal": other["terminal_id"]}
    done = await ACTS["ask_sign_in"].do(_doing(scene, "ask_sign_in", named))
    assert done["asked"] == [list(other)]


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("open_circuit", {"minutes": "{answer.minutes}"}),
        ("open_circuit", {"minutes": 0}),
        ("open_circuit", {"minutes": 100_000}),
        ("open_circuit", {"minutes": 30, "issuer": "99999999"}),
        ("allow_refunds", {"minutes": 30, "amount": -1}),
        ("update_software", {"wrong": "1", "right": "1"}),
    ],
)
async def test_what_cannot_be_is_refused(scene: Scene, name: str, given: dict[str, Any]) -> None:
    with pytest.raises((ActRefused, InterventionNotPossible)):
        await ACTS[name].do(_doing(scene, name, given))
    assert not await scene.pool.fetchval("SELECT count(*) FROM interventions")
