"""The sequence chart: each arrow from who said it to who heard it, in text and as a picture."""

import xml.etree.ElementTree as ET

from annul.console.frame.sequence import Arrow, svg, text

_LANES = {"terminal": "终端", "annul": "annul", "issuer": "发卡行"}
_ARROWS = [
    Arrow("0.001", "terminal", "annul", "0200 void"),
    Arrow("0.003", "annul", "issuer", "0200 <void>"),
    Arrow("0.009", "issuer", "annul", "0210 96"),
    Arrow("0.010", "annul", "annul", "opened"),
]


def test_text_draws_each_arrow_in_its_direction() -> None:
    title, head, there, on, back, own = text("a void", _LANES, _ARROWS).splitlines()
    assert title == "a void"
    assert head.index("终端") < head.index("annul") < head.index("发卡行")
    assert there.endswith(">")
    assert on.index("|") > there.index("|")
    assert back.lstrip("0.9 ").startswith("<-")
    assert own.endswith("* opened")


def test_picture_is_whole_and_escaped() -> None:
    drawn = svg("a void", _LANES, _ARROWS)
    root = ET.fromstring(drawn)
    texts = [one.text for one in root.iter("{http://www.w3.org/2000/svg}text")]
    for wanted in ("终端", "发卡行", "0200 <void>", "0210 96", "opened", "0.010"):
        assert wanted in texts
    heads = [one.get("d") for one in root.iter("{http://www.w3.org/2000/svg}path")]
    assert any("l-7" in str(path) for path in heads), "one points to the right"
    assert any("l7" in str(path) for path in heads), "one points to the left"


def test_picture_of_nothing_is_a_picture() -> None:
    assert ET.fromstring(svg("nothing", _LANES, [])).tag.endswith("svg")
