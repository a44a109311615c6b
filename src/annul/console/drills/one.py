"""One run of a drill: its score with why, what happened by the minute, what it proposes."""

from annul.console.frame.live import View, html
from annul.console.frame.markup import Html, badge, card, facts, join, link, number, table, tag
from annul.desk import drills as views

from . import said
from .said import Row


async def one_run(view: View) -> None:
    """Show it."""
    words = view.words
    row = await views.find(view.desk, view.visitor, view.params["drill"])
    way = link(words("All drills"), "/drills", cls="button")
    file = f"/api/v1/drills/{row['number']}/file?lang={words.language}"
    pdf = link("PDF", file, cls="button", download=True) if row["parts"] else None
    about = tag("p", words.of(row["title"]), cls="muted") if row["title"] else None
    head = (
        tag("h1", row["drill"]),
        about,
        said.total(view, row),
        tag("span", cls="grow"),
        pdf,
        way,
    )
    html(tag("div", *head, cls="head"))
    left = tag("div", _score(view, row), _timeline(view, row), cls="two-thirds stack")
    right = tag("div", _about(view, row), _proposals(view, row), cls="third stack")
    parts = (tag("div", left, right, cls="grid"), _earlier(view, row))
    html(join(parts), "stack")


def _about(view: View, row: Row) -> Html:
    words = view.words
    apart = "、" if words.language == "zh" else ", "
    pairs: tuple[tuple[object, object], ...] = (
        (words("Run"), tag("span", row["number"], cls="mono")),
        (words("Drill"), tag("span", row["drill"], cls="mono")),
        (words("Team"), row["team"]),
        (words("Started by"), row["started_by"]),
        (words("Who did something"), apart.join(row["people"]) or words("nobody")),
        (words("Began"), view.at(row["began"])),
        (words("Minutes"), f"{row['minutes']:g}"),
        (words("Seed"), row["seed"]),
        (words("Speed"), f"{row['speed']:g}"),
    )
    return card(words("About it"), facts(pairs))


def _score(view: View, row: Row) -> Html:
    words = view.words
    if not row["parts"]:
        how = words("annul drill score FOLDER --data HERE computes it, with annul left alone.")
        return card(words("Score"), tag("p", how), cls="spaced")
    drawn: list[tuple[object, ...]] = [
        (
            words.of(part["text"]),
            number(f"{part['points']:g}"),
            number(f"{part['alone']:g}"),
            number(f"{part['of']:g}"),
            join(tag("div", words.of(why)) for why in part["why"]),
        )
        for part in row["parts"]
    ]
    sums = (f"{row['total']:g}", f"{row['total_alone']:g}", "100")
    drawn.append((tag("strong", words("All")), *(number(one) for one in sums), Html()))
    heads = [words(one) for one in ("Part", "Points", "annul alone", "Of", "Why")]
    return card(words("Score"), table(heads, drawn))


def _timeline(view: View, row: Row) -> Html:
    words = view.words
    lines = [
        tag(
            "li",
            tag("time", words("min {n}", n=f"{one['minute']:.1f}")),
            badge(one["who"], "info") if one["who"] else badge(words("truth"), "warn"),
            " ",
            words.of(one["text"]),
            tag("small", one["subject"], cls="under mono") if one["subject"] else None,
        )
        for one in row["timeline"]
    ]
    return card(words("What happened"), tag("ol", *lines, cls="timeline"), cls="spaced")


def _proposals(view: View, row: Row) -> Html | None:
    words = view.words
    if not row["proposals"]:
        return None
    lines = [
        tag(
            "li",
            tag("p", words.of(one["text"])),
            link(words("Change the playbook"), f"/playbooks/{one['playbook']}#editor")
            if one["playbook"]
            else tag("small", words("No playbook is about this yet."), cls="under"),
        )
        for one in row["proposals"]
    ]
    return card(words("What a playbook should say"), tag("ul", *lines), cls="spaced")


def _earlier(view: View, row: Row) -> Html | None:
    if not row["earlier"]:
        return None
    beside = said.runs(view, [row, *reversed(row["earlier"])], "")
    return card(view.words("Beside earlier runs"), beside)
