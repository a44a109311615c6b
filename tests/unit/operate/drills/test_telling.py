"""Drills told: each kind of trouble has a name in both languages."""

from annul.operate.drills.script import scripts
from annul.operate.drills.telling import kind_of


def test_each_kind_of_trouble_has_a_name_in_chinese() -> None:
    kinds = {stroke.kind for script in scripts().values() for stroke in script.strokes}
    names = {kind: kind_of(kind) for kind in kinds}
    assert len(names) > 150
    assert [kind for kind, name in names.items() if name.zh == name.en] == []
    assert len({name.zh for name in names.values()}) == len(names), "no two are alike"


def test_a_kind_that_is_known_no_longer_keeps_its_name() -> None:
    assert kind_of("gone_since").zh == "gone since"
