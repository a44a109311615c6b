"""`annul diagnose`: of two messages, of another host's export, of a void in the database."""

import asyncio
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from annul.cli import application
from annul.diagnose.causes import CAUSES
from annul.diagnose.facts import FACTS
from annul.wire.codec import Codec
from annul.wire.dialects import DIALECTS

PAN = "6200019876543217"
_POS = Codec(DIALECTS["unionpay_pos"])
_HEAD = "6000030000603100311000"
_REQUEST = (
    _HEAD
    + _POS.encode(
        "0200",
        {
            2: PAN,
            3: "200000",
            4: "000000010000",
            11: "000123",
            22: "021",
            25: "00",
            37: "300000000001",
            41: "10000001",
            42: "898000058120000",
            49: "156",
            60: "23000001000",
            61: "0000010001221123",
        },
    ).hex()
)
_SALE = _HEAD + _POS.encode("0200", {3: "000000", 25: "00", 60: "22000001000"}).hex()
_NO_CODE = _HEAD + _POS.encode("0210", {3: "200000", 11: "000123"}).hex()
_EXPORT = """\
time,terminal,trace,kind,amount,code,original_trace,card
2026-11-23T10:00:00+08:00,10000001,1,消费,100.00,00,,620001******3217
2026-11-23T10:05:00+08:00,10000001,2,消费撤销,100.00,00,1,620001******3217
2026-11-23T10:09:00+08:00,10000001,3,消费撤销,100.00,22,1,620001******3217
2026-11-23T10:10:00+08:00,10000001,4,消费撤销,90.00,25,9,620001******3217
"""


def _response(code: str) -> str:
    return _HEAD + _POS.encode("0210", {3: "200000", 11: "000123", 39: code}).hex()


def _run(*words: str) -> Result:
    """Run it; messages come in files, since they hold a card."""
    with TemporaryDirectory() as name:
        given = [_laid_down(Path(name) / str(at), word) for at, word in enumerate(words)]
        known = {"LC_ALL": "C", "LANG": "C"}
        return CliRunner().invoke(application, ["diagnose", *given], env=known)


def _laid_down(file: Path, word: str) -> str:
    if not word.startswith(_HEAD):
        return word
    file.write_text(word)
    return str(file)


def _diagnosed(*words: str, code: str = "40") -> dict[str, Any]:
    result = _run("--request", _REQUEST, "--response", _response(code), "--json", *words)
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def _file(folder: Path, text: str | bytes) -> str:
    file = folder / "given"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(file)


# Two messages --------------------------------------------------------------------------------


def test_programs_get_every_cause_with_all_that_goes_with_it() -> None:
    diagnosed = _diagnosed()
    causes = diagnosed["causes"]
    assert {cause["cause"] for cause in causes} == set(CAUSES)
    probabilities = [cause["probability"] for cause in causes]
    assert probabilities == sorted(probabilities, reverse=True)
    assert sum(probabilities) == pytest.approx(1.0, abs=0.01)
    for cause in causes:
        assert set(cause["next_step"]) == {"customer", "cashier", "support", "system"}
        assert cause["retry_safe"] is CAUSES[cause["cause"]].retry_safe
        assert cause["money"]["zh"]
        assert cause["money"]["en"]
    first = causes[0]
    assert first["cause"] == "issuer_unsupported"
    assert first["evidence"][0]["sources"] == ["response field 39"]
    assert diagnosed["facts"]["void.amount"] == {"value": 10_000, "source": "request field 4"}
    assert set(diagnosed["facts"]) | set(diagnosed["missing"]) == set(FACTS)
    assert diagnosed["could_not_be_told"]["already_undone"]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_one_language_when_it_is_asked_for(language: str) -> None:
    first = _diagnosed("--lang", language)["causes"][0]
    texts = [first["title"], first["money"], *first["next_step"].values()]
    assert texts == [text for text in texts if isinstance(text, str)]
    assert all(text.isascii() is (language == "en") for text in texts)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh", ("发卡行不支持撤销", "收银员: ", "客服: ", "系统: ", "不要重试", "缺少的事实")),
        (
            "en",
            (
                "The issuer does not support voids",
                "cashier: ",
                "support: ",
                "system: ",
                "do not retry",
                "missing facts",
            ),
        ),
    ],
)
def test_people_read_the_first_causes(language: str, words: tuple[str, ...]) -> None:
    result = _run("--request", _REQUEST, "--response", _response("40"), "--lang", language)
    assert result.exit_code == 0
    assert [line[:2] for line in result.stdout.splitlines() if line[:1].isdigit()] == [
        "1.",
        "2.",
        "3.",
    ]
    for word in words:
        assert word in result.stdout
    assert PAN not in result.output


def test_no_response_is_a_time_out() -> None:
    result = _run("--request", _REQUEST, "--json")
    assert json.loads(result.stdout)["causes"][0]["cause"] == "timeout"


def test_facts_of_a_file_change_the_answer(tmp_path: Path) -> None:
    facts = {
        "issuer.rule_broken": "void_amount_limit",
        "issuer.void_amount_limit": 5_000,
        "issuer.rule_changed": 9e6,
        "issuer.allowed_before_change": True,
        "void.amount": {"value": 9_900, "source": "slip"},
    }
    file = _file(tmp_path, json.dumps(facts))
    assert _diagnosed(code="05")["causes"][0]["cause"] != "issuer_limit_amount"
    diagnosed = _diagnosed("--facts", file, "--lang", "en", code="05")
    first = diagnosed["causes"][0]
    assert first["cause"] == "issuer_limit_amount"
    assert "CNY 99.00 is over the issuer's limit CNY 50.00" in first["evidence"][0]["text"]
    assert diagnosed["facts"]["void.amount"] == {"value": 9_900, "source": "slip"}
    assert diagnosed["facts"]["issuer.rule_broken"]["source"] == "given"


# An export -----------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_every_failed_void_of_an_export(tmp_path: Path, encoding: str) -> None:
    file = _file(tmp_path, _EXPORT.encode(encoding))
    result = _run("--csv", file, "--json", "--lang", "zh")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert [(one["line"], one["trace"], one["causes"][0]["cause"]) for one in found] == [
        (4, "000003", "already_undone"),
        (5, "000004", "original_not_found"),
    ]
    assert found[0]["causes"][0]["title"] == CAUSES["already_undone"].title.zh
    assert found[0]["facts"]["original.found"]["value"] is True


def test_an_export_for_people_and_with_further_facts(tmp_path: Path) -> None:
    file = _file(tmp_path, _EXPORT.replace("100.00", "10000").replace("90.00", "9000"))
    result = _run("--csv", file, "--fen")
    assert result.exit_code == 0, result.stderr
    assert "given:4  10000001 000003" in result.stdout
    assert "the original is voided" in result.stdout
    facts = tmp_path / "facts"
    facts.write_text('{"original.found": true, "void.why": "kind_not_enabled"}')
    more = _run("--csv", file, "--fen", "--json", "--facts", str(facts))
    assert json.loads(more.stdout)[1]["causes"][0]["cause"] == "terminal_misconfigured"


# What can not be done --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said", "advice"),
    [
        ([], "nothing to diagnose", "--request and --response, or --csv"),
        (["--response", "00"], "nothing to diagnose", "--request"),
        (["--request", "tea"], "neither hexadecimal nor a file", "hexadecimal"),
        (["--request", ""], "at least", "dialect's table"),
        (["--request", _REQUEST[:-8]], "expected", "dialect's table"),
        (["--request", _REQUEST, "--dialect", "x"], "no dialect x", "hexadecimal"),
        (["--request", _SALE], "is no void", "MTI 0200"),
        (["--request", _REQUEST, "--response", _NO_CODE], "no field 39", "answer to the void"),
        (["--csv", "/nowhere/export.csv"], "/nowhere/export.csv", "columns"),
        (["--request", _REQUEST, "--facts", "/nowhere/facts"], "/nowhere/facts", "JSON object"),
    ],
)
def test_an_error_says_what_to_do(words: list[str], said: str, advice: str) -> None:
    _refused(_run(*words), said, advice)


def _refused(result: Result, said: str, advice: str) -> None:
    assert (result.exit_code, result.stdout) == (2, "")
    trouble, _, next_step = result.stderr.partition("\n")
    assert trouble.startswith("annul: ")
    assert said in trouble
    assert advice in next_step


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", ""),
        ("{", ""),
        (b"\xff\xfe", ""),
        ('{"void.colour": "red"}', "no fact is called void.colour"),
        ('{"void.code": null}', "void.code has no value"),
        ('{"void.amount": NaN}', "void.amount has no value"),
        ('{"terminal.reversals": "many"}', "terminal.reversals"),
        ('{"issuer.slow_share_recent": "5%"}', "issuer.slow_share_recent"),
    ],
)
def test_a_file_of_facts_that_can_not_be_read(tmp_path: Path, text: str | bytes, said: str) -> None:
    facts = _file(tmp_path, text)
    _refused(_run("--request", _REQUEST, "--facts", facts), said, "JSON object")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no column time"),
        (_EXPORT.replace("kind", "what"), "no column kind"),
        (_EXPORT.replace(",90.00,", ",ninety,"), "line 5: "),
        (b"\xff\xff\xff", "can't decode"),
    ],
)
def test_an_export_that_can_not_be_read(tmp_path: Path, text: str | bytes, said: str) -> None:
    _refused(_run("--csv", _file(tmp_path, text), "--json"), said, "columns in the guide")


def test_lines_of_unknown_kinds_are_left_out_and_said(tmp_path: Path) -> None:
    result = _run("--csv", _file(tmp_path, _EXPORT.replace("消费撤销", "茶", 1)), "--json")
    assert result.exit_code == 0
    assert "left out, kinds that are not known: 茶 1" in result.stderr


# A void in the database ------------------------------------------------------------------------


async def test_a_void_that_the_database_has_or_has_not(database: str, pool: Any) -> None:
    await pool.execute(
        "INSERT INTO refusals (merchant_id, id, terminal_id, kind, batch, trace, rrn, amount,"
        " response_code, rule, received_at, business_date)"
        " VALUES ('898000058120000', gen_random_uuid(), '10000001', 'void', '000001', '000009',"
        " '300000000009', 10000, 'A0', 'mac_wrong', now(), current_date)"
    )

    async def ask(number: str) -> Result:
        return await asyncio.to_thread(_run, number, f"--database={database}", "--json")

    found = await ask("300000000009")
    assert found.exit_code == 0, found.stderr
    assert json.loads(found.stdout)["causes"][0]["cause"] == "keys_out_of_step"
    _refused(await ask("300000000008"), "no void 300000000008", "stands on the slip")


def test_a_database_that_does_not_answer() -> None:
    result = _run("300000000009", "--database=postgresql://127.0.0.1:1/annul")
    _refused(result, "no database answers", "annul up")
