"""The layouts of key messages: what is written is read again, and nothing else is."""

from itertools import product
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annul.issuers.key_forms import KEY_FORMS, KeyFormError, SentKey
from annul.security.ciphers import AES, DES, SIZES, SM, TDES
from annul.security.keys import KeyKind
from annul.wire.codec import Codec
from annul.wire.dialects import DIALECTS

_KINDS: Final = (KeyKind.MAC, KeyKind.PIN)


@pytest.mark.parametrize(
    ("dialect", "name"),
    [
        (dialect, name)
        for dialect, name in product(("cups", "iso87_ascii", "iso87_binary"), KEY_FORMS)
        if dialect == "cups" or name != "field_48_96"  # its field 96 has eight bytes
    ],
)
@pytest.mark.parametrize("kind", _KINDS)
@pytest.mark.parametrize("algorithm", [DES, TDES, SM, AES])
def test_what_an_issuer_writes_is_read_in_every_dialect(
    dialect: str, name: str, kind: KeyKind, algorithm: str
) -> None:
    form, codec = KEY_FORMS[name], Codec(DIALECTS[dialect])
    sent = SentKey(kind, bytes(range(1, 1 + SIZES[algorithm])), b"\x9a\x8b\x7c\x6d")
    message = codec.decode(codec.encode("0820", {11: "000001", **form.write(sent)}))
    found = form.read(message.fields(), algorithm)
    assert (found.kind, found.encrypted) == (kind, sent.encrypted)
    assert found.check[:4] == sent.check
    assert message[70] == "101"
    assert form.carries(message.fields())


@pytest.mark.parametrize("name", KEY_FORMS)
@pytest.mark.parametrize("kind", _KINDS)
def test_what_asks_names_the_kind_and_carries_none(name: str, kind: KeyKind) -> None:
    form = KEY_FORMS[name]
    asked = form.asking(kind)
    assert form.kind_of(asked) is kind
    assert not form.carries(asked)
    assert asked[70] == {KeyKind.PIN: "161", KeyKind.MAC: "162"}[kind]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {53: "1600000000000000"},
        {48: "00" * 20},
        {48: "00" * 20, 53: "3000000000000000"},
        {48: "00" * 16, 53: "1000000000000000"},  # no check value
        {48: "00" * 15, 53: "1000000000000000"},
        {48: "GG" * 20, 53: "1000000000000000"},
        {48: b"\0" * 40, 53: "1000000000000000"},
        {48: "0" * 41, 53: "1000000000000000"},
    ],
)
def test_what_has_another_layout_is_refused(fields: dict[int, str | bytes]) -> None:
    with pytest.raises(KeyFormError):
        KEY_FORMS["field_48"].read(fields, TDES)


def test_the_tag_must_stand_there() -> None:
    form = KEY_FORMS["field_48_96"]
    fields = form.write(SentKey(KeyKind.PIN, bytes(16), b"abcd"))
    with pytest.raises(KeyFormError, match="does not begin with NK"):
        form.read(fields | {48: "XX" + "00" * 16}, TDES)


@pytest.mark.parametrize("name", KEY_FORMS)
@given(
    fields=st.dictionaries(
        st.sampled_from([48, 53, 96, 120]), st.one_of(st.text(max_size=60), st.binary(max_size=60))
    )
)
def test_anything_else_raises_nothing_but_that(name: str, fields: dict[int, str | bytes]) -> None:
    try:
        KEY_FORMS[name].read(fields, TDES)
    except KeyFormError as error:
        assert not error.__cause__
