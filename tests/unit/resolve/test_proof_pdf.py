"""The printable proof: local time, currency by name, no note as the explanation."""

from typing import Any
from zoneinfo import ZoneInfo

from annul.domain.standing import Standing, told
from annul.resolve.proof_pdf import Print, render
from tests.support.pdf import lines_of

_ROW: dict[str, Any] = {
    "id": "a",
    "kind": "sale",
    "state": "approved",
    "sent": "answered",
    "rrn": "300000000002",
    "trace": "000002",
    "issuer_trace": "",
    "batch": "000001",
    "amount": 8_535,
    "currency": "156",
    "response_code": "00",
    "auth_code": "140891",
    "why": "",
    "late_code": "",
    "received_at": "2026-11-26 18:30:00+00:00",
}
_VOID = _ROW | {
    "id": "b",
    "kind": "void",
    "state": "declined",
    "rrn": "300000000003",
    "trace": "000003",
    "response_code": "96",
    "auth_code": "",
}
_CASE: dict[str, Any] = {
    "id": "b",
    "original_id": "a",
    "number": "300000000003",
    "kind": "void",
    "ended": "refused",
    "step": "ended_refused",
    "amount": 8_535,
    "currency": "156",
    "card_masked": "620001******0007",
    "merchant_id": "898000058120000",
    "terminal_id": "10000001",
    "issuer_id": "00000101",
    "opened_at": "2026-11-26 18:30:01+00:00",
    "ended_at": "2026-11-26 18:31:00+00:00",
    "cause": "timeout",
    "confirmed": "",
}


def _event(what: str, who: str, zh: str, en: str) -> dict[str, Any]:
    at = "2026-11-26T18:30:05+00:00"
    return {"at": at, "who": who, "what": what, "why": {"zh": zh, "en": en}, "evidence": {}}


_PROOF: dict[str, Any] = {
    "money": told(Standing.STANDS, "void")._asdict(),
    "case": _CASE,
    "made_at": "2026-11-26 19:00:00+00:00",
    "chain": {"broken_at": None, "head": "ab" * 32},
    "names": {
        "merchant": ["示例茶馆", "Example Tea House"],
        "issuer": ["示例银行", "Example Bank"],
    },
    "timeline": [
        _event("ended_refused", "annul", "结案原因", "the reason of the end"),
        _event("note", "mei", "内部备注", "call me about this one"),
    ],
    "transactions": [_ROW, _VOID],
    "messages": [],
    "ledger": [],
    "proved": [
        {
            "transaction_id": "a",
            "file": "IND26112601ACOM",
            "digest": "cd" * 32,
            "settles_on": "2026-11-26",
            "line": 17,
            "proves": "done",
            "was": "unknown",
            "by_people": False,
            "found_at": "2026-11-26 18:40:00+00:00",
            "discarded_at": None,
        }
    ],
    "told": [],
    "diagnosis": None,
}


def _text(**how: Any) -> str:
    return "\n".join(lines_of(render(_PROOF, Print(ZoneInfo("Asia/Shanghai"), **how))))


def test_it_is_in_local_time_with_names_and_currency() -> None:
    text = _text(phone="400 800 0000")
    for said in ("2026-11-27 02:30:00", "Asia/Shanghai (UTC+08:00)", "CNY 85.35", "Example Bank"):
        assert said in text, said
    for said in ("Example Tea House", "140891", "000003", "Not voided", "未撤销", "400 800 0000"):
        assert said in text, said
    assert "(156)" not in text
    assert "ended_refused" not in text
    assert text.index("Not voided") < text.index("Where the money is") < text.index("140891")


def test_it_names_the_file_and_the_line_that_proved_it() -> None:
    text = _text()
    part = text[text.index("Proved by clearing files") : text.index("Who was told")]
    for said in ("IND26112601ACOM", "17", "2026-11-26", "it was done"):
        assert said in part, said
    assert "cd" * 32 in part.replace("\n", "")


def test_a_note_explains_nothing_and_is_there_when_it_is_wanted() -> None:
    plain, whole = _text(), _text(notes=True)
    assert "the reason of the end" in plain
    assert "call me" not in plain
    assert "mei" not in plain
    assert "call me about this one" in whole
    assert whole.index("the reason of the end") < whole.index("call me")


def test_the_same_proof_gives_the_same_bytes() -> None:
    assert render(_PROOF) == render(_PROOF)
