"""`annul decode` and `annul encode`: each the inverse of the other, also over the real dumps."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from annul.cli import application
from annul.wire.codec import Codec
from annul.wire.dialects import DIALECTS
from tests.support import samples

PAN = "6200019876543217"
_BODY = Codec(DIALECTS["unionpay_pos"]).encode(
    "0200", {2: PAN, 4: "000000010000", 11: "000123", 60: "22000001", 63: "CUP余额不足"}
)
_HEAD = "6000030000603100311000"


def _run(*words: str, given: str | None = None) -> Result:
    return CliRunner().invoke(application, list(words), input=given)


def test_a_table_for_people_is_masked() -> None:
    result = _run("decode", "-", given=_HEAD + _BODY.hex())
    assert result.exit_code == 0
    for words in ("620001******3217", "交易金额", "amount", "60.2", "批次号", "余额不足", _HEAD):
        assert words in result.stdout
    assert PAN not in result.output


def test_json_for_scripts_and_back() -> None:
    result = _run("decode", "--json", "-", given=_HEAD + _BODY.hex())
    decoded = json.loads(result.stdout)
    assert (decoded["mti"], decoded["leftover"]) == ("0200", "")
    assert decoded["fields"]["2"] == PAN
    assert PAN not in _run("decode", "--json", "--masked", "-", given=_BODY.hex()).stdout
    back = _run("encode", "-", given=result.stdout)
    assert back.stdout.strip() == _HEAD + _BODY.hex().upper()


@pytest.mark.parametrize("raw", [True, False])
def test_a_file_of_bytes_or_of_hexadecimal(tmp_path: Path, raw: bool) -> None:
    file = tmp_path / "message"
    file.write_bytes(_BODY if raw else _BODY.hex(" ").encode())
    assert json.loads(_run("decode", "--json", str(file)).stdout)["mti"] == "0200"


@pytest.mark.parametrize("given", ["0200", "nonsense", _BODY.hex()[:-8], ""])
def test_what_cannot_be_read_exits_with_2(given: str) -> None:
    result = _run("decode", "--json", given)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("annul: ")


@pytest.mark.parametrize("given", ["nonsense", "{}", '{"mti": "0200", "fields": {"3": "x"}}', "[]"])
def test_what_cannot_be_built_exits_with_2(given: str) -> None:
    assert _run("encode", given).exit_code == 2


def test_an_unknown_dialect_or_override_is_named() -> None:
    assert "no dialect" in _run("decode", "--dialect", "x", "00").stderr
    assert "no override" in _run("decode", "--override", "x", "00").stderr


@pytest.mark.parametrize("row", samples.parameters("unionpay_messages.jsonl"))
def test_real_dumps(row: dict[str, Any]) -> None:
    result = _run("decode", "--json", "-", given=row["hex"])
    if row["not_decodable"]:
        assert result.exit_code == 2
        assert "expected" in result.stderr
        return
    decoded = json.loads(result.stdout)
    assert decoded["leftover"] == row["leftover"]
    assert decoded["mti"] == row["fields"]["0"]
    assert set(decoded["fields"]) == {n for n in row["fields"] if n not in {"0", "bitmap"}}
    back = _run("encode", "-", given=result.stdout).stdout.strip()
    assert row["hex"].upper().endswith(back)
    assert len(row["hex"]) - len(back) in {0, 4}  # a length before it says nothing new
    assert _run("decode", "-", given=row["hex"]).exit_code == 0


def test_card_data_in_the_command_is_refused() -> None:
    for words in (
        ("decode", _HEAD + _BODY.hex()),
        ("encode", json.dumps({"mti": "0200", "fields": {"2": PAN}})),
        ("diagnose", "--request", _BODY.hex()),
    ):
        result = _run(*words)
        assert (result.exit_code, result.stdout) == (2, "")
        assert "everybody on this machine reads" in result.stderr
        assert PAN not in result.output
