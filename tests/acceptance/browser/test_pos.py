"""A void in the issuer's maintenance, from the till to its end, and how a shop looks it up."""

from selenium.webdriver.common.keys import Keys

from .house import SHOP, House, person


def test_a_void_in_maintenance_ends_by_itself(home: House) -> None:
    with person(home) as cashier, person(home) as desk:
        cashier.sign_in("admin")
        cashier.open("/pos")
        cashier.at_till("sale", "88", "", "")
        cashier.reads("88.00", "#receipt", 30)
        slip = cashier.reads("620001******0007", "#receipt")  # it slides out
        assert cashier.find("#receipt svg").is_displayed()
        lines = slip.splitlines()
        voucher = lines[lines.index("VOUCHER") + 1]

        cashier.press("#fault-announced")
        cashier.reads("Maintenance, announced", "#fault-now")
        cashier.at_till("void", voucher.lstrip("0"), "")
        cashier.reads("91", "#screen", 30)
        shown = cashier.reads("maintenance", "#on-the-desk", 30)
        assert "in maintenance" in shown

        number = cashier.text("#on-the-desk a[href^='/cases/']")
        desk.sign_in("admin")
        desk.open(f"/cases/{number}")
        desk.reads("The issuer is in maintenance", ".case-why .cause")
        odds = desk.reads("%", ".case-why .odds")
        assert float(odds.partition("%")[0]) > 50
        # 91 proves nothing: it is reversed first, as soon as the window is over. Then it is tried
        # again by itself, and the pages tell so.
        desk.reads("no outcome yet", ".timeline")
        desk.reads("Voided: CNY 88.00", ".case-head h1", 150)
        desk.reads("of annul's own", ".timeline")
        cashier.reads("voided", "#on-the-desk")
        desk.open("/")
        desk.reads("100.0%", ".tiles")
        assert cashier.complaints() == desk.complaints() == []

    home.add("shopkeeper", "merchant", SHOP)
    with person(home, language="zh-CN,zh", width=390) as shopkeeper:
        shopkeeper.sign_in("shopkeeper")
        shopkeeper.open("/shop")
        shopkeeper.fill("main input[name=code]", voucher + Keys.ENTER)
        said = shopkeeper.reads("已撤销", "main")
        assert number in said
        wide = shopkeeper.driver.execute_script("return document.documentElement.scrollWidth")
        assert wide <= 390, "nothing is cut off on a phone"
        assert shopkeeper.complaints() == []
