"""Numbers that are the host's own: reference numbers and traces towards issuers."""

from datetime import UTC, datetime, timedelta

from annul.host.numbers import IssuerTraces, ReferenceNumbers

_NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)


def test_traces_begin_with_the_node_and_come_again_only_after_all_others() -> None:
    traces = IssuerTraces(3, 99_998)
    given = [traces.next() for _ in range(99_999)]
    assert given[:3] == ["399999", "300001", "300002"]
    assert len(set(given)) == 99_999
    assert traces.next() == given[0]
    assert all(len(trace) == 6 and trace.isdecimal() for trace in given)


def test_reference_numbers_rise_while_the_clock_stands_and_repeat_after_ten_days() -> None:
    numbers = ReferenceNumbers(3)
    first, second = numbers.next(_NOW), numbers.next(_NOW)
    assert first < second
    assert ReferenceNumbers(3).next(_NOW + timedelta(days=10)) == first


def test_cells_share_the_traces_of_a_node() -> None:
    """None comes twice, whatever each of them begins with."""
    drawn = [
        [traces.next() for _ in range(99_999 // 24)]
        for traces in (IssuerTraces(3, number * 17, (number, 24)) for number in range(24))
    ]
    every = [trace for one in drawn for trace in one]
    assert len(set(every)) == len(every)
    assert {(len(trace), trace[0]) for trace in every} == {(6, "3")}


def test_a_case_has_a_number_of_its_own_in_all_cells() -> None:
    """Its number is that of its void: the same moment at the same node of two cells gives two."""
    noon = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)
    numbers = [ReferenceNumbers(3, (cell, 24)) for cell in range(24)]
    drawn = [one.next(noon) for _ in range(50) for one in numbers]
    assert len(set(drawn)) == len(drawn)
    assert all(len(one) == 12 for one in drawn)
