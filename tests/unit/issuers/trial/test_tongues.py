"""Dialects that are tried: the one that is set first, each with a document when it is new."""

from annul.issuers.trial.tongues import readers, reads, tongues
from annul.wire.codec import Codec
from annul.wire.dialects import DIALECTS
from annul.wire.specifications.document import read

_FIELDS: dict[int, str | bytes] = {7: "0101000000", 11: "000001", 39: "00", 70: "001"}


def test_what_is_set_comes_first_and_names_stand_once() -> None:
    for first in ("cups", "iso87_ascii", "iso93_binary"):
        found = tongues(DIALECTS, first)
        assert found[0].dialect is DIALECTS[first]
        names = [one.dialect.name for one in found]
        assert len(names) == len(set(names))


def test_a_new_one_has_a_document_that_is_read_as_itself() -> None:
    for one in tongues(DIALECTS, "cups"):
        if one.base is None:
            assert not one.document
        else:
            assert read(one.document) == one.dialect


def test_each_reads_what_it_writes_and_the_first_is_the_nearest() -> None:
    every = tongues(DIALECTS, "cups")
    for one in every:
        later = one.dialect.version != "0"
        fields = {7: "0101000000", 11: "000001", 24: "801"} if later else _FIELDS
        size = one.dialect.fields[39].size
        body = Codec(one.dialect).encode("0810", fields | {39: "0" * size})
        found = list(readers(every, (body,)))
        assert one in found
        assert found[0] is every[0] or found[0].dialect.mti is one.dialect.mti


def test_what_is_left_over_or_makes_no_sense_is_not_read() -> None:
    first = tongues(DIALECTS, "cups")[0]
    body = Codec(first.dialect).encode("0810", _FIELDS)
    assert reads(first, (body,))
    for wrong in (body + b"\x03", body[:-1], body.replace(b"0810", b"0210"), b""):
        assert reads(first, (wrong,)) is None
    silent = Codec(first.dialect).encode("0810", {11: "000001"})
    assert reads(first, (silent,)) is None  # an answer without a code
