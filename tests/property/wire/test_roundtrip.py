"""What is decoded encodes to the same bytes, what is encoded decodes to the same values."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annul.wire import tlv
from annul.wire.codec import Codec
from annul.wire.dialects import DIALECTS
from annul.wire.framing import FRAMINGS, TPDU_2, Framer
from annul.wire.subfields import Field48Totals, Field59
from annul.wire.tlv import Tlv
from tests.support.wire_messages import messages

_CODECS = {name: Codec(dialect) for name, dialect in DIALECTS.items()}
_TAGS = st.sampled_from(sorted(tlv.TAGS))


@pytest.mark.parametrize("name", DIALECTS)
@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_messages(name: str, data: st.DataObject) -> None:
    codec = _CODECS[name]
    mti, fields = data.draw(messages(codec.dialect))
    raw = codec.encode(mti, fields)
    message = codec.decode(raw)
    assert (message.mti, message.fields()) == (mti, fields)
    assert {number: codec.decode(raw)[number] for number in fields} == fields  # one by one
    assert codec.encode(message.mti, message.fields()) == raw


@given(st.lists(st.builds(Tlv, _TAGS, st.binary(max_size=300))))
def test_tlv(objects: list[Tlv]) -> None:
    assert tlv.parse(tlv.build(objects)) == tuple(objects)


@given(
    st.lists(st.tuples(st.sampled_from(["A1", "A3", "A4", "B7"]), st.binary(max_size=200))).map(
        tuple
    )
)
def test_qr_objects(objects: tuple[tuple[str, bytes], ...]) -> None:
    assert Field59.parse(Field59(objects).build()).objects == objects


_AMOUNT, _COUNT = st.integers(0, 10**12 - 1), st.integers(0, 999)


@given(
    st.builds(
        Field48Totals,
        _AMOUNT,
        _COUNT,
        _AMOUNT,
        _COUNT,
        st.sampled_from("0123"),
        _AMOUNT,
        _COUNT,
        _AMOUNT,
        _COUNT,
        st.sampled_from("0123"),
    )
)
def test_totals(totals: Field48Totals) -> None:
    assert Field48Totals.parse(totals.build()) == totals


@pytest.mark.parametrize("name", FRAMINGS)
@given(
    bodies=st.lists(st.binary(min_size=1, max_size=300), max_size=6),
    cuts=st.lists(st.integers(1, 64), min_size=1),
)
def test_frames_however_the_stream_is_cut(name: str, bodies: list[bytes], cuts: list[int]) -> None:
    framing = FRAMINGS[name]
    head = bytes(range(11)) if framing is TPDU_2 else framing.opening
    stream = b"".join(framing.pack(body, head) for body in bodies)
    framer, found, at, turn = Framer(framing), [], 0, 0
    while at < len(stream):
        size = cuts[turn % len(cuts)]
        found += framer.feed(stream[at : at + size])
        at, turn = at + size, turn + 1
    assert [frame.body for frame in found] == bodies
