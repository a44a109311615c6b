"""Which language somebody reads: chosen on a page, else their own, else the browser's."""

from typing import Final

from starlette.requests import HTTPConnection

COOKIE: Final = "annul_language"
LANGUAGES: Final = ("zh", "en")


def chosen(request: HTTPConnection) -> str:
    """Give `zh` or `en`."""
    asked = request.query_params.get("lang", "")
    if asked in LANGUAGES:
        return asked
    visitor = getattr(request.state, "visitor", None)
    wished = request.cookies.get(COOKIE, "") or (visitor.language if visitor else "")
    if wished in LANGUAGES:
        return wished
    return of_browser(request.headers.get("accept-language", ""))


def of_browser(header: str) -> str:
    """Give the first language of `Accept-Language` that annul speaks, English when none is."""
    weighed: list[tuple[float, int, str]] = []
    for place, part in enumerate(header.split(",")):
        name, _, quality = part.strip().partition(";q=")
        try:
            weight = float(quality or 1)
        except ValueError:
            weight = 0.0
        weighed.append((-weight, place, name.partition("-")[0].lower()))
    return next((name for _, _, name in sorted(weighed) if name in LANGUAGES), "en")
