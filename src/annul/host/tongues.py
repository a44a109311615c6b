"""What terminals speak: the dialect of their port, or the one that they are registered with."""

from collections.abc import Callable, Iterator, Mapping

from annul.wire.codec import Codec
from annul.wire.dialect import Dialect
from annul.wire.errors import DialectError

Dialects = Callable[[], Mapping[str, Dialect]]


class Tongues:
    """A codec for each dialect, kept until the dialect changes.

    None of them trusts: it keeps of what it decodes what a terminal has proven. `dialects` gives
    all that there are now; raises `DialectError` when the usual one is none of them.
    """

    def __init__(self, usual: str, dialects: Dialects) -> None:
        self._usual = usual
        self._dialects = dialects
        self._codecs: dict[str, Codec] = {}
        known = dialects()
        if usual not in known:
            raise DialectError(usual, f"one of {', '.join(sorted(known))}", "terminals_dialect")
        self.usual = self._made(known[usual])

    def each(self, registered: tuple[str, ...]) -> Iterator[tuple[str, Codec]]:
        """Give the codecs that a message may be read by, the usual one first, each with its name.

        `registered` are the dialects that terminals have of their own; the usual one has no name.
        """
        usual = self._dialects().get(self._usual)
        if usual is not None and usual is not self.usual.dialect:
            self.usual = self._made(usual)
        yield "", self.usual
        for name in registered:
            dialect = self._dialects().get(name)
            if dialect is None:
                continue
            codec = self._codecs.get(name)
            if codec is None or codec.dialect is not dialect:
                codec = self._codecs[name] = self._made(dialect)
            yield name, codec

    @staticmethod
    def _made(dialect: Dialect) -> Codec:
        return Codec(dialect, trusting=False)
