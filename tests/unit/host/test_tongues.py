"""Which codecs a terminal's message may be read by, and that a changed dialect is taken up."""

from dataclasses import replace

import pytest

from annul.host.tongues import Tongues
from annul.wire.dialect import Dialect
from annul.wire.dialects import UNIONPAY_POS
from annul.wire.errors import DialectError

_OWN = replace(UNIONPAY_POS, name="own")


def test_the_usual_one_comes_first_and_has_no_name() -> None:
    tongues = Tongues("unionpay_pos", lambda: {"unionpay_pos": UNIONPAY_POS, "own": _OWN})
    assert [(name, codec.dialect.name) for name, codec in tongues.each(("own", "gone"))] == [
        ("", "unionpay_pos"),
        ("own", "own"),
    ]
    assert [name for name, _ in tongues.each(())] == [""]


def test_a_usual_dialect_that_is_none_is_named() -> None:
    with pytest.raises(DialectError, match="terminals_dialect: one of unionpay_pos"):
        Tongues("klingon", lambda: {"unionpay_pos": UNIONPAY_POS})


def test_a_codec_is_kept_until_its_dialect_changes() -> None:
    known: dict[str, Dialect] = {"unionpay_pos": UNIONPAY_POS, "own": _OWN}
    tongues = Tongues("unionpay_pos", lambda: known)
    first = [codec for _, codec in tongues.each(("own",))]
    assert [codec for _, codec in tongues.each(("own",))] == first
    known["own"] = replace(_OWN, name="own, later")
    known["unionpay_pos"] = replace(UNIONPAY_POS, name="usual, later")
    later = [codec for _, codec in tongues.each(("own",))]
    assert [codec.dialect.name for codec in later] == ["usual, later", "own, later"]
    del known["unionpay_pos"]  # whatever becomes of it, terminals are served
    assert next(tongues.each(()))[1] is later[0]
