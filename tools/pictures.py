"""The pictures of README and docs, made anew: a demo of its own, a fixed story, Chromium.

`python -m tools.pictures` writes docs/pictures/NAME-LANGUAGE.png. Numbers and times differ from one
making to the next, nothing else.
"""

import base64
import io
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image

from tests.acceptance.browser import story
from tests.acceptance.browser.house import PASSWORD, SHOP, House, Person, house, person

_PLACE: Final = Path(__file__).parents[1] / "docs" / "pictures"
_LARGEST: Final = 200_000  # bytes
_COLOURS: Final = 128
_SETTLES_S: Final = 1.5  # charts are drawn after the page
_SHOPKEEPER: Final = "tea"
_LANGUAGES: Final = {"en": "en", "zh": "zh-CN,zh"}


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: its name, the page, what is waited for, who looks, how wide and high."""

    name: str
    path: str
    shown: str
    who: str = "admin"
    width: int = 1360
    height: int = 850


def _pictures(told: story.Story) -> tuple[Picture, ...]:
    shop = f"/shop?code={told.voucher}"
    return (
        Picture("overview", "/", ".tiles", height=960),
        Picture("queue", "/cases?state=all", "table.list", height=640),
        Picture("case", f"/cases/{told.waiting}", ".case-head"),
        Picture("shop", shop, "#standing", _SHOPKEEPER, 390, 844),
    )


def _taken(who: Person, picture: Picture) -> bytes:
    """Take one picture, in few colours and so in few bytes."""
    size = {"width": picture.width, "height": picture.height, "deviceScaleFactor": 1}
    phone = {"mobile": picture.width < 500}
    who.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {**size, **phone})
    who.driver.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
    who.open(picture.path)
    who.find(picture.shown)
    time.sleep(_SETTLES_S)
    shot = who.driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
    image = Image.open(io.BytesIO(base64.b64decode(shot["data"]))).convert("RGB")
    small = io.BytesIO()
    image.quantize(_COLOURS, dither=Image.Dither.NONE).save(small, "PNG", optimize=True)
    return small.getvalue()


def _admin(home: House) -> None:
    with person(home) as admin:
        admin.sign_in("admin", home.one_time)
        admin.fill("input[name=password]", PASSWORD)
        admin.press("button[type=submit]")
        admin.find(".tiles")


def make() -> list[str]:
    """Make all of them; gives what is wrong with any."""
    _PLACE.mkdir(exist_ok=True)
    wrong: list[str] = []
    with house() as home:
        _admin(home)
        home.add(_SHOPKEEPER, "merchant", SHOP)
        told = story.tell(home)
        story.wait_for_a_person(home, told.waiting)
        for name, language in _LANGUAGES.items():
            for picture in _pictures(told):
                with person(home, language=language) as who:
                    who.sign_in(picture.who)
                    file = _PLACE / f"{picture.name}-{name}.png"
                    file.write_bytes(_taken(who, picture))
                    print(f"{file.name:16} {file.stat().st_size:7} bytes")
                    if file.stat().st_size > _LARGEST:
                        wrong.append(f"{file.name} is larger than {_LARGEST} bytes")
    return wrong


if __name__ == "__main__":
    sys.exit("\n".join(make()) or 0)
