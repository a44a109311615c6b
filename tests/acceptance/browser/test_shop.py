"""A shop takes back a void that has failed: the sale stands after all."""

from .house import SHOP, House, person


def test_a_shop_withdraws_its_void(home: House) -> None:
    home.add("mei", "merchant", SHOP)
    home.issuer("/faults", [{"kind": "code", "code": "96", "of_kind": "void"}])
    slip = home.pos("sale", "66.00")
    voucher = next(line.split()[-1] for line in slip.splitlines() if line.startswith("VOUCHER"))
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
