"""A report as a value: what is judged, what is shown to whom, and that all of a change is there."""

import json

import pytest

from annul.operate.reports.counts import FIGURES
from annul.operate.reports.period import Period
from annul.operate.reports.plain import plain
from annul.operate.reports.reading import Advised, Key, Pair, Tables
from annul.operate.reports.report import report
from annul.operate.reports.sections import in_short, sections
from annul.operate.reports.words import titled

from .sample import AT, BANK, SHOP, counts, sample


def test_what_changed_is_more_than_chance_and_the_rest_is_not() -> None:
    found = sample()
    judged = {one.figure.name: one.better for one in found.figures}
    assert judged == {
        "failed": False,
        "in_time": None,
        "money_back": None,
        "refused": None,
        "unproved": None,
    }
    assert set(judged) == set(FIGURES)
    where = {one.about for one in found.changed()}
    assert {Key(), Key(issuer=BANK), Key(cause="issuer_down")} <= where
    assert Key(cause="issuer_limit_amount") not in where


def test_the_parts_of_the_change_are_all_of_it() -> None:
    found = sample()
    failed = found.figures[0]
    assert failed.now.value is not None
    assert failed.before.value is not None
    change = failed.now.value - failed.before.value
    assert sum(one.adds for one in found.why) + found.rest == pytest.approx(change)
    assert (found.why[0].group.issuer, found.why[0].cause) == (BANK, "issuer_down")


def test_a_shop_reads_what_it_can_do_itself() -> None:
    assert {one.pattern.name for one in sample().suggestions} == {
        "issuer_away",
        "issuer_rule",
        "merchant_staff",
    }
    assert [one.pattern.name for one in sample().for_shop().suggestions] == ["merchant_staff"]


def test_its_title_says_of_what_and_whose() -> None:
    assert titled(sample()).en == "Weekly report on voids, week 48 (2026-11-23 – 2026-11-29)"
    assert titled(sample("2026-11-26", SHOP)).zh == (
        f"撤销日报　营业日 2026-11-26　示例茶馆 {SHOP}"
    )


@pytest.mark.parametrize("place", [0, 1])
def test_the_most_important_stands_first(place: int) -> None:
    said = [one[place] for one in in_short(sample())]
    assert said[0].count("964") == 1
    assert any(("示例银行", "Demo Bank")[place] in line for line in said)
    assert any("4.8" in line for line in said)


def test_a_cell_that_was_silent_is_named() -> None:
    tables = Tables({}, {}, [])
    found = report(tables, Period.read("2026-11-26"), AT, missing=["east"])
    assert [one.en for one in in_short(found)] == [
        "Without cells east, which gave no answer.",
        "There were no voids.",
    ]
    assert found.why == ()
    assert all(one.better is None for one in found.figures)


def test_each_row_has_a_cell_under_each_head() -> None:
    for section in sections(sample()):
        assert len(section.heads) == len(section.shares)
        assert sum(section.shares) == pytest.approx(1)
        assert section.rows, section.name
        assert all(len(row) == len(section.heads) for row in section.rows), section.name


def test_programs_read_plain_values() -> None:
    told = plain(sample())
    again = json.loads(json.dumps(told, default=str))
    assert again["now"]["failed"] == 84
    assert again["figures"][0]["verdict"] == "worse"
    assert again["tables"]["issuer"][0]["about"] == BANK
    assert sum(one["adds"] for one in told["why"]) + told["rest"] == pytest.approx(
        told["figures"][0]["now"]["share"] - told["figures"][0]["before"]["share"]
    )
    assert again["suggestions"][0]["there"] == f"/issuers/{BANK}"


def test_without_voids_it_says_so_and_nothing_else() -> None:
    before = Tables({Key(): Pair(counts(7), counts())}, {}, [])
    for tables, said in (
        (Tables({}, {}, []), ["There were no voids."]),
        (before, ["There were no voids.", "The period before had 7."]),
    ):
        made = report(tables, Period.read("2026-W48"), AT)
        assert [line.en for line in in_short(made)] == said
        assert sections(made) == []
    answered = Tables({}, {}, [Advised("issuer_down", "cashier", 5, 8)])
    made = report(answered, Period.read("2026-W48"), AT)
    assert [one.name for one in sections(made)] == ["advice"]


def test_what_has_no_rows_is_no_section() -> None:
    made = report(Tables({Key(): Pair(counts(7), counts(8))}, {}, []), Period.read("2026-W48"), AT)
    assert [one.name for one in sections(made)] == ["figures", "ends", "times"]
