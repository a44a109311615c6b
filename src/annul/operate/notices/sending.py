"""One message over one channel: what apprise carries, and what came of it.

An address has secrets, so what a channel says is kept without them. apprise says why it failed in
its log alone; each message is sent in a thread of its own, which listens for what is logged there.
"""

import asyncio
import logging
import re
import smtplib
import ssl
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NamedTuple, Self
from urllib.parse import unquote, urlsplit

import structlog
from apprise import Apprise, AppriseAsset, AppriseAttachment
from apprise.attachment.memory import AttachMemory
from apprise.common import NotifyFormat, OverflowMode
from apprise.exception import AppriseException
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from annul.domain.letters import Attachment
from annul.domain.notices import BadChannel, ChannelKind, Written, kind_of

from .robots import DingTalkRobot, WeComRobot

log = structlog.get_logger(__name__)

_ROBOTS: Final = {ChannelKind.DINGTALK: DingTalkRobot, ChannelKind.WECOM: WeComRobot}
_ASSET: Final = AppriseAsset(
    app_id="annul",
    app_desc="annul",
    app_url="",
    http_redirects=False,
    secure_logging=True,
    plugin_paths=[],
)
_LOUD: Final = logging.getLogger("apprise")
# How services say that messages come too fast, or are to come later: HTTP 429; DingTalk, WeCom,
# Feishu and Lark by code; mail servers by 4xx.
_TOO_FAST: Final = re.compile(
    r"error=429\b|errcode=(130101|410100|45009|45033)\b|code=(11232|9499)\b|\(4\d\d, b['\"]"
)
_MAIL_REFUSED: Final = re.compile(r"\(5\d\d, b['\"]")  # a mail server's own word
# What apprise says of a service that gave no answer.
_NO_ANSWER: Final = re.compile(r"no answer|[Cc]onnection error|Socket Exception|timed out")
_WORTH: Final = re.compile(r"^(Socket Exception|SMTP|Response)")
_ERROR: Final = 300  # characters of an error that are kept
_LONGEST: Final = 2_000  # of an address
_SECRET: Final = 4  # characters from which on a part of an address is taken for a secret
# Where the host of an address is one; of all others it is a token.
_HOSTED: Final = frozenset({ChannelKind.MAIL, ChannelKind.PROGRAM, ChannelKind.NTFY})
_NOT_CONNECTED: Final = (NewConnectionError, ConnectTimeoutError, ssl.SSLCertVerificationError)
_PIECE: Final = re.compile(r"[/:@?&=#,;]+")


class Phase(StrEnum):
    """What came of a message."""

    TOLD = "told"
    LIMITED = "limited"  # too many in a minute for who carries it
    REFUSED = "refused"
    UNREACHED = "unreached"  # nobody was there: it did not arrive
    UNANSWERED = "unanswered"  # it may have arrived


# Of the log: ways of which nobody knows whether the message arrived. Cut off is "unknown".
MAYBE: Final = (Phase.UNANSWERED.value, "unknown")


class Outcome(NamedTuple):
    """What came of a message, and what the channel said of it."""

    phase: Phase
    error: str = ""


def check(address: str) -> ChannelKind:
    """Give the kind of channel an address is of; raises `BadChannel` for one that says nothing."""
    if not address.isprintable() or " " in address or len(address) > _LONGEST:
        raise BadChannel("an address is one line without spaces")
    kind = kind_of(address)
    with _Listener() as heard:
        carrier = _carrier(kind, address)
    if carrier is None:
        message = f"this is no address of {kind.traits.title.en}, which looks like "
        message += kind.traits.example
        said = _safe(heard.lines, address)
        raise BadChannel(f"{message} ({said})" if said else message)
    return kind


@dataclass(frozen=True, slots=True)
class SendPace:
    """How long a message may take: `within_s` for all of it, `each_s` until anything is answered.

    `most` messages go at once, each over another channel.
    """

    within_s: float = 30.0
    each_s: float = 10.0
    most: int = 16


class Sender:
    """Sends, each message in a thread of its own, for as long as `pace` says."""

    def __init__(self, pace: SendPace | None = None) -> None:
        self._pace = pace or SendPace()
        # One that hangs beyond its time holds a thread, not the others.
        self._threads = ThreadPoolExecutor(self._pace.most * 2, "notices")

    async def send(
        self, address: str, message: Written, to: str = "", files: Sequence[Attachment] = ()
    ) -> Outcome:
        """Send, and say what came of it; raises nothing but that it was cancelled.

        `to` is a mail address in the place of those that the channel's address names.
        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._pace.within_s):
                sent = loop.run_in_executor(self._threads, self._sent, address, message, to, files)
                return await sent
        except TimeoutError:
            return Outcome(Phase.UNANSWERED, f"no answer within {self._pace.within_s:g} s")
        except Exception:
            # A fault of ours is put off and told like one of the channel.
            log.exception("notice_not_sent")
            return Outcome(Phase.REFUSED, "not sent, by a fault of this host")

    def close(self) -> None:
        """Wait for no one: what hangs ends with its sockets' time."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _sent(
        self, address: str, message: Written, to: str, files: Sequence[Attachment]
    ) -> Outcome:
        try:
            kind = kind_of(address)
            carrier = _carrier(kind, address)
        except BadChannel as error:
            return Outcome(Phase.REFUSED, str(error))
        if to and kind is not ChannelKind.MAIL:
            return Outcome(Phase.REFUSED, "files go by mail, and this channel is none")
        if carrier is None:
            return Outcome(Phase.REFUSED, "the address is none")
        each_s = self._pace.each_s
        carrier.socket_connect_timeout = carrier.socket_read_timeout = each_s
        if to:
            carrier.targets, carrier.cc, carrier.bcc = [(False, to)], set(), set()
        with _Listener() as heard:
            try:
                taken = carrier.notify(
                    body=message.body,
                    title=message.title,
                    body_format=NotifyFormat.TEXT,
                    attach=_attached(files),
                )
            except Exception as error:  # noqa: BLE001 - whatever a carrier raises, it did not say yes
                heard.lines.append(f"{type(error).__name__}: {error}")
                heard.faults.append(error)
                taken = False
        if taken:
            return Outcome(Phase.TOLD)
        said = " ".join(heard.lines)
        phase = Phase.REFUSED
        if _TOO_FAST.search(said):
            phase = Phase.LIMITED
        elif _NO_ANSWER.search(said) and not _MAIL_REFUSED.search(said):
            phase = Phase.UNANSWERED if heard.may_have_left(kind) else Phase.UNREACHED
        reason = heard.reason if phase is Phase.UNREACHED else ""
        said = _safe([reason] if reason else heard.lines, address, to)
        return Outcome(phase, said or "refused without a reason")


def _attached(files: Sequence[Attachment]) -> AppriseAttachment | None:
    if not files:
        return None
    attached = AppriseAttachment()
    for one in files:
        attached.add(AttachMemory(one.content, name=one.name, mimetype=one.media))
    return attached


def _carrier(kind: ChannelKind, address: str) -> Any:
    """Give what carries messages to an address; None when it is no address.

    One message is one message: what an address says of retries and of cutting has no effect.
    """
    robot = _ROBOTS.get(kind)
    try:
        if robot is None:
            made: Any = Apprise.instantiate(address, asset=_ASSET)
        else:
            parts: Any = robot.parse_url(address)
            made = robot(**parts, asset=_ASSET) if parts else None
    except (AppriseException, TypeError):  # by what it says to who listens
        return None
    if not made:
        return None
    made.retry, made.overflow_mode = 0, OverflowMode.UPSTREAM
    return made


class _Listener(logging.Handler):
    """Hears what is logged in this thread while it is entered, and because of which faults."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self.faults: list[BaseException] = []
        self._sent = False  # to one of several
        self._thread = threading.get_ident()

    def __enter__(self) -> Self:
        _LOUD.addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        _LOUD.removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread != self._thread:
            return
        said = record.getMessage()
        self._sent = self._sent or said.startswith("Sent ")
        if (fault := sys.exception()) is not None:
            self.faults.append(fault)
        if record.levelno >= logging.WARNING or _WORTH.match(said):
            self.lines.append(said)

    def may_have_left(self, kind: ChannelKind) -> bool:
        """Say whether anything of a message that got no answer may have been taken."""
        return self._sent or not self.faults or any(left(kind, one) for one in self.faults)

    @property
    def reason(self) -> str:
        """Why nobody was reached, in the words of the system: what is wrapped says no more."""
        inner = list(_reasons(self.faults[-1]))[-1] if self.faults else None
        while inner is not None and inner.__cause__ is not None:
            inner = inner.__cause__
        return str(inner or "")


def left(kind: ChannelKind, fault: BaseException) -> bool:
    """Say whether a fault came when the message had begun to leave, by its kind and its place.

    Over HTTP that is once there is a connection that is trusted, of a mail once its data is sent.
    """
    if kind is ChannelKind.MAIL:
        frames = (frame for frame, _ in traceback.walk_tb(fault.__traceback__))
        return any(frame.f_code is smtplib.SMTP.data.__code__ for frame in frames)
    return not any(isinstance(one, _NOT_CONNECTED) for one in _reasons(fault))


def _reasons(fault: object) -> Iterator[BaseException]:
    """Give a fault and those that it wraps: requests has those of urllib3, these of the system."""
    while isinstance(fault, BaseException):
        yield fault
        fault = getattr(fault, "reason", None) or next(iter(fault.args), None)


# Nothing of it goes on to the log of this process: it may name an address.
_LOUD.propagate = False
_LOUD.setLevel(logging.DEBUG)


def _safe(lines: list[str], address: str, to: str = "") -> str:
    """Put together what was said, without what is secret of the address, or whom it goes to."""
    said = " ".join(" ".join(lines).split())
    said = said.replace(to, "…") if to else said
    pieces = {form for one in _PIECE.split(address) for form in (one, unquote(one))}
    shown = _shown(address)
    for piece in sorted(pieces, key=len, reverse=True):
        if len(piece) >= _SECRET and not any(piece in one for one in shown):
            said = said.replace(piece, "…")
    return said[:_ERROR]


def _shown(address: str) -> set[str]:
    """Give what of an address is no secret: how it begins, and its host where that is one."""
    parts = urlsplit(address)
    kind = kind_of(address)
    return {parts.scheme, (parts.hostname or "") if kind in _HOSTED else "", str(parts.port or "")}
