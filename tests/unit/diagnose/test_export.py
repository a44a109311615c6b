"""Another host's export: read line by line, each failed void seen among its neighbours."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from annul.diagnose.export import NEEDED, BadExport, Export, FailedVoid
from annul.diagnose.rank import limits, rank

_COLUMNS = (
    "time",
    "merchant",
    "terminal",
    "batch",
    "trace",
    "kind",
    "amount",
    "code",
    "card",
    "issuer",
    "rrn",
    "original_trace",
    "original_rrn",
    "auth_code",
    "answer_ms",
)
_BEGAN = datetime(2026, 11, 23, 2, tzinfo=UTC)
_CARD = "620001******0007"


def _row(minute: float, kind: str, code: str = "00", **changes: str) -> dict[str, str]:
    """A row of terminal 10000001, card 620001, 100 yuan, so many minutes into the file."""
    return {
        "time": (_BEGAN + timedelta(minutes=minute)).isoformat(),
        "terminal": "10000001",
        "batch": "000001",
        "kind": kind,
        "amount": "100.00",
        "code": code,
        "card": _CARD,
        "issuer": "00000101",
        **changes,
    }


def _lines(rows: Sequence[dict[str, str]], without: Sequence[str] = ()) -> list[str]:
    columns = [name for name in _COLUMNS if name not in without]
    return [",".join(columns), *(",".join(row.get(name, "") for name in columns) for row in rows)]


def _failed(
    *rows: dict[str, str], without: Sequence[str] = (), fen: bool = False
) -> list[FailedVoid]:
    return list(Export(_lines(rows, without), fen=fen).failed())


def _told(failed: FailedVoid) -> dict[str, Any]:
    return {name: fact.value for name, fact in failed.facts}


_SALE = _row(0, "sale", trace="1", rrn="300000000001")
_VOID = _row(9, "void", "05", trace="2", original_trace="1", rrn="300000000002")


@pytest.mark.parametrize("column", NEEDED)
def test_needed_columns_are_named_when_they_lack(column: str) -> None:
    with pytest.raises(BadExport, match=f"no column {column}$"):
        Export(_lines([_SALE], without=[column]))


def test_an_empty_file_has_no_columns() -> None:
    with pytest.raises(BadExport, match="no column time, terminal, trace, kind, amount, code"):
        Export([])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"time": "yesterday"}, "yesterday"),
        ({"amount": "ten"}, "amount 'ten'"),
        ({"amount": "inf"}, "amount 'inf'"),
        ({"amount": "nan"}, "amount 'nan'"),
        ({"answer_ms": "soon"}, "answer_ms 'soon'"),
        ({"answer_ms": "inf"}, "answer_ms 'inf'"),
    ],
)
def test_what_can_not_be_read_is_said_with_its_line(changes: dict[str, str], words: str) -> None:
    lines = _lines([_SALE, _SALE | changes])
    with pytest.raises(BadExport, match=f"^line 3: .*{words}"):
        Export(lines)
    with pytest.raises(BadExport, match=r"^line 4: "):
        Export([lines[0], lines[1], "", lines[2]])


def test_an_open_quote_is_said_with_its_line() -> None:
    with pytest.raises(BadExport, match=r"^line 2: "):
        Export([*_lines([_SALE]), '"' + "x" * 200_000])


@pytest.mark.parametrize(
    ("name", "fails"),
    [
        ("撤销", 1),
        ("消费撤销", 1),
        ("预授权撤销", 1),
        ("Void", 1),
        ("退款", 0),
        ("退货", 0),
        ("消费", 0),
        ("purchase", 0),
    ],
)
def test_kinds_are_known_by_their_names(name: str, fails: int) -> None:
    assert len(_failed(_VOID | {"kind": name})) == fails


@pytest.mark.parametrize(
    ("text", "fen", "amount"),
    [
        ("100", False, 10_000),
        ("0.29", False, 29),
        ("10000", True, 10_000),
        ("-100.00", False, 10_000),
    ],
)
def test_amounts(text: str, fen: bool, amount: int) -> None:
    (failed,) = _failed(_VOID | {"amount": text}, fen=fen)
    assert failed.facts.get("void.amount") == amount


@pytest.mark.parametrize(
    "named",
    [
        {"original_trace": "1"},
        {"original_trace": "000001"},
        {"original_trace": "", "original_rrn": "300000000001"},
        # Some hosts keep the original's reference number with the void.
        {"original_trace": "", "original_rrn": "300000000001", "rrn": "300000000001"},
    ],
)
def test_a_void_is_seen_with_its_original(named: dict[str, str]) -> None:
    (failed,) = _failed(_VOID | named, _SALE)  # order in the file does not matter
    assert (failed.line, failed.trace, failed.terminal) == (2, "000002", "10000001")
    assert (
        _told(failed).items()
        >= {
            "original.found": True,
            "original.state": "approved",
            "original.age": 540.0,
            "original.undone_before": False,
            "original.same_amount": True,
            "original.same_card": True,
            "original.same_batch": True,
            "void.code": "05",
        }.items()
    )
    assert failed.facts.source("void.code") == "line 2.response_code"
    assert failed.facts.source("original.state").startswith("export 300000000001")


def test_a_void_is_never_its_own_original() -> None:
    before = _row(-5, "sale", trace="0", rrn="300000000000")
    (failed,) = _failed(before, _VOID | {"original_rrn": "300000000002"})
    assert _told(failed).get("original.found") is False
    assert "original.state" not in _told(failed)


def test_of_two_sales_with_one_trace_the_latest_before_is_meant() -> None:
    (failed,) = _failed(
        _row(-2000, "sale", trace="1", amount="7"),
        _row(-1990, "void", trace="9", original_trace="1", amount="7"),
        _SALE,
        _VOID,
        _row(20, "sale", trace="1", amount="8"),
    )
    told = _told(failed)
    assert told["original.amount"] == 10_000
    assert told["original.undone_before"] is False
    assert told["void.earlier_attempts"] == 0


@pytest.mark.parametrize(
    "undoing",
    [
        _row(3, "void", trace="7", original_trace="1"),
        _row(3, "退货", trace="7", original_rrn="300000000001", terminal="10000009"),
    ],
)
@pytest.mark.parametrize("code", ["22", "05", "12"])
def test_already_undone_is_found(undoing: dict[str, str], code: str) -> None:
    (failed,) = _failed(_SALE, undoing, _VOID | {"code": code})
    assert failed.facts.get("original.undone_before") is True
    assert rank(failed.facts)[0].cause.name == "already_undone"


@pytest.mark.parametrize(
    ("sale", "cause"),
    [
        ({"code": "51"}, "original_declined"),
        ({"code": "98"}, "original_unfinished"),  # nobody knows whether money was taken
        ({"code": ""}, "original_unfinished"),
        ({"amount": "90"}, "original_mismatch"),
        ({"card": "620002******0007"}, "original_mismatch"),
        ({"trace": "0"}, "original_not_found"),  # the file reaches back beyond the number named
    ],
)
def test_the_original_tells_the_cause(sale: dict[str, str], cause: str) -> None:
    (failed,) = _failed(_SALE | sale, _VOID)
    assert rank(failed.facts)[0].cause.name == cause


def test_a_sale_from_before_the_file_is_not_taken_for_one_that_never_was() -> None:
    (failed,) = _failed(_row(1, "sale", trace="5"), _VOID)
    assert failed.facts.get("original.found") is None


def test_kinds_that_annul_does_not_know_are_left_out_and_counted() -> None:
    export = Export(_lines([_SALE, _row(1, "tea"), _row(2, "tea"), _VOID]))
    assert export.left_out == {"tea": 2}
    assert [failed.line for failed in export.failed()] == [5]


def test_a_reversal_undoes_what_has_its_trace() -> None:
    (failed,) = _failed(_SALE, _row(1, "冲正", trace="1"), _VOID)
    assert rank(failed.facts)[0].cause.name == "already_undone"
    (failed,) = _failed(_SALE, _VOID | {"code": "00"}, _row(10, "reversal", trace="2"))
    assert failed.facts.get("void.reversed_by") == "terminal"


@pytest.mark.parametrize("without", [(), ("original_trace", "original_rrn")])
def test_a_void_that_names_no_original_is_not_taken_for_one_without(
    without: tuple[str, ...],
) -> None:
    (failed,) = _failed(_SALE, _VOID | {"original_trace": ""}, without=without)
    assert failed.facts.get("original.found") is None
    assert "original_not_found" in limits(failed.facts)


@pytest.mark.parametrize("code", ["", "98", "68"])
def test_silence_is_no_code(code: str) -> None:
    (failed,) = _failed(_SALE, _VOID | {"code": code})
    told = _told(failed)
    assert told["void.why"] == "timed_out"
    assert not {"void.code", "issuer.same_code_share_recent", "voids.refused"} & set(told)


def test_the_issuers_answers_to_others_are_counted() -> None:
    def others(issuer: str, codes: Sequence[str]) -> list[dict[str, str]]:
        return [
            _row(9 + number / 60, "sale", code, issuer=issuer, trace=str(50 + number))
            for number, code in enumerate(codes)
        ]

    rows = [_SALE, _VOID | {"code": "91"}, *others("00000102", ["00"] * 8)]
    (failed,) = _failed(*rows, *others("00000101", ["91", "91", "", "00"]))
    told = _told(failed)
    assert told["issuer.requests_recent"] == 4
    assert told["issuer.fault_share_recent"] == told["issuer.same_code_share_recent"] == 0.5
    assert told["issuer.silent_share_recent"] == told["issuer.approval_share_recent"] == 0.25


def test_voids_of_the_same_issuer_are_compared_once_each() -> None:
    def void(minute: float, code: str, last: str, **changes: str) -> dict[str, str]:
        return _row(minute, "void", code, card=f"620001******{last}", **changes)

    *_, failed = _failed(
        void(1, "05", "0001"),
        void(2, "05", "0001"),  # again
        void(3, "05", "0002"),
        void(4, "00", "0003"),
        void(5, "05", "0004", issuer="00000102"),
        _row(6, "void", "05", card="620002******0005"),
        void(-60, "05", "0006"),
        _SALE,
        _VOID,
    )
    told = _told(failed)
    assert told["voids.refused"] == 4
    assert told["voids.passed"] == 1


def test_the_cards_own_day() -> None:
    (failed,) = _failed(
        _row(-1500, "sale", "51"),
        _row(-3, "sale", "41"),
        _row(-2, "sale", "98"),
        _row(-1, "void", "00", original_trace="90"),
        _SALE,
        _VOID,
        _row(20, "sale"),
    )
    assert (
        _told(failed).items()
        >= {
            "card.other_declines": 1,
            "card.other_decline_code": "41",
            "card.voids_today": 1,
            "card.approved_after": True,
        }.items()
    )


def test_an_export_with_the_least_columns_still_answers() -> None:
    without = [name for name in _COLUMNS if name not in NEEDED]
    others = [_row(minute, "sale", "96", trace=str(minute)) for minute in range(5, 15)]
    (failed,) = _failed(_SALE, *others, _VOID | {"code": "96"}, without=without)
    assert failed.facts.get("issuer.fault_share_recent") > 0.5
    assert not {"original.found", "card.voids_today"} & {name for name, _ in failed.facts}
    assert rank(failed.facts)[0].cause.name == "issuer_down"


def test_what_no_export_can_tell_is_reported() -> None:
    (failed,) = _failed(_SALE, _VOID)
    assert not failed.facts.get("void.sent")
    assert {"issuer.slow_share_recent", "issuer.link_drops", "void.why", "host.refused"} <= set(
        failed.facts.missing()
    )
    untold = limits(failed.facts)
    assert "void.why" in untold["keys_out_of_step"]
    assert "issuer.rule_broken" in untold["issuer_limit_amount"]
    assert not {"original_declined", "already_undone"} & set(untold)
