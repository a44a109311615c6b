"""The codec against pyiso8583 on the same 17-field 0200, in one run, round by round."""

from collections.abc import Callable, Mapping
from statistics import median
from time import perf_counter
from typing import Any, Final

import iso8583

from annul.wire.codec import Codec
from annul.wire.dialects import DIALECTS
from annul.wire.specifications.document import read
from annul.wire.specifications.written import to_toml

_ROUNDS: Final = 15
_TIMES: Final = 2_000

# A swiped sale with PIN and MAC.
FIELDS: Final[Mapping[int, str | bytes]] = {
    2: "6200010000000007",
    3: "000000",
    4: "000000010000",
    11: "000123",
    14: "3012",
    22: "021",
    25: "00",
    26: "12",
    35: "6200010000000007D30122010000",
    41: "10000001",
    42: "898000058120000",
    49: "156",
    52: bytes.fromhex("0123456789ABCDEF"),
    53: "2600000000000000",
    60: "22000001000500",
    62: b"0123456789",
    64: b"A1B2C3D4",
}


def _row(encoding: str, size: int, *, prefix: int = 0, counts: str = "bytes") -> dict[str, Any]:
    return {
        "data_enc": encoding,
        "len_enc": "bcd",
        "len_type": prefix,
        "len_count": counts,
        "max_len": size,
        "right_pad": "0",
        "desc": "",
    }


# The same layout for pyiso8583; track 2 stands for it as digits with the separator D.
SPEC: Final[dict[str, dict[str, Any]]] = {
    "h": {"data_enc": "b", "len_enc": "b", "len_type": 0, "max_len": 0, "desc": ""},
    "t": {"data_enc": "b", "len_enc": "b", "len_type": 0, "max_len": 2, "desc": ""},
    "p": {"data_enc": "b", "len_enc": "b", "len_type": 0, "max_len": 8, "desc": ""},
    "1": _row("b", 8),
    "2": _row("b", 19, prefix=1, counts="nibbles"),
    "3": _row("b", 3),
    "4": _row("b", 6),
    "11": _row("b", 3),
    "14": _row("b", 2),
    "22": _row("b", 2),
    "25": _row("b", 1),
    "26": _row("b", 1),
    "35": _row("b", 37, prefix=1, counts="nibbles"),
    "41": _row("latin-1", 8),
    "42": _row("latin-1", 15),
    "49": _row("latin-1", 3),
    "52": _row("b", 8),
    "53": _row("b", 8),
    "60": _row("b", 17, prefix=2, counts="nibbles"),
    "62": _row("b", 512, prefix=2),
    "64": _row("b", 8),
}
for _number in range(2, 65):
    SPEC.setdefault(str(_number), _row("b", 999, prefix=2))


def measure() -> dict[str, float]:
    """Give messages per second of annul and how many times faster it is, each way.

    Both decode every field into its value. Raises `AssertionError` when the two do not write the
    same bytes.
    """
    codec = Codec(DIALECTS["unionpay_pos"])
    imported = Codec(read(to_toml(DIALECTS["unionpay_pos"])))
    raw = codec.encode("0200", FIELDS)
    document = _document()
    theirs, _ = iso8583.encode(document, SPEC)
    assert bytes(theirs) == raw, "both write the same bytes"
    decoded, _ = iso8583.decode(raw, SPEC)
    assert len(FIELDS) == 17 == len(codec.decode(raw).fields())
    assert {int(key) for key in decoded if key.isdigit()} == set(FIELDS)
    paths: dict[str, Callable[[], object]] = {
        "decode": lambda: codec.decode(raw).fields(),
        "their_decode": lambda: iso8583.decode(raw, SPEC),
        "encode": lambda: codec.encode("0200", FIELDS),
        "their_encode": lambda: iso8583.encode(dict(document), SPEC),
        "imported_decode": lambda: imported.decode(raw).fields(),
        "lazy": lambda: codec.decode(raw)[11],
    }
    spent: dict[str, list[float]] = {name: [] for name in paths}
    for _ in range(_ROUNDS):
        for name, path in paths.items():
            spent[name].append(_time(path))
    best = {name: median(times) for name, times in spent.items()}
    return {
        "decode_ratio": best["their_decode"] / best["decode"],
        "encode_ratio": best["their_encode"] / best["encode"],
        "decode_per_s": 1 / best["decode"],
        "encode_per_s": 1 / best["encode"],
        "imported_decode_ratio": best["their_decode"] / best["imported_decode"],
        "decode_one_field_ratio": best["their_decode"] / best["lazy"],
    }


def _document() -> dict[str, str]:
    """Give the message as pyiso8583 takes it: bytes in hexadecimal, odd digits filled."""
    document = {"h": "", "t": "0200"}
    for number, value in FIELDS.items():
        text = value if isinstance(value, str) else value.hex().upper()
        packed = SPEC[str(number)]["data_enc"] == "b"
        fixed = SPEC[str(number)]["len_type"] == 0
        document[str(number)] = text + "0" if packed and fixed and len(text) % 2 else text
    return document


def _time(path: Callable[[], object]) -> float:
    began = perf_counter()
    for _ in range(_TIMES):
        path()
    return (perf_counter() - began) / _TIMES


if __name__ == "__main__":
    for key, figure in measure().items():
        print(f"{key:<24} {figure:12.1f}")
