"""Addresses: what is one, and that nothing secret of one is ever said."""

import pytest

from annul.domain.notices import CHANNEL_KINDS, BadChannel, ChannelKind
from annul.operate.notices.sending import _safe, check


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("mailtos://duty:s3cret-word@smtp.bank.cn/?from=a@bank.cn&to=b@bank.cn", ChannelKind.MAIL),
        ("dingtalk://1a2b3c@4d5e6f/", ChannelKind.DINGTALK),
        ("wecombot://1a2b-3c4d", ChannelKind.WECOM),
        ("feishu://1a2b-3c4d", ChannelKind.FEISHU),
        ("jsons://tell.bank.cn/annul", ChannelKind.PROGRAM),
    ],
)
def test_addresses(address: str, kind: ChannelKind):
    assert check(address) is kind


@pytest.mark.parametrize(
    "address",
    [
        "",
        "syslog://",
        "dingtalk://",
        "mailto://",
        "wecombot://not a key",
        "json://host/\n",
        "jsons://host/" + "x" * 2_000,
    ],
)
def test_what_is_no_address(address: str):
    with pytest.raises(BadChannel):
        check(address)


def test_a_wrong_address_is_told_by_an_example_and_without_its_secret():
    with pytest.raises(BadChannel) as refused:
        check("dingtalk://se-cret-1@token-that-is-secret/")
    said = str(refused.value)
    assert CHANNEL_KINDS[ChannelKind.DINGTALK].example in said
    assert "se-cret-1" not in said
    assert "token-that-is-secret" not in said


def test_errors_lose_tokens_and_passwords_in_any_form():
    address = "mailtos://duty:s3cret%2Fword@smtp.bank.cn:465/?to=b@bank.cn"
    said = _safe(["535 s3cret/word at smtp.bank.cn:465", "s3cret%2Fword"], address)
    assert "s3cret" not in said
    assert "smtp.bank.cn:465" in said
    assert "abcdef" not in _safe(["url: /send?access_token=abcdef"], "dingtalk://abcdef/")
