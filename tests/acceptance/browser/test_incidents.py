"""An outage of a demo issuer: one incident with its cause, live, that closes by itself."""

from .house import SHOP, home_of, person
from .receiver import Receiver

_FIRST = "#incidents-list a, table a[href^='/incidents/'], a.row-link[href^='/incidents/']"


def test_an_outage_becomes_one_incident_and_closes_by_itself() -> None:
    with home_of(ANNUL_INCIDENTS_QUIET_S="3") as home:
        home.add("shopkeeper", "merchant", SHOP)
        with (
            person(home) as cashier,
            person(home, language="zh-CN,zh") as desk,
            person(home, language="zh-CN,zh", width=390) as shopkeeper,
            Receiver().listening() as receiver,
        ):
            for one in (cashier, desk):
                one.sign_in("admin")
            shopkeeper.sign_in("shopkeeper")
            shopkeeper.open("/shop")
            # One who is told, in their language, from warnings on.
            desk.open("/notices")
            desk.press_text("添加渠道")
            desk.fill(".q-dialog input[aria-label='名称 *']", "值班群")
            desk.fill(".q-dialog input[aria-label='地址 *']", receiver.address("duty"))
            desk.fill(".q-dialog textarea[aria-label='理由 *']", "值班")
            desk.press_text("执行")
            desk.reads("值班群", "main table")
            desk.open("/incidents")
            desk.reads("没有未关闭的事件", "main")
            cashier.open("/pos")
            cashier.at_till("sale", "88", "", "")
            slip = cashier.reads("620001******0007", "#receipt", 30)
            lines = slip.splitlines()
            voucher = lines[lines.index("VOUCHER") + 1]

            # Unannounced: 91 to the void, and to each try to reverse it.
            cashier.press("#fault-maintenance")
            cashier.reads("Maintenance, unannounced", "#fault-now")
            cashier.at_till("void", voucher.lstrip("0"), "")
            cashier.reads("91", "#screen", 30)
            number = cashier.text("#on-the-desk a[href^='/cases/']")

            # It comes by itself on the list that was open before, and is the only one.
            desk.reads("示例银行", ".ag-center-cols-container, main table, main", 60)
            assert len(desk.find_all(_FIRST)) == 1
            desk.press(_FIRST)
            desk.reads("原因：发卡行系统不可用", ".incident", 60)
            assert number in desk.reads(number, ".incident")
            desk.reads("¥88.00", ".incident")
            desk.press_text("确认收到")
            desk.reads("admin", ".timeline")

            # Before the next card is tried, on the till and in the shop.
            cashier.reads("Cards of", "[data-downtime]", 30)
            shopkeeper.reads("的卡", "[data-downtime]", 30)
            said = cashier.find("[data-downtime] span")
            assert said.text.startswith("Cards of Example Bank: "), "in one line"
            wide = shopkeeper.driver.execute_script("return document.documentElement.scrollWidth")
            assert wide <= 390, "nothing is cut off on a phone"

            desk.reads("值班群", ".timeline")
            opened = [one for one in receiver.got if "新事件" in one["title"]]
            assert len(opened) == 1, "one message of it"
            assert "示例银行" in opened[0]["title"] + opened[0]["message"]

            cashier.press("#fault-clear")
            desk.reads("自动关闭", ".timeline", 170)
            desk.until(
                lambda: "已恢复" in receiver.got[-1]["title"], "it is told that it is over", 30
            )
            assert len([one for one in receiver.got if "新事件" in one["title"]]) == 1
            desk.reads("已关闭", ".incident .head")
            cashier.until(lambda: not cashier.find_all("[data-downtime]"), "no trouble is said")
            shopkeeper.until(
                lambda: not shopkeeper.find_all("[data-downtime]"), "no trouble is said"
            )
            assert not cashier.find_all(".card-troubles"), "and no empty box is left of it"
            desk.open("/incidents?state=")
            assert len(desk.find_all(_FIRST)) == 1
            desk.open("/issuers/00000101")  # an issuer leads to its own, those that are over too
            desk.press("main a[href^='/incidents?']")
            desk.reads("已关闭", "main table")
            assert desk.attribute("[name=member]", "value") == "00000101"
            for one in (cashier, desk, shopkeeper):
                assert one.complaints() == []
