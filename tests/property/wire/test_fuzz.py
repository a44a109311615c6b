"""Mutated messages either decode or raise `DecodeError`: nothing else, ever."""

from random import Random

import pytest

from annul.wire import tlv
from annul.wire.codec import Codec
from annul.wire.dialects import DIALECTS
from annul.wire.errors import DecodeError, FrameError
from annul.wire.framing import FRAMINGS, Framer
from annul.wire.show import as_json, rows
from tests.support.wire_messages import random_message

from .mutations import mutated

SEED = 20_261_123
PER_DIALECT = 55_000  # four dialects: 220,000 mutated messages


@pytest.mark.parametrize("name", DIALECTS)
def test_messages(name: str) -> None:
    random = Random(SEED)
    codec = Codec(DIALECTS[name])
    whole, liberal, raw = 0, 0, b""
    for number in range(PER_DIALECT):
        if number % 8 == 0:
            raw = codec.encode(*random_message(codec.dialect, random))
        data = mutated(raw, random)
        try:
            message = codec.decode(data)
            fields = message.fields()
        except DecodeError as error:
            assert error.expected, (SEED, number)
            codec.salvage(data)
            continue
        whole += 1
        again = codec.encode(message.mti, fields)
        if again != data:  # it was filled up, or its second bitmap was there, as others do it
            liberal += 1
            assert codec.decode(again).fields() == fields, (SEED, number, data.hex())
        if number % 16 == 0:
            assert rows(message) is not None
            as_json(message)
    assert PER_DIALECT // 100 < whole < PER_DIALECT, "some mutations must stay valid, not all"
    assert liberal < whole // 50, "what is read is nearly always what is written"


@pytest.mark.parametrize("name", FRAMINGS)
def test_streams(name: str) -> None:
    random = Random(SEED)
    for number in range(3_000):
        framer = Framer(FRAMINGS[name], limit=512)
        try:
            for _ in range(4):
                framer.feed(random.randbytes(random.randrange(1, 200)))
                assert framer.waiting <= 512 + 4, (SEED, number)
        except FrameError:
            continue


def test_chip_data() -> None:
    random = Random(SEED)
    for number in range(20_000):
        data = random.randbytes(random.randrange(0, 40))
        try:
            objects = tlv.parse(data)
        except DecodeError as error:
            assert error.field == 55
            continue
        assert tlv.build(objects) == data, (SEED, number, data.hex())
