"""The issuers as the host loads them, each with the profile of its link."""

import asyncpg

from annul.domain.link_profile import USUAL, LinkProfile
from annul.issuers import directory
from annul.security.software import SoftwareModule
from annul.sim.demo import DemoPlan, seed


async def test_a_profile_is_loaded_with_its_issuer(pool: asyncpg.Pool) -> None:
    await seed(pool, SoftwareModule(bytes(32)), DemoPlan((1, 2)))
    before = await directory.read(pool)
    assert {issuer.profile for issuer in before.issuers} == {USUAL}
    changed = before.issuers[0].issuer_id
    await pool.execute(
        "UPDATE issuers SET profile = $2 WHERE issuer_id = $1",
        changed,
        {"network_mti": "0800", "left_out": [33], "codes": {"A1": "00"}},
    )
    profiles = {issuer.issuer_id: issuer.profile for issuer in (await directory.read(pool)).issuers}
    assert profiles.pop(changed) == LinkProfile("0800", left_out=(33,), codes={"A1": "00"})
    assert set(profiles.values()) == {USUAL}


async def test_a_profile_without_sense_switches_its_issuer_off_and_no_other(
    pool: asyncpg.Pool,
) -> None:
    await seed(pool, SoftwareModule(bytes(32)), DemoPlan((1, 2)))
    wrong = (await directory.read(pool)).issuers[0].issuer_id
    await pool.execute(
        "UPDATE issuers SET profile = $2 WHERE issuer_id = $1", wrong, {"network_mti": "0900"}
    )
    loaded = (await directory.read(pool)).issuers
    assert {issuer.issuer_id for issuer in loaded if not issuer.active} == {wrong}
