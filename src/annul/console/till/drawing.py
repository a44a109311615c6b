"""How the terminal looks: device, screen, keys, paper. Markup only; the style is in pos.css."""

from typing import Final

import segno

from annul.console.frame.markup import Html, icon, join, tag
from annul.console.frame.texts import Words

from .telling import Slip
from .values import FUNCTIONS, Screen, ScreenLine

_ICONS: Final = {
    "sale": "yuan",
    "void": "undo",
    "refund": "card",
    "balance": "bars",
    "qr_sale": "qr",
    "sign_in": "power",
    "settle": "sum",
    "reprint": "printer",
}
# id, key, what stands on it (an icon where a word is beneath), that word; in the order of the rows
_KEYS: Final = (
    ("1", "1", "1", ""),
    ("2", "2", "2", ""),
    ("3", "3", "3", ""),
    ("cancel", "cancel", "cross", "Cancel"),
    ("4", "4", "4", ""),
    ("5", "5", "5", ""),
    ("6", "6", "6", ""),
    ("clear", "clear", "backspace", "Clear"),
    ("7", "7", "7", ""),
    ("8", "8", "8", ""),
    ("9", "9", "9", ""),
    ("ok", "ok", "circle", "OK"),
    ("point", ".", ".", ""),
    ("0", "0", "0", ""),
    ("00", "00", "00", ""),
)
# Amounts and names that carry meaning, written large on the slip.
_LOUD: Final = frozenset({"AMOUNT", "金额", "VOUCHER", "凭证号"})

# Keys of the computer press those of the device, unless somebody types or chooses elsewhere.
SCRIPT: Final = """<script>(() => {
  const named = {Enter: 'ok', Escape: 'cancel', Backspace: 'clear', '.': '.', ',': '.'};
  const ids = {'.': 'key-point'};
  window.posKey = (key) => {
    const shown = document.getElementById(ids[key] || 'key-' + key);
    if (shown) {
      shown.classList.add('down');
      setTimeout(() => shown.classList.remove('down'), 110);
    }
    emitEvent('pos_key', {key});
  };
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const at = event.target instanceof Element ? event.target : document.body;
    if (at.closest('input, select, textarea, [contenteditable], .q-dialog')) return;
    if ((event.key === 'Enter' || event.key === ' ') && at.closest('button, a, summary')) return;
    const key = /^[0-9]$/.test(event.key) ? event.key : named[event.key];
    if (!key) return;
    event.preventDefault();
    window.posKey(key);
  });
  const clock = () => {
    const shown = document.querySelector('.pos-clock');
    if (!shown) return;
    const form = {timeZone: shown.dataset.zone, hour: '2-digit', minute: '2-digit', hour12: false};
    shown.textContent = new Date().toLocaleTimeString('en-GB', form);
  };
  setInterval(clock, 1000);
})();</script>"""


# On a phone the paper comes out beneath the device: it is brought into sight.
IN_SIGHT: Final = """if (matchMedia('(max-width: 760px)').matches)
  document.querySelector('.slip-out')?.scrollIntoView({block: 'start'});"""


def screen(shown: Screen, terminal: str, zone: str) -> Html:
    """Draw what stands on the screen; its clock shows the time of `zone`."""
    status = tag(
        "div",
        tag("span", shown.title or "annul", cls="pos-title"),
        tag("span", terminal, cls="pos-number"),
        tag("span", cls="pos-clock", data_zone=zone, aria_hidden="true"),
        cls="pos-status",
    )
    lines = [_line(line) for line in shown.lines]
    waiting = tag("div", cls="pos-wait", aria_hidden="true") if shown.busy else None
    return tag(
        "div",
        status,
        tag("div", *lines, waiting, cls="pos-lines"),
        tag("p", shown.hint, cls="pos-hint"),
        id="screen",
        cls=f"pos-screen {shown.tone}",
        role="status",
        data_busy=shown.busy,
    )


def _line(line: ScreenLine) -> Html:
    mark = tag("kbd", line.mark) if line.mark else None
    side = tag("span", line.side) if line.side else None
    text = tag("span", line.text, cls="grow") if mark or side else line.text
    return tag("p", mark, text, side, cls=f"pos-line {line.look}")


def lamps() -> Html:
    """Draw the head: the printer's mouth, the maker's name, four lamps."""
    return tag(
        "div",
        tag("span", cls="pos-mouth"),
        tag("b", "annul"),
        tag("span", *(tag("i") for _ in range(4)), cls="pos-lamps"),
        cls="pos-head-of-device",
        aria_hidden="true",
    )


def keys(words: Words) -> Html:
    """Draw function keys and keypad."""
    functions = [
        tag(
            "button",
            icon(_ICONS[name]),
            words(function.title),
            type="button",
            id=f"fn-{name.replace('_', '-')}",
            onclick=f"posKey('{name}')",
            onmousedown="event.preventDefault()",
        )
        for name, function in FUNCTIONS.items()
    ]
    pad = [
        tag(
            "button",
            tag("span", icon(sign) if word else sign),
            tag("small", words(word)) if word else None,
            type="button",
            id=f"key-{name}",
            cls=f"pos-{name}" if word else "",
            onclick=f"posKey('{key}')",
            onmousedown="event.preventDefault()",
            aria_label=words(word) if word else sign,
        )
        for name, key, sign, word in _KEYS
    ]
    return join(
        (
            tag("div", *functions, cls="pos-functions"),
            tag("div", *pad, cls="pos-pad"),
        )
    )


def paper(slip: Slip | None, merchant: str, base: str, words: Words) -> Html:
    """Draw the paper that has come out; `base` is where the shop's page is asked."""
    if slip is None:
        return tag(
            "div", tag("p", words("The slip prints here.")), cls="slip-none", id="no-receipt"
        )
    rows = [
        tag("div", tag("dt", label), tag("dd", value), cls="loud" if label in _LOUD else "")
        for label, value in slip.rows
    ]
    there = f"{base}/shop?code={slip.code}"
    code = slip.code and tag(
        "footer",
        tag("div", _square(there), cls="slip-code"),
        tag("p", words("Scan it to see how this voucher stands")),
        tag("p", slip.code, cls="slip-number"),
    )
    signature = tag("p", words("Signature"), cls="slip-signature") if slip.signed else None
    body = tag(
        "article",
        tag("header", tag("b", merchant), tag("span", slip.heading)),
        tag("dl", *rows),
        signature,
        code or None,
        id="receipt",
        cls="slip",
        aria_label=words("Slip"),
    )
    buttons = tag(
        "div",
        tag(
            "button",
            words("Print"),
            type="button",
            id="print",
            cls="button primary",
            onclick="window.print()",
        ),
        tag("a", words("Check status"), href=f"/shop?code={slip.code}", id="to-shop", cls="button")
        if slip.code
        else None,
        tag("a", words("Back to the keys"), href="#screen", id="to-keys", cls="button"),
        cls="slip-buttons no-print",
    )
    return join((tag("div", body, cls="slip-out"), buttons))


def _square(text: str) -> Html:
    drawn = segno.make(text, error="m")
    return Html(drawn.svg_inline(scale=3, border=0, dark="#161616", omitsize=True))
