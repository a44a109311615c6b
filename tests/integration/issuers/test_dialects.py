"""Dialects out of the database: ours and theirs together, and what is none stops nobody."""

import asyncpg
import pytest
from structlog.testing import capture_logs

from annul.issuers.dialects import read, resolve
from annul.wire.dialects import DIALECTS
from annul.wire.field import Coding
from tests.support.clock import NOON
from tests.support.rows import put

_BANK = 'name = "bank_x"\nextends = "cups"\n[fields.52]\ncoding = "hex"\n'
_BRANCH = 'name = "a_branch"\nextends = "bank_x"\n[fields.48]\nabsent = true\n'


async def _keep(pool: asyncpg.Pool, name: str, document: str, version: int = 1) -> None:
    row = {"name": name, "version": version, "document": document}
    await put(pool, "dialects", row | {"note": "n", "set_by": "boss", "set_at": NOON})


async def test_the_latest_version_counts_and_one_extends_another(pool: asyncpg.Pool) -> None:
    await _keep(pool, "bank_x", _BANK.replace("hex", "bytes"))
    await _keep(pool, "bank_x", _BANK, 2)
    await _keep(pool, "a_branch", _BRANCH)
    known = await read(pool)
    assert known["bank_x"].fields[52].coding is Coding.HEX
    assert known["a_branch"].fields[52].coding is Coding.HEX
    assert 48 not in known["a_branch"].fields
    assert {name: known[name] for name in DIALECTS} == dict(DIALECTS)


async def test_what_is_none_is_reported_and_left_out(pool: asyncpg.Pool) -> None:
    await _keep(pool, "bank_x", "name = ")
    await _keep(pool, "a_branch", _BRANCH)
    await _keep(pool, "sound", _BANK.replace("bank_x", "sound"))
    with capture_logs() as logs:
        known = await read(pool)
    assert known.keys() - DIALECTS.keys() == {"sound"}
    said = {line["dialect"]: line["why"] for line in logs if line["event"] == "dialect_refused"}
    assert "TOML" in said["bank_x"]
    assert "extends" in said["a_branch"]


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ({"cups": _BANK.replace("bank_x", "cups").replace('"cups"\n[', '"iso87_ascii"\n[')}, "own"),
        ({"other": _BANK}, "the name other"),
        (
            {"bank_x": _BANK.replace("cups", "a_branch"), "a_branch": _BRANCH},
            "does not extend it in turn",
        ),
        ({"bank_x": _BANK.replace("cups", "bank_x")}, "in turn"),
    ],
)
def test_what_can_not_stand_is_refused_with_its_reason(texts: dict[str, str], said: str) -> None:
    known = resolve(texts)
    assert known.dialects == DIALECTS
    assert all(said in str(error) for error in known.refused.values())
    assert known.refused.keys() == texts.keys()
