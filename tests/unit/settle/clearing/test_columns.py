"""What columns mean: declared, kept as JSON, guessed by their heads."""

import json

import pytest

from annul.settle.clearing.columns import ColumnMap, guess, missing
from annul.settle.clearing.meanings import Meaning
from annul.settle.clearing.rows import ClearingUnreadable

_ZH = ["商户号", "商户名称", "终端号", "交易日期", "交易时间", "交易类型", "交易卡号",
       "交易金额(元)", "手续费(元)", "参考号", "流水号", "授权码", "清算日期", "币种", "原流水号",
       "应答码"]  # fmt: skip


def test_chinese_heads_are_known() -> None:
    found = guess(_ZH)
    assert found.columns == {
        "merchant_id": "商户号",
        "terminal_id": "终端号",
        "sent_on": "交易日期",
        "sent_at": "交易时间",
        "kind": "交易类型",
        "card": "交易卡号",
        "amount": "交易金额(元)",
        "fee": "手续费(元)",
        "rrn": "参考号",
        "trace": "流水号",
        "auth_code": "授权码",
        "settles_on": "清算日期",
        "currency": "币种",
        "original_trace": "原流水号",
        "code": "应答码",
    }
    assert found.unit == "major"
    assert missing(found) == ()


def test_english_heads_are_known_however_they_are_written() -> None:
    heads = ["Merchant ID", "terminal_no", "STAN", "RRN", "Auth Code", "Card Number", "Txn-Type",
             "Amount", "Transaction Date", "settlement date"]  # fmt: skip
    assert guess(heads, [["M", "T", "1", "2", "3", "", "sale", "12.30", "", ""]]).columns == dict(
        zip(
            ("merchant_id", "terminal_id", "trace", "rrn", "auth_code", "card", "kind", "amount",
             "sent_on", "settles_on"),
            heads,
            strict=True,
        )
    )  # fmt: skip


@pytest.mark.parametrize(
    ("head", "samples", "unit"),
    [
        ("金额（分）", [], "minor"),
        ("交易金额/元", [], "major"),
        ("Amount (CNY)", [], "major"),
        ("amount_fen", [], "minor"),
        ("金额", ["12.30", "100"], "major"),
        ("金额", ["000000001230", "000000000100"], "minor"),
        ("金额", ["1230", "100"], ""),
        ("金额", [], ""),
    ],
)
def test_the_unit_is_guessed_only_where_it_is_plain(
    head: str, samples: list[str], unit: str
) -> None:
    assert guess([head], [[one] for one in samples]).unit == unit


def test_of_an_originals_number_none_is_made_for_the_row() -> None:
    assert guess(["原交易流水号", "金额"]).columns == {
        "original_trace": "原交易流水号",
        "amount": "金额",
    }
    assert "trace" not in guess(["原始POS流水号"]).columns


def test_what_is_missing_is_said() -> None:
    said = missing(guess(["商户号", "备注"]))
    assert [text.en for text in said] == [
        "the column of the amount",
        "the unit of amounts: major or minor",
        "a column of the reference number, the trace or the authorisation code",
    ]
    assert all(text.zh for text in said)


def test_a_map_is_kept_as_json() -> None:
    words = {"入账": Meaning("sale", None), "退单": Meaning("", guess([]).meaning("退货").effect)}  # type: ignore[union-attr]
    columns = ColumnMap(
        {"amount": "金额", "rrn": "参考号"},
        unit="minor",
        words=words,
        negative="refused",
        fee_sign=-1,
        dates="%d.%m.%Y",
        head=3,
        delimiter=";",
        encoding="gb18030",
    )
    assert ColumnMap.of_json(json.loads(json.dumps(columns.as_json()))) == columns


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"columns": []},
        {"columns": {"cvv": "CVV"}},
        {"columns": {}, "unit": "cent"},
        {"columns": {}, "words": {"x": ["sale", "stolen"]}},
        {"columns": {}, "words": {"x": "sale"}},
        {"columns": {}, "delimiter": ""},
        {"columns": {}, "head": 0},
        {"columns": {}, "head": "1"},
        {"columns": {}, "encoding": "utf-16"},
        {"columns": {}, "fee_sign": 2},
        {"columns": {}, "more": 1},
        {"columns": {}, "currency": 156},
    ],
)
def test_what_is_no_map_is_refused(told: dict[str, object]) -> None:
    with pytest.raises(ClearingUnreadable):
        ColumnMap.of_json(told)


@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        ("消费", ("sale", "taken")),
        ("Sale", ("sale", "taken")),
        ("消费撤销", ("void", "given_back")),
        ("退货", ("refund", "given_back")),
        ("退款", ("refund", "given_back")),
        ("预授权完成", ("completion", "taken")),
        ("预授权完成撤销", ("completion_void", "given_back")),
        ("消费冲正", ("sale", "reversed")),
        ("消费撤销冲正", ("void", "returned")),
        ("预授权", ("preauth", None)),
        ("服务费", ("", "fee")),
        ("红包", None),
    ],
)
def test_words_of_kinds(word: str, meaning: tuple[str, str | None] | None) -> None:
    assert ColumnMap({}).meaning(word) == meaning
