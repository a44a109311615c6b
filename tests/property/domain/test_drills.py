"""A drill's score: later is never worth more, and harm is never worth anything."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from annul.domain.drills import FORCED, RESPONSES, Contact, Deed, Did, Money, Part, Truth, score

SUBJECTS = ("00001001", "898000000001001", "somebody else")
VALUES = sorted({*RESPONSES, *FORCED, *Contact, "retry", "refund", "close", "ask-terminal"})
times = st.floats(0, 60)
truths = st.lists(
    st.builds(
        lambda cause, subject, begins, lasts: Truth(
            "one", (cause,), frozenset({subject}), begins, begins + lasts
        ),
        st.sampled_from(sorted(RESPONSES)),
        st.sampled_from(SUBJECTS[:2]),
        times,
        times,
    ),
    min_size=1,
    max_size=3,
)
deeds = st.lists(
    st.builds(
        Deed, times, st.sampled_from(Did), st.sampled_from(SUBJECTS), st.sampled_from(VALUES)
    ),
    min_size=1,
    max_size=8,
)


@given(truths, deeds, st.data(), times)
def test_what_is_done_later_is_never_worth_more(
    strokes: list[Truth], done: list[Deed], data: st.DataObject, later: float
) -> None:
    place = data.draw(st.integers(0, len(done) - 1))
    delayed = [*done]
    delayed[place] = replace(done[place], at=done[place].at + later)
    ended = [truth.ends for truth in strokes]
    money = Money(1.0, 1.0)
    was, then = (score(strokes, one, ended, money) for one in (done, delayed))
    assert all(then.parts[part] <= was.parts[part] for part in Part)


@given(truths, deeds, st.sampled_from(sorted(FORCED | {"retry", "close", "refund"})), times)
def test_a_harmful_act_never_raises_it(
    strokes: list[Truth], done: list[Deed], act: str, at: float
) -> None:
    subject = next(iter(strokes[0].subjects))
    of = [truth.response for truth in strokes if subject in truth.subjects]
    harmful = any(act in one.harmful for one in of)
    if not harmful or any(act in needed for one in of for needed in one.right):
        subject, act = "nobody of it", "merchant_frozen"
    ended = [truth.ends for truth in strokes]
    money = Money(1.0, 1.0)
    more = [*done, Deed(at, Did.ACTED, subject, act)]
    was, then = (score(strokes, one, ended, money) for one in (done, more))
    assert then.total < was.total
    assert all(then.parts[part] <= was.parts[part] for part in Part)


@given(truths, deeds, times)
def test_an_end_that_comes_later_and_more_money_are_never_worth_more(
    strokes: list[Truth], done: list[Deed], later: float
) -> None:
    ended = [truth.ends for truth in strokes]
    was = score(strokes, done, ended, Money(10.0, 20.0))
    assert score(strokes, done, [end + later for end in ended], Money(10.0, 20.0)).total <= (
        was.total
    )
    assert score(strokes, done, ended, Money(10.0 + later, 20.0)).total <= was.total
    assert 0 <= was.total <= 100
