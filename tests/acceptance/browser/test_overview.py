"""The overview in an outage: one card for it, with a window to announce; little data in words."""

from .house import House, Person, person

_VOIDS = 5


def _refused_voids(home: House) -> None:
    """Let one issuer refuse a handful of voids."""
    home.issuer("/faults", [{"kind": "code", "code": "57", "of_kind": "void"}])
    for place in range(_VOIDS):
        sold = home.pos("sale", f"{1500 + place}.00")
        voucher = next(line.split()[-1] for line in sold.splitlines() if line.startswith("VOUCHER"))
        home.pos("void", voucher)


def _value(who: Person, label: str) -> str:
    """Give what stands in a field of the dialog."""
    return who.driver.execute_script(
        "return document.querySelector(`.q-dialog input[aria-label^='${arguments[0]}']`).value",
        label,
    )


def test_an_outage_is_one_card_with_its_cases_its_money_and_a_window(home: House) -> None:
    home.add("duty", "operator")
    with person(home) as duty:
        duty.sign_in("duty")
        duty.open("/")
        duty.reads("Void outcomes")
        assert not duty.find_all(".outage"), "all is well"
        assert duty.find_all(".card p.empty"), "what is too little to draw is said in words"
        assert not duty.find_all(".chart svg"), "and not drawn"
        _refused_voids(home)
        duty.reads("refuses most voids", "[data-outage='00000101']", 60)
        assert f"{_VOIDS} open cases" in duty.reads("CNY 7,510.00", ".outage")
        assert len(duty.find_all(".outage")) == 1, "one for all of its cases"
        assert len(duty.find_all(".incidents > li")) <= 2, "incidents stand by kind"
        duty.press_text_of(".outage a", "+4 h")
        duty.reads("Add a window", ".q-dialog")
        begins, ends = _value(duty, "From"), _value(duty, "Until")
        assert begins < ends
        duty.fill(".q-dialog textarea", "said by its duty desk")
        duty.press_text("Do it")
        duty.reads("open now")
        duty.open("/")
        duty.reads("window announced until", ".outage")
        assert not duty.find_all(".outage a.button")
        assert duty.complaints() == []
    home.issuer("/faults", [])
