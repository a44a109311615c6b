"""Every icon: strokes in a square of 24 by 24, drawn in the colour of the text around them."""

from collections.abc import Mapping
from typing import Final

# Named by what they show, so that each may stand for several things; filled ones by annul.css.
ICONS: Final[Mapping[str, str]] = {
    "bars": "M4.8 19.2v-8.4M12 19.2V4.8M19.2 19.2v-6M2.4 19.2h19.2",
    "backspace": "M9 5h12v14H9l-6-7zM12.5 9.5l5 5M17.5 9.5l-5 5",
    "bell": "M6 16.8V11a6 6 0 0 1 12 0v5.8l1.8 1.8H4.2zM10 20.6h4M12 5V3.2",
    "card": "M3.6 6h16.8v12H3.6zM3.6 10.8h16.8M12 14.4H7.2",
    "check": "M5 12.5l5 5L19.5 6.5",
    "circle": "M12 2.5a9.5 9.5 0 1 0 .01 0z",
    "code": "M8 5l-6 7 6 7M16 5l6 7-6 7",
    "command": "M9 9h6v6H9zM9 9H6.5A2.5 2.5 0 1 1 9 6.5zM15 9V6.5A2.5 2.5 0 1 1 17.5 9z"
    "M15 15h2.5a2.5 2.5 0 1 1-2.5 2.5zM9 15v2.5A2.5 2.5 0 1 1 6.5 15z",
    "copy": "M9 9h11v11H9zM5.5 15H4V4h11v1.5",
    "cross": "M6 6l12 12M18 6L6 18",
    "dash": "M6 12h12",
    "dot": "M12 12h.01",
    "dots": "M5 12h.01M12 12h.01M19 12h.01",
    "exchange": "M4 7.5h16M16.5 4L20 7.5 16.5 11M20 16.5H4M7.5 13L4 16.5 7.5 20",
    "exclamation": "M12 4.5V14M12 19h.01",
    "gear": "M12 5.5a6.5 6.5 0 1 0 .01 0zM12 9.3a2.7 2.7 0 1 0 .01 0zM12 3v2M12 19v2M3 12h2M19 12h2"
    "M5.6 5.6l1.5 1.5M16.9 16.9l1.5 1.5M18.4 5.6l-1.5 1.5M7.1 16.9l-1.5 1.5",
    "grid": "M4 4h16v16H4zM4 9.3h16M4 14.7h16M9.3 4v16M14.7 4v16",
    "hand": "M8 12V5.5a1.5 1.5 0 0 1 3 0V11m0-6.8a1.5 1.5 0 0 1 3 0V11m0-5a1.5 1.5 0 0 1 3 0v8"
    "c0 4-2 6.5-5.5 6.5S6.5 19 5 15.5l-1.2-3c-.5-1.6 1.4-2.4 2.3-.9L8 14",
    "house": "M3.5 11.5L12 4l8.5 7.5M6 9.5V20h12V9.5",
    "lines": "M4 6h16M4 12h16M4 18h16",
    "open": "M8 5l9 7-9 7z",
    "person": "M12 4a4 4 0 1 0 .01 0zM4.5 20.5c.6-4.4 3.6-6.5 7.5-6.5s6.9 2.1 7.5 6.5",
    "plus": "M6 12h12M12 6v12",
    "power": "M12 3.6v8.4M7.2 6a7.8 7.8 0 1 0 9.6 0",
    "printer": "M7.2 9.6v-6h9.6v6M7.2 16.8H3.6V9.6h16.8v7.2h-3.6M7.2 14.4h9.6v6H7.2z",
    "qr": "M3.6 3.6h6v6h-6zM14.4 3.6h6v6h-6zM3.6 14.4h6v6h-6zM14.4 14.4h2.4v2.4M20.4 14.4v6h-6",
    "question": "M8.5 9a3.5 3.5 0 1 1 5 3.2c-1 .5-1.5 1.2-1.5 2.6M12 19h.01",
    "rows": "M4 4h16v16H4zM4 9.3h16M4 14.7h16",
    "search": "M10.5 4a6.5 6.5 0 1 0 .01 0zM15.5 15.5L21 21",
    "sheets": "M4 4h13v13H4zM8 20.5h12.5V8",
    "star": "M12 3.5l2.6 5.6 6.1.7-4.5 4.2 1.2 6-5.4-3-5.4 3 1.2-6-4.5-4.2 6.1-.7z",
    "sum": "M18 4.8H6l6 7.2-6 7.2h12",
    "target": "M12 3.5a8.5 8.5 0 1 0 .01 0zM12 8.5a3.5 3.5 0 1 0 .01 0z",
    "theme": "M12 3a9 9 0 1 0 .01 0zM12 3v18",
    "ticks": "M4 6.5l1.8 1.8L9 5M12 7h8M4 16.5l1.8 1.8L9 15M12 17h8",
    "undo": "M8.4 3.6L3.6 8.4l4.8 4.8M3.6 8.4h10.8a6 6 0 0 1 0 12H8.4",
    "yuan": "M6 4.8l6 7.2 6-7.2M12 12v8.4M7.2 13.2h9.6M7.2 16.8h9.6",
}
