"""What adversaries say, drawn at random: a stranger who reads along, the owner of a terminal."""

from random import Random
from typing import Final

from annul.sim.terminal.journal import Record
from annul.wire.subfields import Field48Totals
from tests.support.adversary import ROOMS, equalised, folded
from tests.support.soft import CARD
from tests.support.wire import (
    CODEC,
    MAC,
    Credentials,
    Fields,
    Keyed,
    Tap,
    badly_signed,
    managing,
    sale,
    sign_in,
    undoing,
    unsigned,
)

_FORMS: Final = ("000", "001", "002", "003", "004", "005", "006", "913", "914", "925", "937", "999")
_UNDOING: Final = {"void": "0200", "refund": "0220"}
# Fields that kinds may lack; what room those have that they know is in test_door_forged.
_ROOMS: Final = ("36 track 3", "46", "48", "52 PIN block", "55 chip", "62")
_SALE_ROOMS: Final = ("46", "48", "52 PIN block", "62", "63 long")


def _totals(random: Random, amount: int, count: int) -> str:
    """Give a claim: nothing, what is right, or anything."""
    claim = random.choice(((0, 0), (amount, count), (random.randrange(10**6), 3)))
    return Field48Totals(*claim).build()


def _management(random: Random, who: Credentials, batch: str, slip: Record) -> bytes:
    record = f"00{slip.trace}{CARD:>020}{slip.amount:012d}"
    return random.choice(
        (
            lambda: sign_in(who, random.choice(_FORMS)),
            lambda: managing("settlement", who, "201", batch=batch, f48=_totals(random, 100, 1)),
            lambda: managing("batch_upload", who, "201", batch=batch, f48=f"01{record}"),
            lambda: managing("batch_upload_end", who, "207", batch=batch, f48="0001"),
            lambda: managing("batch_upload_end", who, "202", batch=batch, f48="0001"),
            lambda: managing("sign_off", who, "002", batch=batch),
            lambda: managing("echo", who, "301", batch=batch),
            lambda: managing("parameters", who, random.choice(("360", "361")), batch=batch),
            lambda: managing("ca_keys_taken", who, random.choice(("371", "381")), batch=batch),
            lambda: managing("ca_key", who, "370", batch=batch, f62=random.randbytes(12)),
            lambda: managing(
                "signature", who, "800", batch=batch, f11=slip.trace, f62=random.randbytes(90)
            ),
            lambda: managing(
                "ic_upload",
                who,
                random.choice(("203", "206")),
                batch=batch,
                f4=f"{slip.amount:012d}",
                f11=slip.trace,
                f22="051",
                f55=random.randbytes(30),
            ),
            lambda: managing("status", who, "362", batch=batch, f62=random.randbytes(20)),
        )
    )()


class Stranger:
    """Somebody without any key, who reads along: everything it says is drawn from `random`."""

    def __init__(self, random: Random, who: Credentials, seen: Tap, slips: list[Record]) -> None:
        self._random, self._who, self._slips = random, who, slips
        self._asked = [frame.body for frame in seen.requests]
        self._frames = self._asked + [frame.body for frame in seen.answers]
        self._signed = [body for body in self._frames if MAC in CODEC.decode(body)]

    def next(self) -> bytes:
        """Give a message. What folds to a message that was seen is forged on purpose only.

        By chance two changed bits cancel out in the ECB MAC; `_forged` says what that may come to.
        """
        moves = (
            self._replay,
            self._mutated,
            self._recombined,
            self._twisted,
            self._forged,
            self._void_of_a_slip,
            self._managing,
            self._bytes,
        )
        move = self._random.choice(moves)
        body = move()
        while move != self._forged and self._proven(body):
            body = move()
        return body

    def _proven(self, body: bytes) -> bool:
        """Say whether it has the MAC of a message that was seen, and is another one."""
        return body not in self._frames and any(
            body[-8:] == one[-8:] and folded(body[:-8]) == folded(one[:-8]) for one in self._signed
        )

    def _trace(self) -> str:
        return f"{self._random.randrange(800_000, 1_000_000):06d}"

    def _slip(self) -> Record:
        return self._random.choice(self._slips)

    def _batch(self) -> str:
        return self._random.choice((self._slip().batch, "000001", "000002", "999999"))

    def _replay(self) -> bytes:
        return self._random.choice(self._frames)

    def _mutated(self) -> bytes:
        body = bytearray(self._replay())
        for _ in range(self._random.randint(1, 4)):
            at = self._random.randrange(len(body))
            match self._random.randrange(4):
                case 0:
                    body[at] ^= 1 << self._random.randrange(8)
                case 1:
                    body[at] = self._random.randrange(256)
                case 2:
                    body.insert(at, self._random.randrange(256))
                case _:
                    del body[max(at, 1) :]
        return bytes(body)

    def _recombined(self) -> bytes:
        """Give the head of one message and the tail and MAC of another."""
        one, other = self._replay(), self._random.choice(self._signed)
        cut = self._random.randrange(2, len(one))
        kept = self._random.choice((8, 8, self._random.randrange(8, len(other))))
        return one[:cut] + other[-kept:]

    def _twisted(self) -> bytes:
        """Give a message that was seen with other values in it, under a MAC that was seen."""
        message = CODEC.decode(self._random.choice(self._asked))
        fields = message.fields()
        fields.pop(MAC, None)
        for number, value in (
            (4, f"{self._random.randrange(1, 10**6):012d}"),
            (11, self._trace()),
            (60, f"{self._random.choice(('22', '23', '25', '00'))}{self._batch()}000"),
            (3, self._random.choice(("000000", "200000", "030000", "310000"))),
            (41, f"{self._random.randrange(10_000_001, 10_000_012)}"),
            (63, self._random.choice(("\x00\x00\x00", "001", "CUP" + "X" * 40))),
        ):
            if self._random.random() < 0.4:
                fields[number] = value
        mti = self._random.choice((message.mti, "0200", "0220", "0400", "0100", "0320", "0500"))
        if mti == "0400":
            fields[39] = "98"
        code = self._random.choice(self._signed)[-8:]
        return self._random.choice((unsigned, lambda m, f: badly_signed(m, f, code)))(mti, fields)

    def _forged(self) -> bytes:
        """Give what an adversary would like, folding to what was seen."""
        kind = self._random.choice(("void", "refund", "reversal", "sale"))
        slip = self._slip()
        mti, fields = _UNDOING.get(kind, "0200"), sale(self._who, self._trace(), 99_900, slip.batch)
        if kind in _UNDOING:
            fields = undoing(kind, self._who, self._trace(), slip)
        elif kind == "reversal":
            mti = "0400"
            fields = sale(self._who, slip.trace, slip.amount, slip.batch) | {39: "98", 22: "021"}
        room = self._random.choice(_SALE_ROOMS if kind == "sale" else _ROOMS)
        if (kind, room) == ("void", "52 PIN block"):
            room = "62"  # a PIN that does not open is a void that failed: a case, by intent
        whose = self._random.choice(self._signed)
        return equalised(mti, fields, ROOMS[room], whose) or whose

    def _void_of_a_slip(self) -> bytes:
        fields = undoing(
            self._random.choice(("void", "refund")),
            self._who,
            self._trace(),
            self._slip(),
            batch=self._batch(),
            card=self._random.choice((CARD, "")),
        )
        for number in self._random.sample(sorted(fields), self._random.randrange(3)):
            del fields[number]
        if self._random.random() < 0.2:
            fields[42] = f"8{self._random.randrange(10**14):014d}"
        return self._random.choice((unsigned, badly_signed))("0200", fields)

    def _managing(self) -> bytes:
        return _management(self._random, self._who, self._batch(), self._slip())

    def _bytes(self) -> bytes:
        return self._random.randbytes(self._random.randrange(1, 200))


class Owner:
    """Somebody with all keys of one terminal, who means another one's money."""

    def __init__(
        self, random: Random, keyed: Keyed, whom: Credentials, slips: list[Record], seen: Tap
    ) -> None:
        self._random, self._keyed, self._whom = random, keyed, whom
        self._slips, self._seen = slips, seen

    def next(self) -> bytes:
        moves = (self._undoing, self._undoing, self._reversal, self._managing, self._resigned)
        return self._random.choice(moves)()

    def _as(self, fields: Fields) -> Fields:
        """Say that it comes from the other terminal, from the own one, or from half of each."""
        own, other = self._keyed.who, self._whom
        fields[41] = self._random.choice((own[1], other[1]))
        fields[42] = self._random.choice((own[0], other[0]))
        return fields

    def _trace(self) -> str:
        return f"{self._random.randrange(500_000, 800_000):06d}"

    def _undoing(self) -> bytes:
        kinds = ("void", "refund", "completion_void", "preauth_void", "completion")
        kind = self._random.choice(kinds)
        slip = self._random.choice(self._slips)
        batch = self._random.choice((slip.batch, self._keyed.batch))
        fields = self._as(undoing(kind, self._whom, self._trace(), slip, batch=batch))
        fields[38] = f"{slip.auth_code:<6}"
        if kind in {"completion_void", "preauth_void", "completion"}:
            fields[25] = "06"
            fields[3] = "000000" if kind == "completion" else "200000"
        # With the right reference number a merchant's other terminal may refund.
        if kind == "refund" and self._keyed.who[0] == self._whom[0]:
            fields[37] = self._random.choice(("0" * 12, f"{int(slip.rrn) + 1:012d}"[-12:]))
        if self._random.random() < 0.3:
            fields.pop(self._random.choice((2, 14, 38)), None)
        mti = {"refund": "0220", "preauth_void": "0100"}.get(kind, "0200")
        return self._keyed.signed(mti, fields)

    def _reversal(self) -> bytes:
        slip = self._random.choice(self._slips)
        fields = self._as(sale(self._whom, slip.trace, slip.amount, slip.batch))
        return self._keyed.signed("0400", fields | {39: "98", 37: slip.rrn, 22: "021"})

    def _managing(self) -> bytes:
        slip = self._random.choice(self._slips)
        body = _management(self._random, self._whom, slip.batch, slip)
        if self._random.random() < 0.5:
            message = CODEC.decode(body)
            body = self._keyed.signed(message.mti, self._as(message.fields()))
        return body

    def _resigned(self) -> bytes:
        """Give what the other terminal said, under the own MAC."""
        message = CODEC.decode(self._random.choice(self._seen.requests).body)
        fields = message.fields()
        fields.pop(MAC, None)
        return self._keyed.signed(message.mti, fields)
