"""Many tries of annul's own, on a desk and a phone: one line that opens, in both languages."""

import re

import pytest

from .house import House, Person, person

_NUMBER = re.compile(r"\d{12}")
_RUNS = (  # of transactions: there a try counts once nothing of it is under way
    "return [...document.querySelectorAll('#case-transactions details summary')]"
    ".map(one => one.textContent).join()"
)
_OVER = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def tried(home: House) -> str:
    """A case that annul has tried again and again; gives its number."""
    home.issuer("/faults", [{"kind": "code", "code": "96", "of_kind": "void"}])
    sold = home.pos("sale", "31.00")
    voucher = next(line.split()[-1] for line in sold.splitlines() if line.startswith("VOUCHER"))
    slip = home.pos("void", voucher)
    reference = next(line for line in slip.splitlines() if line.startswith("REFERENCE"))
    return _NUMBER.findall(reference)[0]


@pytest.mark.parametrize(
    ("language", "width", "said"),
    [
        ("en", 1360, "tries of annul's own, all answered 96"),
        ("zh-CN,zh", 390, "次，应答均为96"),
    ],
)
def test_tries_are_one_line_that_opens_by_the_keyboard(
    home: House, tried: str, language: str, width: int, said: str
) -> None:
    home.add(f"sue{width}", "support")
    with person(home, language=language, width=width) as sue:
        sue.sign_in(f"sue{width}")
        sue.open(f"/cases/{tried}")
        sue.until(
            lambda: said in sue.driver.execute_script(_RUNS), "three tries came to nothing", 90
        )
        sue.reads(said, ".timeline summary")
        assert sue.driver.execute_script(_OVER) <= 0
        inside = ".timeline details[open] .timeline"
        assert sue.find_all(inside) == []
        sue.until(lambda: _opened(sue, f"{inside} > li") >= 3, "the run is open")
        sue.press("#case-transactions > summary")
        sue.reads(said, "#case-transactions details summary")
        first = "#case-transactions > .scroll a, #case-transactions table a"
        sue.driver.get(sue.attribute(first, "href"))
        sue.reads("96", "svg.chain.wide" if width > 600 else "svg.chain.narrow")
        sue.reads(said, "details summary", 20)
        assert sue.driver.execute_script(_OVER) <= 0
        assert sue.complaints() == []


def _opened(sue: Person, tries: str) -> int:
    """Open the run by the keyboard; gives how many tries are seen: pages draw themselves anew."""
    line = sue.find(".timeline > li > details > summary")
    sue.driver.execute_script("arguments[0].focus()", line)
    line.send_keys("\n")
    return len(sue.find_all(tries))
