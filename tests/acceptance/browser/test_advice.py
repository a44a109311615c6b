"""One tap whether the advice helped: on the POS page, in My shop, on the case; it is counted."""

from collections.abc import Iterator

import pytest

from .house import SHOP, House, Person, home_of, person

_YES = ".helped button[aria-pressed]:nth-of-type(1)"
_NO = ".helped button[aria-pressed]:nth-of-type(2)"
_CHOSEN = ".helped button[aria-pressed=true]"


@pytest.fixture(scope="module")
def home() -> Iterator[House]:
    with home_of() as opened:
        opened.add("lan", "cashier", SHOP)
        opened.add("sue", "support")
        yield opened


@pytest.fixture(scope="module")
def voucher(home: House) -> str:
    """Give a sale whose void the issuer has refused."""
    slip = home.pos("sale", "11.00")
    sold = next(line.split()[-1] for line in slip.splitlines() if line.startswith("VOUCHER"))
    home.issuer("/faults", [{"kind": "code", "code": "59", "of_kind": "void", "left": 1}])
    home.pos("void", sold)
    home.issuer("/faults", [])
    return sold


def _taps(who: Person, button: str, said: str) -> None:
    """Tap, and see that this one is chosen."""
    who.until(lambda: who.find_all(button), "somebody is asked")
    who.press(button)
    who.until(lambda: [one.text for one in who.find_all(_CHOSEN)] == [said], f"{said} is chosen")


def test_a_cashier_taps_in_my_shop_and_on_the_pos_page(home: House, voucher: str) -> None:
    with person(home, language="zh", width=390) as lan:
        lan.sign_in("lan")
        lan.open(f"/shop?code={voucher}")
        lan.reads("提示有帮助吗？", "#standing", 60)
        _taps(lan, f"#standing {_YES}", "有帮助")
        lan.reads("一天之内可以更改", "#standing")
        assert lan.complaints() == []
    with person(home) as lan:
        lan.sign_in("lan")
        lan.open("/pos")
        lan.reads("Did the advice help?", "#on-the-desk")
        assert [one.text for one in lan.find_all(_CHOSEN)] == ["Helped"]
        _taps(lan, f"#on-the-desk {_NO}", "Did not help")
        assert lan.complaints() == []


def test_support_taps_on_the_case_and_it_is_counted(home: House, voucher: str) -> None:
    with person(home) as sue:
        sue.sign_in("sue")
        sue.open("/cases?state=all")
        sue.press("tbody a.mono")
        sue.reads("Did the advice help?", ".case-said")
        _taps(sue, f".case-said {_YES}", "Yes, it helped")
        _taps(sue, f".case-said {_NO}", "No, it did not")
        _taps(sue, f".case-said {_YES}", "Yes, it helped")
        assert sue.complaints() == []
    with person(home) as boss:
        boss.sign_in("admin")
        boss.open("/admin?part=lessons")
        said = boss.reads("Whether advice has helped")
        assert "0 / 1" in said, "the cashier's last word"
        assert "1 / 1" in said, "support's"
    assert voucher
