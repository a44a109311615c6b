"""What is said of a trial: in both languages, and as a command that the shell takes as it is."""

from string import Formatter

import pytest

from annul.domain.link_words import said
from annul.issuers.trial.findings import SAYS, Report


@pytest.mark.parametrize("what", SAYS)
def test_both_languages_say_the_same(what: str) -> None:
    words = SAYS[what]
    places = [{name for _, name, _, _ in Formatter().parse(text) if name} for text in words]
    assert places[0] == places[1]


def test_the_command_has_every_setting_once_and_is_quoted() -> None:
    report = Report()
    assert report.command("1") == ""
    report.note("framing", settings={"framing": "length_2"}, is_="length_2", was="length_4")
    report.note("own_code", settings={"codes.;rm": "00"}, code=";rm")
    report.unset.append("framing.trailer")
    assert report.command("1") == (
        "annul issuer link 1 --set framing=length_2 --set 'codes.;rm=00' --unset framing.trailer"
    )
    assert not report.works
    assert all(said(name) for name in report.settings)
