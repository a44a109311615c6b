"""The keyboard: each key does one thing, each page has a letter, and the sheet says all of it."""

from annul.console.build import pages
from annul.console.frame import keys
from annul.console.frame.texts import Words
from annul.console.till.issuer_panel import Maintenance
from annul.console.till.tills import Tills

_PLACES = {page.path: page.title for page in pages(Tills(), Maintenance()) if "{" not in page.path}


def test_no_key_does_two_things() -> None:
    for held in (False, True):
        alone = [one.key for one in keys.SHORTCUTS if one.held is held]
        assert len(alone) == len(set(alone))
    assert keys.GO not in {one.key for one in keys.SHORTCUTS}
    assert len(set(keys.LETTERS.values())) == len(keys.LETTERS)


def test_each_page_that_stands_alone_has_a_letter() -> None:
    assert keys.LETTERS.keys() == _PLACES.keys()


def test_the_sheet_and_the_script_are_told_the_same() -> None:
    told = keys.told(["/cases", "/issuers", "/nowhere"])
    assert told["go"] == {"c": "/cases", "i": "/issuers"}
    assert told["keys"]["/"] == "search"
    assert told["held"] == {"k": "palette"}
    sheet = keys.sheet(Words("zh"), [("/cases", "Cases"), ("/nowhere", "Cases")])
    assert sheet.count("<dt>") == len(keys.SHORTCUTS) + 1
    for text in ("<kbd>Ctrl</kbd>", "<kbd>Esc</kbd>", "<kbd>c</kbd>", "前往：案件"):
        assert text in sheet
