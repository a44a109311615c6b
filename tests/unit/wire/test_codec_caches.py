"""What a codec keeps of the messages it met, for whose sake, and what junk can not do to it."""

from itertools import combinations, islice

import pytest

from annul.wire import codec as module
from annul.wire.codec import Codec, Message
from annul.wire.dialects import CUPS, UNIONPAY_POS
from annul.wire.errors import DecodeError, EncodeError
from annul.wire.field import Content
from annul.wire.shape import LooseShape, Shape

SALE = {3: "000000", 4: "000000010000", 11: "000123", 41: "10000001"}
# Values of fields that are short: any of their subsets makes a message of another shape.
_VALUES = {
    field.number: "1" * (field.size if field.fixed else 1)
    for field in UNIONPAY_POS.fields.values()
    if field.content in {Content.DIGITS, Content.TEXT} and field.size < 30 and field.number < 64
}
_WRITER = Codec(UNIONPAY_POS)


def _shapes(count: int, skip: int = 0) -> list[dict[int, str]]:
    subsets = (names for size in range(1, 7) for names in combinations(sorted(_VALUES), size))
    return [{n: _VALUES[n] for n in names} for names in islice(subsets, skip, skip + count)]


def _body(fields: dict[int, str], mti: str = "0200") -> bytes:
    return _WRITER.encode(mti, fields, keep=False)


def _caches(codec: Codec) -> dict[str, int]:
    return {
        name: len(getattr(codec, name))
        for name in ("_heads", "_shapes", "_orders", "_mtis", "_kept")
    }


EMPTY = dict.fromkeys(("_heads", "_shapes", "_orders", "_mtis", "_kept"), 0)


def _is_compiled(message: Message) -> bool:
    assert isinstance(message._shape, Shape | LooseShape)
    return isinstance(message._shape, Shape)


@pytest.fixture
def host() -> Codec:
    return Codec(UNIONPAY_POS, trusting=False)


def test_a_trusting_codec_compiles_at_first_sight() -> None:
    codec = Codec(UNIONPAY_POS)
    assert _is_compiled(codec.decode(_body(SALE)))
    assert (len(codec._heads), len(codec._shapes)) == (1, 1)
    codec.keep(codec.decode(_body(SALE)), "terminal")
    assert not codec._kept


def test_a_trusting_codec_keeps_heads_with_a_second_bitmap_too() -> None:
    codec = Codec(CUPS)
    body = codec.encode("0800", {7: "0102030405", 70: "301"})
    assert codec.decode(body)._shape is codec.decode(body)._shape
    assert list(codec._heads) == [body[:20]]


def test_junk_leaves_nothing_behind(host: Codec) -> None:
    for fields in _shapes(3_000):
        assert host.decode(_body(fields)).fields() == fields
        host.salvage(_body(fields)[:-1])
        with pytest.raises(DecodeError):
            host.decode(_body(fields)[:-1])
        host.encode("0210", fields, keep=False)
        host.encode_unsigned("0210", fields, keep=False)
    assert _caches(host) == EMPTY


def test_what_a_good_terminal_sent_is_compiled_whatever_junk_came_before(host: Codec) -> None:
    for fields in _shapes(3_000):
        host.decode(_body(fields))
    first = host.decode(_body(SALE))
    assert not _is_compiled(first)
    host.keep(first, "terminal")
    assert _is_compiled(host.decode(_body(SALE)))
    assert host.decode(_body(SALE)).fields() == SALE
    assert first.fields() == SALE


def test_a_shape_is_compiled_once_for_all_its_message_types(host: Codec) -> None:
    host.keep(host.decode(_body(SALE)), "terminal")
    advice = host.decode(_body(SALE, "0220"))
    assert _is_compiled(advice)
    host.keep(advice, "terminal")
    assert (len(host._heads), len(host._shapes)) == (2, 1)


def test_a_known_head_is_kept_for_its_first_source_only(host: Codec) -> None:
    for source in range(100):
        host.keep(host.decode(_body(SALE)), source)
    assert {source: len(heads) for source, heads in host._kept.items()} == {0: 1}


def test_a_source_has_so_many_heads_and_no_more(host: Codec) -> None:
    for fields in _shapes(100):
        host.keep(host.decode(_body(fields)), "greedy")
    assert len(host._heads) == module.PER_SOURCE == len(host._kept["greedy"])
    host.keep(host.decode(_body(SALE)), "good")
    assert _is_compiled(host.decode(_body(SALE)))


def test_when_all_is_full_the_oldest_of_whoever_has_most_gives_way(
    host: Codec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HEADS", 40)
    bodies = [_body(fields) for fields in _shapes(40)]
    for number, body in enumerate(bodies):
        host.keep(host.decode(body), "greedy" if number < 30 else f"good {number}")
    held = host.decode(bodies[0])
    host.keep(host.decode(_body(SALE)), "late")
    assert len(host._heads) == 40
    assert len(host._shapes) == 41  # a message that is still held has its shape
    assert _is_compiled(host.decode(_body(SALE)))
    assert held.fields() == host.decode(bodies[0]).fields()
    del held
    assert len(host._shapes) == 40
    assert [_is_compiled(host.decode(body)) for body in bodies] == [False] + [True] * 39


def test_a_source_that_has_nothing_left_is_forgotten(
    host: Codec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HEADS", 3)
    for source, fields in enumerate(_shapes(50)):
        host.keep(host.decode(_body(fields)), source)
        assert len(host._kept) == len(host._heads) <= 3


def test_many_sources_have_a_bound_together(host: Codec) -> None:
    for number, fields in enumerate(_shapes(module.HEADS + 200)):
        host.keep(host.decode(_body(fields)), number // 20)
    assert len(host._heads) == module.HEADS == sum(map(len, host._kept.values()))
    assert len(host._shapes) == module.HEADS


def test_a_message_without_its_mac_is_kept_as_the_whole_shape(host: Codec) -> None:
    unsigned = _WRITER.encode_unsigned("0200", SALE)
    host.keep(host.decode(unsigned, missing_mac=True), "terminal")
    message = host.decode(unsigned + bytes(8))
    assert _is_compiled(message)
    assert message.fields() == {**SALE, 64: bytes(8)}


def test_a_head_with_a_second_bitmap_is_kept() -> None:
    codec = Codec(CUPS, trusting=False)
    plain = codec.encode("0800", {7: "0102030405"}, keep=False)
    double = codec.encode("0800", {7: "0102030405", 70: "301"}, keep=False)
    for body in (plain, double):
        assert not _is_compiled(codec.decode(body))
        codec.keep(codec.decode(body), "peer")
        assert _is_compiled(codec.decode(body))
    assert [len(head) for head in codec._heads] == [12, 20]
    assert codec.decode(double).fields() == {7: "0102030405", 70: "301"}


def test_answers_that_are_not_kept_use_what_is_known(host: Codec) -> None:
    loose = host.encode("0210", SALE, keep=False)
    assert _caches(host) == EMPTY
    assert host.encode("0210", SALE) == loose
    known = dict(host._orders)
    assert host.encode("0210", SALE, keep=False) == loose
    assert host._orders == known
    assert host._mtis == {"0210": b"\x02\x10"}


def test_orders_of_fields_are_bounded_and_the_oldest_gives_way(
    host: Codec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ORDERS", 8)
    for fields in _shapes(40):
        host.encode("0210", fields)
        host.encode_unsigned("0210", fields)
        assert len(host._orders) <= 8
        assert len(host._shapes) <= 8
    assert isinstance(host._orders[False, tuple(_shapes(1, skip=39)[0])], Shape)


def test_a_trusting_codec_stops_compiling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ORDERS", 8)
    monkeypatch.setattr(module, "HEADS", 8)
    codec = Codec(UNIONPAY_POS)
    made: list[object] = []
    monkeypatch.setattr(module, "Shape", lambda *given: made.append(given) or Shape(*given))
    for fields in _shapes(40):
        body = codec.encode("0210", fields)
        assert codec.encode_unsigned("0210", fields)[10:] == body[10:]
        assert codec.decode(body).fields() == fields
    assert (len(codec._orders), len(codec._heads)) == (8, 8)
    assert len(made) <= 16


def test_message_types_are_bounded(host: Codec) -> None:
    for number in range(10_000):
        assert host.encode(f"{number:04d}", {})[:2].hex() == f"{number:04d}"
    assert len(host._mtis) <= module.MTIS


def test_what_is_refused_is_not_kept(host: Codec) -> None:
    with pytest.raises(EncodeError):
        host.encode("02X0", {129: "1"})
    with pytest.raises(EncodeError):
        host.encode_unsigned("0200", {64: bytes(8)})
    assert _caches(host) == EMPTY
