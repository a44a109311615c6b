"""An issuer's page with a rule that it has not told: as words, as a picture, as a policy."""

import asyncio
from datetime import UTC, datetime, timedelta

from annul.store.database import connect
from annul.store.embedded import EmbeddedPostgres
from tests.support.answers import Crowd, answered, put_answers

from .house import House, Person, person

_WORDS = {
    "en": ("Rules learnt from answers", "Voids above 500.00 were refused", "Adopt as a rule"),
    "zh": ("从应答推断的规则", "500.00元以上的撤销", "采纳为规则"),
}
_CARD = "#learnt"
_DOTS = f"{_CARD} .chart svg path"


async def _answer(home: House) -> None:
    """Let an issuer have refused what was above 500.00 for weeks, and one void in fifty besides."""
    pool = await connect(EmbeddedPostgres(home.folder).url)
    crowd = Crowd(until=datetime.now(UTC) - timedelta(minutes=1))
    await put_answers(pool, answered(crowd.ask(400), lambda one: one.amount > 50_000, noise=0.02))
    await pool.close()


def _sees(who: Person, language: str) -> None:
    title, rule, _ = _WORDS[language]
    who.open("/issuers/00000101")
    who.reads(title, _CARD)
    who.reads(rule, _CARD, 60)
    who.until(lambda: len(who.find_all(_DOTS)) > 100, "a dot for each void")


def test_a_rule_that_nobody_told_is_seen_and_becomes_a_policy(home: House) -> None:
    home.add("olga", "operator")
    asyncio.run(_answer(home))
    with person(home, language="zh", width=390) as phone:
        phone.sign_in("olga")
        _sees(phone, "zh")
        wide = phone.driver.execute_script(
            "return document.documentElement.scrollWidth - window.innerWidth"
        )
        assert wide <= 0, "nothing is wider than the phone"
        assert phone.complaints() == []
    with person(home) as olga:
        olga.sign_in("olga")
        _sees(olga, "en")
        olga.press_text_of(f"{_CARD} button", _WORDS["en"][2])
        olga.reads("adopted", _CARD)
        olga.reads("learnt: ", ".card")
        assert not [one for one in olga.find_all(f"{_CARD} button") if one.text == _WORDS["en"][2]]
        olga.press_text_of(f"{_CARD} button", "Dismiss")
        olga.reads("dismissed", _CARD)
        assert olga.complaints() == []
