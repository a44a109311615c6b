"""The acquirer's own bank as it is set up."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from annul.settle.house_bank import HouseBank

_ZONE = ZoneInfo("Asia/Shanghai")
_SET = {"name": "Acquirer", "bank": "102100099996"}


@pytest.mark.parametrize(
    ("now", "last"),
    [
        (datetime(2026, 9, 28, 0, 59, tzinfo=UTC), datetime(2026, 9, 27, 15, 30, tzinfo=UTC)),
        (datetime(2026, 9, 28, 1, 0, tzinfo=UTC), datetime(2026, 9, 28, 1, 0, tzinfo=UTC)),
        (datetime(2026, 9, 28, 16, 30, tzinfo=UTC), datetime(2026, 9, 28, 15, 30, tzinfo=UTC)),
    ],
)
def test_the_latest_time_of_the_schedule(now: datetime, last: datetime) -> None:
    house = HouseBank.model_validate(_SET | {"account": "1020000001"})
    assert house.last_time(now, _ZONE) == last


def test_the_account_comes_from_a_file_or_the_environment_and_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / "account").write_text("1020000001\n")
    house = HouseBank.model_validate(_SET | {"account_file": tmp_path / "account"})
    assert house.number() == "1020000001"
    assert "1020000001" not in repr(HouseBank.model_validate(_SET | {"account": "1020000001"}))
    for wrong in ({}, {"account": "1", "account_file": tmp_path}):
        with pytest.raises(ValidationError, match="account_file"):
            HouseBank.model_validate(_SET | wrong)
