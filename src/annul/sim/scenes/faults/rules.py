"""Voids that break a rule of the issuer, which says so in its own way."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Final

from annul.sim.issuer.faults import FaultKind
from annul.sim.scenes.faults.fault import Reach, fault
from annul.sim.scenes.scene import Scene
from annul.sim.scenes.till import Till

Steps = AsyncGenerator[None, None]
_MONTH_S: Final = 30 * 86_400.0
_HOUR_S: Final = 3_600.0


@fault(Reach.VOID, "61", "05", "57", "12", "13")
async def over_the_amount(scene: Scene, till: Till, code: str) -> Steps:
    """The issuer voids up to an amount."""
    sales = [await scene.sale(till, scene.random.randrange(501_00, 900_00)) for _ in range(5)]
    policy = scene.issuer.server.books.policy
    policy.void_amount_limit, policy.codes["void_amount"] = 500_00, code
    await scene.policy("void_amount_limit", 500_00, _MONTH_S)
    yield
    for sale in sales:
        if sale is not None:
            await scene.void(till, sale, "issuer_limit_amount")


@fault(Reach.VOID, "65", "05", "57", "61")
async def over_the_count(scene: Scene, till: Till, code: str) -> Steps:
    """The issuer voids twice a day for a card."""
    card = scene.card()
    sales = [await scene.sale(till, card=card) for _ in range(6)]
    policy = scene.issuer.server.books.policy
    policy.voids_per_day, policy.codes["voids_per_day"] = 2, code
    await scene.policy("voids_per_day", 2, _MONTH_S)
    yield
    for number, sale in enumerate(sales):
        if sale is not None:
            await scene.void(till, sale, "issuer_limit_count" if number >= 2 else "")


@fault(Reach.VOID, "94", "05", "22", "12")
async def too_soon_after_another(scene: Scene, till: Till, code: str) -> Steps:
    """The issuer wants a minute between two voids of a card."""
    card = scene.card()
    sales = [await scene.sale(till, card=card) for _ in range(5)]
    policy = scene.issuer.server.books.policy
    policy.void_interval_s, policy.codes["interval"] = 60.0, code
    await scene.policy("void_interval", 60, _MONTH_S)
    yield
    for number, sale in enumerate(sales):
        if sale is not None:
            await scene.void(till, sale, "repeated_too_soon" if number else "")


@fault(Reach.VOID)
async def pressed_twice(scene: Scene, till: Till, _: str) -> Steps:
    """The first void is still being settled with the issuer when the cashier tries again."""
    sales = await scene.sales(till, 2)
    terminal = till.ids[0]
    held = scene.meets(FaultKind.LOST_REQUEST, of_kind="reversal", left=None, terminal=terminal)
    yield
    for sale in sales:
        scene.meets(FaultKind.LOST_ANSWER, of_kind="void", terminal=terminal)
        await scene.void(till, sale, "timeout")
        await scene.void(till, sale, "repeated_too_soon")
    held.left = 0


@fault(Reach.ISSUER, "12", "05", "25", "57")
async def after_the_window(scene: Scene, till: Till, code: str) -> Steps:
    """The issuer voids within a second of the sale (elsewhere it is minutes)."""
    sales = await scene.sales(till, 5)
    policy = scene.issuer.server.books.policy
    policy.void_window_s, policy.codes["window"] = 1.0, code
    await scene.policy("void_window", 1, _MONTH_S)
    await asyncio.sleep(1.1)
    yield
    for sale in sales:
        await scene.void(till, sale, "outside_void_window")


@fault(Reach.ISSUER, "40", "57", "12", "05", never=True)
async def known_to_do_no_voids(scene: Scene, till: Till, code: str) -> Steps:
    """The issuer has never done voids, and the acquirer knows it."""
    sales = await scene.sales(till, 5)
    policy = scene.issuer.server.books.policy
    policy.void_supported, policy.codes["unsupported"] = False, code
    await scene.policy("void_supported", 0, _MONTH_S)
    yield
    for sale in sales:
        await scene.void(till, sale, "issuer_unsupported")


@fault(Reach.ISSUER, "40", "57", "12", "05", "31", never=True)
async def found_to_do_no_voids(scene: Scene, till: Till, code: str) -> Steps:
    """The issuer does no voids and nobody has written it down; its other answers are good."""
    sales = await scene.sales(till, 6)
    policy = scene.issuer.server.books.policy
    policy.void_supported, policy.codes["unsupported"] = False, code
    yield
    for sale in sales:
        await scene.traffic(2)
        await scene.void(till, sale, "issuer_unsupported")


@fault(Reach.ISSUER, "61", "05", "12", "57")
async def limit_lowered_today(scene: Scene, till: Till, code: str) -> Steps:
    """The issuer has lowered its limit for voids an hour ago."""
    sales = [await scene.sale(till, scene.random.randrange(101_00, 400_00)) for _ in range(5)]
    policy = scene.issuer.server.books.policy
    policy.void_amount_limit, policy.codes["void_amount"] = 100_00, code
    await scene.policy("void_amount_limit", 5_000_00, _MONTH_S)
    await scene.policy("void_amount_limit", 100_00, _HOUR_S)
    yield
    for sale in sales:
        if sale is not None:
            await scene.void(till, sale, "policy_changed")


@fault(Reach.ISSUER, "40", "57", "05", "12")
async def voids_ended_today(scene: Scene, till: Till, code: str) -> Steps:
    """The issuer has stopped to do voids this morning."""
    sales = await scene.sales(till, 5)
    policy = scene.issuer.server.books.policy
    policy.void_supported, policy.codes["unsupported"] = False, code
    await scene.policy("void_supported", 1, _MONTH_S)
    await scene.policy("void_supported", 0, 2 * _HOUR_S)
    yield
    for sale in sales:
        await scene.void(till, sale, "policy_changed")
