"""A share of `make fuzz`: every answer is spoilt, and each sale ends as it is booked."""

from pathlib import Path

import pytest

from tests.support.fuzz import fuzz


@pytest.mark.parametrize("mac", [False, True], ids=["without a MAC", "with a MAC"])
async def test_each_sale_ends_as_it_is_booked(database: str, tmp_path: Path, mac: bool) -> None:
    found = await fuzz(database, tmp_path, sales=1_500, seed=20_261_127, mac=mac)
    assert found.holds, found
    assert found.answers >= 1_500
    assert found.states["reversed"] > 100
    assert found.indistinguishable <= (0 if mac else 5), found
    assert found.least_gap_s == 0.0 or found.least_gap_s >= 1.0, found
