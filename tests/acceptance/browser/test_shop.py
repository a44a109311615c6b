"""A shop on a phone: one entry per sale, a script, whom to call; and a void taken back."""

from .house import PHONE, SHOP, House, person

OTHER_CARD = "6200010000000152"
_IN_SIGHT = """const slip = document.getElementById('receipt').getBoundingClientRect();
return slip.top >= 0 && slip.top < innerHeight / 2;"""


def _voucher(slip: str) -> str:
    return next(line.split()[-1] for line in slip.splitlines() if line.startswith("VOUCHER"))


def test_a_sale_is_one_entry_with_a_script_and_somebody_to_call(home: House) -> None:
    home.add("lan", "cashier", SHOP)
    home.issuer("/faults", [{"kind": "code", "code": "59", "of_kind": "void", "left": 1}])
    refused = _voucher(home.pos("sale", "85.35"))
    slip = home.pos("void", refused)
    home.issuer("/faults", [])
    assert "fraud" not in slip
    assert PHONE in slip
    # Of another card: that the same one is approved soon after would speak against a risk.
    other = home.folder / "other_card"
    other.write_text(OTHER_CARD)
    other.chmod(0o600)
    voided = _voucher(home.pos("sale", "12.00", f"--card={other}"))
    for _ in range(3):  # the void, and two tries that find it done
        home.pos("void", voided, f"--card={other}")
    with person(home, width=390) as lan:
        lan.sign_in("lan")
        lan.open(f"/shop?code={refused}")
        said = lan.reads("Not voided", "#standing", 60)
        for text in ("it stands, and nothing has been paid back", PHONE, "Tell the customer"):
            assert text in said
        assert said.count("85.35") == 1
        for text in ("fraud", "risk", "goes back"):
            assert text not in said
        today = lan.reads("Goes back", "#today")
        assert today.count("12.00") == 2, "once as an entry, once in the sum"
        lan.open("/pos")
        lan.at_till("reprint", "")
        lan.find("#receipt")
        lan.until(lambda: lan.driver.execute_script(_IN_SIGHT), "the slip in sight")
        assert lan.complaints() == []
        lan.until(lambda: _ended(home, str(int(refused) + 1)), "the slip to say the end")


def _ended(home: House, voucher: str) -> bool:
    home.pos("echo")  # an answer after the end tells the terminal
    return "Not voided; the sale stands" in " ".join(home.pos("slip", voucher).split())


def test_a_shop_withdraws_its_void(home: House) -> None:
    home.add("mei", "merchant", SHOP)
    home.issuer("/faults", [{"kind": "code", "code": "96", "of_kind": "void"}])
    voucher = _voucher(home.pos("sale", "66.00"))
    home.pos("void", voucher)
    with person(home, width=390) as mei:
        mei.sign_in("mei")
        mei.open(f"/shop?code={voucher}")
        mei.reads("Withdraw the void", "#standing")
        # The menu of a phone lies over the foot of the page; a thumb scrolls it away.
        mei.driver.execute_script("document.querySelector('.withdraw').click()")
        mei.fill(".q-dialog textarea", "the guest keeps it")
        mei.press_text("Do it")
        said = mei.reads("Void withdrawn", "#standing", 60)
        assert "The sale stands, as the shop has said" in said
        assert "Withdraw the void" not in said
        assert mei.complaints() == []
    home.issuer("/faults", [])
    listed = home.annul("cases", "--all", f"--data={home.folder}", "--lang=en")
    assert "not voided" in listed
