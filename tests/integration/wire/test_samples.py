"""Every real dump decodes with nothing left over and encodes back, or is refused clearly."""

from typing import Any

import pytest

from annul.wire.codec import Codec, Message
from annul.wire.dialects import UNIONPAY_POS
from annul.wire.dialects.vendor import OVERRIDES
from annul.wire.dump import split_dump
from annul.wire.errors import DecodeError
from tests.support import samples

_OVERRIDDEN = {"track2_f": ("8-", "26-"), "binary_63": ("3-",)}


def _decode(row: dict[str, Any], name: str) -> tuple[Codec, Message]:
    dialect = UNIONPAY_POS
    for override, rows in _OVERRIDDEN.items():
        if name.startswith(rows):
            dialect = dialect.override(OVERRIDES[override])
    codec = Codec(dialect.with_nul())
    body = split_dump(bytes.fromhex(row["hex"])).body
    message = codec.decode(body, missing_mac=True, leftover=bool(row["leftover"]))
    message.check()
    return codec, message


@pytest.mark.parametrize("row", samples.parameters("unionpay_messages.jsonl"))
def test_dump(row: dict[str, Any], request: pytest.FixtureRequest) -> None:
    name = request.node.callspec.id
    if row["not_decodable"]:
        with pytest.raises(DecodeError) as caught:
            _decode(row, name)
        assert "expected" in str(caught.value)
        return
    codec, message = _decode(row, name)
    values = {
        str(number): value.hex().upper() if isinstance(value, bytes) else value
        for number, value in message.fields().items()
    }
    expected = {
        number: value
        for number, value in row["fields"].items()
        if number not in {"0", "bitmap"} and value is not None
    }
    if name.startswith(_OVERRIDDEN["binary_63"]):
        del values["63"], expected["63"]  # bytes there, which the list shows as text
    assert message.mti == row["fields"]["0"]
    assert values == expected
    assert message.leftover.hex().upper() == row["leftover"]
    names_mac = row["fields"].get("64", "") is None
    encode = codec.encode_unsigned if names_mac else codec.encode
    assert encode(message.mti, message.fields()) + message.leftover == message.raw
