"""Mail addresses: exactly one, and nothing else; how one is shown."""

import pytest

from annul.domain.letters import BadMail, mail_address, shown


@pytest.mark.parametrize("text", ["lei@bank.cn", " lei.wu+annul@mail.bank.cn ", "a@b.example"])
def test_addresses(text: str) -> None:
    assert mail_address(text) == text.strip()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "lei",
        "lei@bank",
        "lei@bank.cn,min@bank.cn",
        "lei@bank.cn;min@bank.cn",
        "lei wu@bank.cn",
        "Lei <lei@bank.cn>",
        "lei@bank.cn\nBcc: min@bank.cn",
        "lei@bank.cn\x00",
        "吴@bank.cn",
        f"{'x' * 250}@bank.cn",
    ],
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(BadMail):
        mail_address(text)


def test_an_address_is_shown_so_that_its_owner_knows_it() -> None:
    assert shown("lei.wu@bank.cn") == "l…@bank.cn"
