"""The page of the API, drawn from the description that programs read too."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from annul.api import v1
from annul.console.frame.live import View, html
from annul.console.frame.markup import Html, card, details, join, link, table, tag

from . import examples

Schema = Mapping[str, Any]
_AT: Final = "/api/v1"
# Groups of calls, in the order in which a program meets them.
GROUPS: Final = {
    "voids": "Voids",
    "refunds": "Refunds",
    "orders": "Dual approval",
    "cases": "Cases",
    "transactions": "Transactions",
    "conclusions": "Money in question",
    "diagnosis": "Diagnosis",
    "merchants": "Merchants",
    "issuers": "Issuers",
    "webhooks": "Webhooks",
    "notices": "Notices",
    "promise": "Void outcomes",
    "health": "Health",
}
_GOOD: Final = 300  # statuses below say what came of it, those from here on what is wrong


def calls() -> Iterator[tuple[str, Schema]]:
    """Give every call, such as `GET /cases`, with its description."""
    for path, methods in v1.described()["paths"].items():
        for method, call in methods.items():
            yield f"{method.upper()} {path}", call


async def reference(view: View) -> None:
    """Show every call, to be narrowed by what one types."""
    html(await view.shared(("api", _address(view)), lambda: _page(view)), "stack api")


def _address(view: View) -> str:
    return str(view.request.base_url).rstrip("/")


async def _page(view: View) -> Html:
    words, known = view.words, list(calls())
    return join(
        (
            _head(view, len(known)),
            _begin(view),
            *(
                _group(view, words(title), [one for one in known if name in one[1]["tags"]])
                for name, title in GROUPS.items()
            ),
        )
    )


def _head(view: View, count: int) -> Html:
    words = view.words
    field = tag(
        "input",
        type="search",
        data_narrows=".call",
        data_said=words("{n} calls", n="{n}"),
        aria_label=words("Narrow the calls"),
        placeholder=words("void, POST, cases:read …"),
        autocomplete="off",
    )
    download = link(
        words("Download openapi.json"), f"{_AT}/openapi.json", cls="button", download=""
    )
    said = tag("span", words("{n} calls", n=count), cls="muted")
    parts = (tag("h1", words("API")), said, tag("span", cls="grow"), field, download)
    return tag("div", *parts, cls="head")


def _begin(view: View) -> Html:
    words = view.words
    lead = words(
        "Programs call annul with an API key that an administrator creates. Amounts are "
        "in minor units, times in UTC, lists are paged by cursor; every error has a "
        "code and a next step."
    )
    exports = f"export ANNUL={_address(view)}{_AT}\nexport KEY=annul_..."
    return card(words("Before the first call"), tag("p", lead), _code(view, exports))


def _group(view: View, title: str, found: Iterable[tuple[str, Schema]]) -> Html:
    shown = [_call(view, name, call) for name, call in found]
    return tag("section", tag("h2", title), *shown, cls="card", data_narrowed=True)


def _call(view: View, name: str, call: Schema) -> Html:
    words = view.words
    method, path = name.split(" ")
    scopes = [scope for one in call.get("security", ()) for scope in one.get("key", ())]
    summary = words(call["summary"])
    head = join(
        (
            tag("span", method, cls=f"method {method.lower()}"),
            tag("b", path, cls="mono"),
            tag("span", summary, cls="said-short"),
        )
    )
    may = words("Public; no key needed.")
    if scopes:
        may = join(
            (words("Any one of these scopes:"), *(Html(f" {tag('code', s)}") for s in scopes))
        )
    client = examples.python(name, _address(view))
    body = tag(
        "div",
        *(tag("p", _coded(part), lang="en") for part in _more(call)),
        tag("h4", words("Who may")),
        tag("p", may),
        _fields(view, call),
        _answers(view, call),
        tag("h4", "curl"),
        _code(view, examples.curl(name)),
        join((tag("h4", "Python"), _code(view, client))) if client else _only_people(view),
        cls="call-body",
    )
    text = f"{name} {summary} {call['summary']} {' '.join(scopes)}"
    return details(head, body, cls="call", data_text=text)


def _more(call: Mapping[str, Any]) -> list[str]:
    """Give what is said of a call beside its summary, by paragraph."""
    said = call["description"]
    return [] if said == call["summary"] else [part for part in said.split("\n\n") if part]


def _coded(text: str) -> Html:
    """Draw what stands between backticks as code."""
    parts = text.split("`")
    return join(tag("code", part) if place % 2 else part for place, part in enumerate(parts))


def _only_people(view: View) -> Html:
    return tag("p", view.words("People only, signed in to the console."), cls="muted")


def _code(view: View, text: str) -> Html:
    button = view.copy_button(text, view.words("Copy the example"))
    return tag("div", tag("pre", text, tabindex="0"), button, cls="code")


def _fields(view: View, call: Schema) -> Html | None:
    words = view.words
    rows = [
        (one["name"], words(one["in"]), one["schema"], one.get("required", False), one)
        for one in call.get("parameters", ())
    ]
    body = call.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    if body:
        whole = _resolved(body)
        needed = whole.get("required", ())
        rows += [
            (name, words("body"), schema, name in needed, schema)
            for name, schema in whole.get("properties", {}).items()
        ]
    if not rows:
        return None
    shown = [
        (
            tag("code", name),
            place,
            _type(schema),
            words("yes") if needed else "",
            tag("span", _coded(said.get("description", "")), lang="en"),
        )
        for name, place, schema, needed, said in rows
    ]
    heads = [words(one) for one in ("Name", "Where", "Type", "Required", "What")]
    return join((tag("h4", words("Parameters")), table(heads, shown)))


def _answers(view: View, call: Schema) -> Html:
    words = view.words
    rows = [
        (tag("code", status), words(one["description"]), tag("code", _answered(one)))
        for status, one in sorted(call["responses"].items())
    ]
    good = [row for row, status in zip(rows, sorted(call["responses"]), strict=True)
            if int(status) < _GOOD]  # fmt: skip
    heads = [words(one) for one in ("Status", "Description", "Body")]
    return join(
        (
            tag("h4", words("Answers")),
            table(heads, good),
            details(words("Problems"), table(heads, [row for row in rows if row not in good])),
        )
    )


def _answered(answer: Schema) -> str:
    """Name the model of an answer, or what kind of file it is."""
    for media, content in answer.get("content", {}).items():
        return _type(content.get("schema", {})) if "json" in media else media
    return "–"


def _resolved(schema: Schema) -> Schema:
    name = schema.get("$ref", "").rpartition("/")[2]
    return v1.described()["components"]["schemas"][name] if name else schema


def _type(schema: Schema) -> str:
    """Name the type of a value as programs do."""
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        return " | ".join(_type(one) for one in schema["anyOf"])
    if schema.get("type") == "array":
        return f"[{_type(schema.get('items', {}))}]"
    return str(schema.get("format") or schema.get("type", "any"))
