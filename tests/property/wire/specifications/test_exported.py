"""What is exported is the same once it is imported again: all of it, but what is listed."""

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from annul.wire.codec import Codec
from annul.wire.dialect import Dialect
from annul.wire.dialects import DIALECTS
from annul.wire.specifications.imported import Exported
from annul.wire.specifications.message_json import read_json
from annul.wire.specifications.message_json_export import as_described, to_json
from annul.wire.specifications.packager import read_packager
from annul.wire.specifications.packager_export import as_class, to_packager
from tests.support.dialects import dialects
from tests.support.wire_messages import values

_ANY = st.one_of(dialects(), st.sampled_from([*DIALECTS.values()]))


def _said(dialect: Dialect, exported: Exported) -> Dialect:
    """Give the dialect without what is listed as not said."""
    listed = {each.row: each.reason for each in exported.unsaid}
    fields = {
        number: replace(row, layout=None) if "its parts" in listed.get(str(number), "") else row
        for number, row in dialect.fields.items()
        if str(number) not in listed or "its parts" in listed[str(number)]
    }
    usual = {"mac_fields": (), "version": "0"}
    head: Any = {name: value for name, value in usual.items() if name in listed}
    return replace(dialect, fields=fields, **head)


def _same_bytes(said: Dialect, again: Dialect, data: st.DataObject) -> None:
    """Whatever the one writes, the other writes and reads."""
    rows = [row for row in said.fields.values() if row.layout is None]
    chosen = data.draw(st.lists(st.sampled_from(rows), max_size=6, unique=True))
    fields = {row.number: data.draw(values(row)) for row in chosen}
    raw = Codec(said).encode("0200", fields)
    assert Codec(again).encode("0200", fields) == raw
    assert Codec(again).decode(raw).fields() == fields


@settings(max_examples=250, deadline=None)
@given(data=st.data())
def test_a_packager_file(data: st.DataObject) -> None:
    dialect = data.draw(_ANY)
    exported = to_packager(dialect)
    imported = read_packager(exported.text.encode(), dialect.name)
    said = _said(dialect, exported)
    assert imported.unsaid == ()
    assert imported.dialect.fields == {n: as_class(row) for n, row in said.fields.items()}
    assert imported.dialect == replace(
        said, fields=imported.dialect.fields, mac_field=imported.dialect.mac_field
    )
    _same_bytes(said, imported.dialect, data)


@settings(max_examples=250, deadline=None)
@given(data=st.data())
def test_a_json_specification(data: st.DataObject) -> None:
    dialect = data.draw(_ANY)
    exported = to_json(dialect)
    imported = read_json(exported.text, dialect.name)
    said = _said(dialect, exported)
    assert imported.unsaid == ()
    assert imported.dialect.fields == {n: as_described(row) for n, row in said.fields.items()}
    listed = {each.row for each in exported.unsaid}
    if "bitmap" not in listed:
        assert imported.dialect == replace(
            said, fields=imported.dialect.fields, mac_field=imported.dialect.mac_field
        )
        _same_bytes(said, imported.dialect, data)
