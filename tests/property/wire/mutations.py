"""What a line or an attacker does to bytes."""

from random import Random


def mutated(raw: bytes, random: Random) -> bytes:
    """Give `raw` with a few bytes changed, lost or put in."""
    data = bytearray(raw)
    for _ in range(random.choice((1, 1, 1, 2, 5))):
        at = random.randrange(len(data)) if data else 0
        match random.randrange(6):
            case 0 if data:
                data[at] ^= 1 << random.randrange(8)
            case 1 if data:
                data[at] = random.randrange(256)
            case 2:
                del data[at : at + random.randrange(1, 9)]
            case 3:
                data[at:at] = random.randbytes(random.randrange(1, 9))
            case 4:
                del data[at:]
            case _:
                data[at : at + 2] = random.choice((b"\xff\xff", b"\x00\x00", b"99", b"\x09\x99"))
    return bytes(data)
