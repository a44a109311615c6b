"""The soft terminal: sign-in, transactions, what is owed from before, and the end of a batch."""

import contextlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from annul.domain.kinds import KINDS, Kind, Proof, answer_mti
from annul.domain.terminal_notes import read
from annul.merchants.parameters import Parameters
from annul.security.ciphers import BlockCipher
from annul.security.errors import UnusableKey
from annul.security.keys import KeyKind, open_working_keys
from annul.security.mac import mac, verify
from annul.security.tls import client_context
from annul.security.vault import Vault
from annul.wire.codec import Codec, Message
from annul.wire.dialects import DIALECTS
from annul.wire.errors import DecodeError
from annul.wire.framing import REQUIREMENTS
from annul.wire.subfields import Field59, Field60, Field62Terminal

from . import downloads, messages
from .errors import NoAnswerFromHost, NotPossible, SignInRefused, StillOwing, Unreachable
from .journal import Fields, Record, TerminalJournal
from .line import TerminalLine
from .messages import TerminalAnswer, TerminalOrder
from .profile import Profile

_CODEC: Final = Codec(DIALECTS["unionpay_pos"])
_MAC: Final = 64
_APPROVED: Final = "00"
_MAC_REFUSED: Final = "A0"
# Nothing was done and a sign-in mends it: the MAC key or the batch is out of step.
_SIGN_IN_AGAIN: Final = frozenset({_MAC_REFUSED, "77"})
# The host has no outcome yet and sees to it by itself.
OPEN: Final = frozenset({"98", "68", "09"})
_REVERSAL_DONE: Final = frozenset({"00", "25", "12"})


class SoftTerminal:
    """One terminal. It does one thing at a time, as a real one does."""

    def __init__(
        self,
        profile: Profile,
        journal: TerminalJournal,
        now: Callable[[], datetime],
        told: Callable[[Record], None] = lambda _: None,
    ) -> None:
        """`told` is called for each earlier transaction whose outcome became known on the way.

        Raises `TlsError` when the profile names certificates that can not be used.
        """
        self.profile = profile
        self.journal = journal
        self._now = now
        self._told = told
        tls = profile.tls
        self._line = TerminalLine(
            profile.host,
            profile.port,
            profile.software,
            context=client_context(tls) if tls else None,
            name=tls.name if tls else "",
            knock=self._echo,
            let_in=self._let_in,
        )
        self._asked = 0  # what the host asks, from an answer that is proved to be the host's
        self._ids = (profile.terminal, profile.merchant)
        self._keys = self._kept_keys()

    def close(self) -> None:
        """Hang up."""
        self._line.close()

    def _kept_keys(self) -> Mapping[KeyKind, BlockCipher]:
        """Open the keys of the last sign-in; a profile of another form or master signs in anew."""
        profile, kept = self.profile, self.journal.keys
        if not kept:
            return {}
        try:
            return open_working_keys(kept, profile.master, profile.network)
        except UnusableKey:
            self.journal.signed_off()
            return {}

    # Management ----------------------------------------------------------------------------

    async def sign_in(self) -> TerminalAnswer:
        """Fetch fresh working keys and the batch; raises `SignInRefused`."""
        profile = self.profile
        self._keys = {}
        answer = await self.manage(
            "sign_in",
            network=profile.network,
            extra={62: Field62Terminal(profile.serial).build(), 63: profile.operator},
        )
        if answer.response_code != _APPROVED:
            message = f"the host refused the sign-in with {answer.response_code}"
            raise SignInRefused(message)
        field62, field60 = answer.fields[62], answer.fields[60]
        assert isinstance(field62, bytes)
        self._keys = open_working_keys(field62, profile.master, profile.network)
        self.journal.signed_in(Field60.parse(str(field60)).batch, field62)
        return answer

    async def sign_off(self) -> TerminalAnswer:
        """Say good-bye; the next transaction signs in again."""
        answer = await self.manage("sign_off", network="002")
        self._keys = {}
        self.journal.signed_off()
        return answer

    async def fetch_parameters(self) -> Parameters:
        """Download the parameters and say that they came."""
        return await downloads.parameters(self)

    async def send_status(self, text: str) -> TerminalAnswer:
        """Tell the host how the terminal is."""
        return await self.manage("status", network="362", extra={62: text.encode("gbk")})

    async def manage(
        self,
        name: str,
        *,
        network: str,
        extra: Fields | None = None,
        batch: str = "",
        function: str = "",
    ) -> TerminalAnswer:
        """Send a message that moves no money, and give the answer.

        What changes the host's books or is evidence carries a MAC; when the host does not know the
        keys any more, the terminal signs in and says it again. `function` is field 60.1 where it is
        not that of the kind. Raises `Unreachable` and `NoAnswerFromHost`.
        """
        kind = KINDS[name]
        signed = kind.proof in {Proof.MAC, Proof.EITHER}
        said = Field60(function or kind.function, batch or self.journal.batch, network)
        answer = await self._managed(kind, said, extra or {}, signed=signed)
        if signed and answer.response_code == _MAC_REFUSED:
            await self.sign_in()
            answer = await self._managed(kind, said, extra or {}, signed=signed)
        return answer

    async def _managed(
        self, kind: Kind, said: Field60, extra: Fields, *, signed: bool
    ) -> TerminalAnswer:
        fields: Fields = {41: self._ids[0], 42: self._ids[1], 60: said.build()}
        if 11 in kind.required and 11 not in extra:
            fields[11] = self.journal.next_trace()
        if 49 in kind.required:
            fields[49] = "156"
        keys = self._keys if signed else {}
        try:
            message = await self._exchange(kind.mti, fields | extra, keys, always=False)
        except _BadMac:
            message = "the answer's MAC is wrong, so it is not believed"
            raise NoAnswerFromHost(message) from None
        self._hear(messages.note_of(message.fields()))
        return TerminalAnswer(str(message[39]), message.fields())

    # Transactions --------------------------------------------------------------------------

    async def perform(self, order: TerminalOrder) -> Record:
        """Do a transaction: settle what is owed first, write, send, write what came of it.

        Raises `StillOwing`, `SignInRefused`, `Unreachable` (nothing moved) and
        `NoAnswerFromHost` (the outcome is open; the journal knows what is owed).
        """
        await self._meet_requirement()
        if not self._keys:
            await self.sign_in()
        await self.settle_owed()
        record = await self._attempt(order)
        if record.response_code in _SIGN_IN_AGAIN:
            await self.sign_in()
            record = await self._attempt(order)
        return record

    async def _meet_requirement(self) -> None:
        """Do, once, what the host asked for in the header of its last answer that is proved."""
        asked, self._asked = self._asked, 0
        if asked == REQUIREMENTS["sign_in"]:
            keys = self._keys
            try:
                await self.sign_in()
            except SignInRefused:  # its keys serve until it has used new ones
                self._keys, self._asked = keys, asked
        else:
            await downloads.meet(self, asked)

    async def settle_owed(self) -> None:
        """Send reversals and repeats of earlier transactions; raises `StillOwing`.

        A host that cannot say yet is not asked again at once: it has enough to do.
        """
        for owed in self.journal.owed():
            record = owed
            while record.owed:
                if record.sends > self.profile.resends:
                    message = f"the {record.owed} of voucher {record.trace} was not acknowledged"
                    raise StillOwing(message)
                record, code = await self._send_owed(record)
                if record.owed and code and code not in _SIGN_IN_AGAIN:
                    message = f"the host cannot say yet what became of voucher {record.trace}"
                    raise StillOwing(message)
            self._told(record)

    def give_up(self, trace: str) -> Record | None:
        """Strike out what is owed for a voucher, once people have settled it."""
        record = next((r for r in self.journal.owed() if r.trace == trace), None)
        return record and self.journal.change(record, owed="", state="unanswered")

    async def _attempt(self, order: TerminalOrder) -> Record:
        kind = order.kind
        batch, trace = self.journal.batch, self.journal.next_trace()
        pin_key = self._keys.get(KeyKind.PIN)
        fields = messages.request(order, self._ids, batch, trace, pin_key, self._now())
        self._check_complete(kind, fields)
        owed = "reversal" if kind.reversible else "repeat" if kind.money != "none" else ""
        record = Record(
            batch=batch,
            trace=trace,
            kind=kind.name,
            amount=order.amount,
            card=Vault.mask(order.card) or (order.original.card if order.original else ""),
            fields=messages.kept(fields),
            owed=owed,
            original=order.original.trace if order.original else "",
            date=f"{self._now():%m%d}",
            time=f"{self._now():%H%M%S}",
        )
        self.journal.open(record)
        return await self._conclude(record, kind.mti, fields)

    async def _conclude(self, record: Record, mti: str, fields: Fields) -> Record:
        """Send a request and write its outcome; on silence the record keeps what is owed."""
        try:
            answer = await self._exchange(mti, fields, self._keys)
        except NoAnswerFromHost:
            self.journal.change(record, state="unanswered")
            raise
        except _BadMac:
            return self.journal.change(
                record, state="unanswered", reason=_MAC_REFUSED, response_code=_MAC_REFUSED
            )
        self._hear(messages.note_of(answer.fields()))
        code = str(answer[39])
        state, owed = _outcome(record, code, has_reference=37 in answer)
        scanned = answer.get(59, b"")
        voucher = Field59.parse(scanned).get(Field59.VOUCHER).decode() if scanned else ""
        return self.journal.change(
            record,
            state=state,
            owed=owed,
            response_code=code,
            rrn=answer.get(37, "").strip(),
            auth_code=answer.get(38, "").strip(),
            voucher=voucher,
            note=messages.note_of(answer.fields()),
            balance=answer.get(54, ""),
            date=answer.get(13, record.date),
            time=answer.get(12, record.time),
        )

    def _hear(self, note: str) -> Record | None:
        """Keep with its request how the case of an earlier voucher has ended, for its slip."""
        voucher = read(note).voucher
        request = self.journal.request_of(voucher) if voucher else None
        return request and self.journal.change(request, note=note)

    async def _send_owed(self, record: Record) -> tuple[Record, str]:
        """Send what is owed once; give the record and the answer's code, empty when it is none."""
        before = record.sends
        record = self.journal.change(record, sends=before + 1)
        mti, fields = messages.again(record)
        try:
            if record.owed == "repeat":
                repeated = await self._conclude(record, mti, fields)
                if repeated.response_code in _SIGN_IN_AGAIN:
                    await self.sign_in()
                return repeated, repeated.response_code
            answer = await self._exchange(mti, fields, self._keys)
        except Unreachable:  # nothing was sent: a host that is down does not use the sends up
            self.journal.change(record, sends=before)
            raise
        except (NoAnswerFromHost, _BadMac):
            return record, ""
        code = str(answer[39])
        if code in _SIGN_IN_AGAIN:
            await self.sign_in()
        if code in _REVERSAL_DONE:
            record = self.journal.change(record, owed="", state="reversed", response_code=code)
        return record, code

    def _check_complete(self, kind: Kind, fields: Fields) -> None:
        missing = [number for number in kind.required if number not in fields]
        if missing:
            message = f"{kind.title.en} needs field {missing[0]}: name the original's voucher"
            raise NotPossible(message)

    # The wire ------------------------------------------------------------------------------

    def _echo(self) -> bytes:
        """Build the echo test: any answer to it says that the host takes this terminal's line."""
        field60 = Field60("00", self.journal.batch, "301").build()
        return _CODEC.encode("0820", {41: self._ids[0], 42: self._ids[1], 60: field60})

    def _let_in(self, raw: bytes) -> None:
        """Hear what the answer to the echo test tells; a garbled one tells nothing."""
        with contextlib.suppress(DecodeError):
            heard = self._hear(messages.note_of(_CODEC.decode(raw).fields()))
            if heard is not None:
                self._told(heard)

    async def _exchange(
        self,
        mti: str,
        fields: Fields,
        keys: Mapping[KeyKind, BlockCipher],
        *,
        always: bool = True,
    ) -> Message:
        """Send one message under the MAC key, if any; give the answer once it is proved valid.

        An approval needs a MAC when the message had one; without `always` it may have none. Raises
        `Unreachable`, `NoAnswerFromHost` and `_BadMac`.
        """
        key = keys.get(KeyKind.MAC)
        if key is None:
            body = _CODEC.encode(mti, fields)
        else:
            body = _CODEC.encode_unsigned(mti, fields)
            body = _CODEC.sign(body, mac(self.profile.mac, key, body))
        raw = await self._line.ask(body, self._timeout_s)
        try:
            answer = _CODEC.decode(raw)
            answer.check()
        except DecodeError as error:
            self._line.close()
            raise NoAnswerFromHost("the answer is garbled") from error
        expected = {number: fields.get(number) for number in (3, 4, 11, 41, 42)}
        right = answer.mti == answer_mti(mti) and 39 in answer
        if not right or any(n in answer and answer[n] != value for n, value in expected.items()):
            self._line.close()
            raise NoAnswerFromHost("the answer belongs to another request")
        proved = self._proved(answer, keys)
        needed = key is not None and answer[39] == _APPROVED and (always or _MAC in answer)
        if needed and not proved:
            raise _BadMac
        # A forged answer can not send a terminal to sign in or to take parameters: what an answer
        # asks is heard when its MAC holds, or when the line is TLS. The header stands outside the
        # MAC, so in the clear one in the middle can still change it; he gets a sign-in by that.
        if proved or (self.profile.tls and _MAC not in answer):
            self._asked = self._line.requirement
        return answer

    def _proved(self, answer: Message, keys: Mapping[KeyKind, BlockCipher]) -> bool:
        """Say whether an answer has a MAC that holds: under the host's own key, if it has one."""
        key = keys.get(KeyKind.MAC_BACK) or keys.get(KeyKind.MAC)
        code = answer.get(_MAC, b"")
        if key is None or not code:
            return False
        return verify(self.profile.mac, key, answer.raw[: -len(code)], code)

    @property
    def _timeout_s(self) -> float:
        return self.profile.timeout_s


class _BadMac(Exception):
    """An approval whose MAC is wrong: it may be forged, so what was asked is reversed."""


def _outcome(record: Record, code: str, *, has_reference: bool) -> tuple[str, str]:
    """Say what a code makes of a request, and what is still owed for it.

    To what may have been sent before, a code that is about this sending alone says nothing; 98 says
    that the outcome is open, and with a reference number that the host will see to it.
    """
    if code == _APPROVED:
        return "approved", ""
    if record.owed == "repeat" and code in OPEN:
        return "unanswered", "" if has_reference else "repeat"
    if record.owed == "repeat" and record.sends and code in _SIGN_IN_AGAIN:
        return "unanswered", "repeat"
    return "declined", ""
