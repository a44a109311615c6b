"""`annul playbook`: emergency plans listed, checked, tried dry, run, acted on, undone."""

import json
from pathlib import Path
from typing import Annotated, Any, Final, cast

import typer

from annul.desk import playbook_acts as acts
from annul.desk import playbooks as views
from annul.desk.desk import NothingThere
from annul.desk.playbooks import RunSearch
from annul.desk.roles import Scope, Visitor
from annul.domain.playbooks import RunState, Value
from annul.domain.text import Text

from .counter import Places, work
from .reach import Config, Data, Lang, User
from .secret import Database
from .show import language

application = typer.Typer(help="Emergency plans that run.", no_args_is_help=True)
_SAID: Final = {
    "none": ("没有。", "None."),
    "valid": ("{name}：可以运行，{steps}步", "{name}: it can run, {steps} steps"),
    "written": ("{name}：第{version}版", "{name}: version {version}"),
    "line": (
        "第{version}版，{steps}步，须给出：{needs}",
        "version {version}, {steps} steps, needs {needs}",
    ),
    "flaws": ("有{count}处错误", "{count} flaws"),
    "looked": ("结果：{word}", "it says: {word}"),
    "two": ("须双人", "two people"),
    "annul": ("自动", "by annul"),
}
_COMES: Final = {
    "yes": ("会执行", "comes"),
    "no": ("不执行", "does not come"),
    "open": ("视回答而定", "hangs on an answer"),
}
_READER: Final = Visitor("", "", frozenset({Scope.INCIDENTS_READ}))
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]
Reason = Annotated[str, typer.Option(help="Why; it goes into the audit.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="Its name.")]
Number = Annotated[str, typer.Argument(metavar="RUN", help="The run's number.")]
File = Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False)]
Issuer = Annotated[str, typer.Option(help="The issuer that it is about.")]
Merchant = Annotated[str, typer.Option(help="The merchant.")]
Terminal = Annotated[str, typer.Option(help="The terminal.")]


@application.command("list")
def listed(
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List playbooks."""
    rows = work((data, database, config), None, views.found, _READER)
    if as_json:
        _json(rows)
        return
    for row in rows:
        facts = {"version": row["version"], "steps": row["step_count"]}
        line = _said("line", lang, **facts, needs=", ".join(row["needs"]) or "-")
        flaws = _said("flaws", lang, count=len(row["flaws"])) if row["flaws"] else ""
        typer.echo(" · ".join(filter(None, (row["name"], _text(row["title"], lang), line, flaws))))


@application.command("show")
def show(
    name: Name,
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    as_json: AsJson = False,
    as_text: Annotated[bool, typer.Option("--text", help="As it was written.")] = False,
) -> None:
    """Show a playbook with its steps."""
    row = work((data, database, config), None, lambda d, who: views.find(d, who, name), _READER)
    if as_json or as_text:
        typer.echo(row["text"], nl=False) if as_text else _json(row)
        return
    typer.echo(f"{row['name']} · {_text(row['title'], lang)}\n{_text(row['about'], lang)}")
    _steps(row["steps"], lang)
    for one in row["contacts"]:
        typer.echo(f"  {_text(one['who_text'], lang)}: {_text(one['say'], lang)}")


@application.command("check")
def check(file: File, lang: Lang = None, *, as_json: AsJson = False) -> None:
    """Say whether a file is a playbook that can run."""
    told = views.check(_READER, file.read_text(encoding="utf-8"))
    if as_json:
        _json(told)
    elif told["valid"]:
        typer.echo(_said("valid", lang, name=told["name"], steps=len(told["steps"])))
    for one in () if as_json else told["flaws"]:
        typer.echo(f"{one['where']}: {_text(one['what'], lang)} ({_text(one['todo'], lang)})")
    if not told["valid"]:
        raise typer.Exit(1)


@application.command("write")
def write(
    file: File,
    user: User = "",
    reason: Reason = "",
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Keep a file as the new version of its playbook."""
    text = file.read_text(encoding="utf-8")
    name = str(views.check(_READER, text)["name"])
    version = work(
        (data, database, config), user, lambda d, who: acts.write(d, who, text, reason), _READER
    )
    if as_json:
        _json({"name": name, "version": version})
    else:
        typer.echo(_said("written", lang, name=name, version=version))


@application.command("dry")
def dry(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name, or a file.")],
    issuer: Issuer = "",
    merchant: Merchant = "",
    terminal: Terminal = "",
    answer: Annotated[list[str] | None, typer.Option(help="STEP=VALUE, as people would.")] = None,
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Go through a playbook with nothing done: what it would see and do."""
    file = Path(name)
    text = file.read_text(encoding="utf-8") if file.suffix == ".toml" and file.exists() else ""
    given = _given(issuer, merchant, terminal)
    pairs = [one.partition("=") for one in answer or ()]
    answers: dict[str, Value] = {
        step: int(said) if said.isdigit() else said for step, _, said in pairs
    }
    steps = work(
        (data, database, config),
        None,
        lambda d, who: views.dry(d, who, given, name=name, text=text, answers=answers),
        _READER,
    )
    if as_json:
        _json(steps)
    else:
        _steps(steps, lang)


@application.command("run")
def run(
    name: Name,
    issuer: Issuer = "",
    merchant: Merchant = "",
    terminal: Terminal = "",
    incident: Annotated[str, typer.Option(help="The incident that it belongs to.")] = "",
    user: User = "",
    reason: Reason = "",
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Start a run of a playbook."""
    places = (data, database, config)
    given = _given(issuer, merchant, terminal)
    number = work(
        places, user, lambda d, who: acts.start(d, who, name, given, reason, incident), _READER
    )
    _show(places, number, lang, as_json)


@application.command("runs")
def runs(
    state: Annotated[str, typer.Option(help="live, all, running, waiting, done, ...")] = "live",
    playbook: Annotated[str, typer.Option(help="Of this one.")] = "",
    incident: Annotated[str, typer.Option(help="Of this incident.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List runs, the latest first."""
    wanted = RunSearch("" if state == "all" else state, playbook, incident)
    found = work(
        (data, database, config), None, lambda d, who: views.runs(d, who, wanted, limit), _READER
    )
    if as_json:
        _json(found.rows)
        return
    for row in found.rows:
        typer.echo(_run(row, lang))
    if not found.rows:
        typer.echo(_said("none", lang))


@application.command("step")
def step(
    number: Number,
    answer: Annotated[str, typer.Option(help="Answer the question.")] = "",
    step: Annotated[str, typer.Option(help="The step that is meant; else where it stands.")] = "",
    user: User = "",
    reason: Reason = "",
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    do: Annotated[bool, typer.Option("--do", help="Do it, or say that it is done.")] = False,
    propose: Annotated[bool, typer.Option("--propose", help="Propose it.")] = False,
    confirm: Annotated[bool, typer.Option("--confirm", help="Confirm it, as the second.")] = False,
    skip: Annotated[bool, typer.Option("--skip", help="Go on without it.")] = False,
    stop: Annotated[bool, typer.Option("--stop", help="Stop the whole run.")] = False,
    as_json: AsJson = False,
) -> None:
    """Act at the step where a run stands; without an act, show the run."""
    places = (data, database, config)
    asked = {"do": do, "propose": propose, "confirm": confirm, "skip": skip, "stop": stop}
    chosen = [name for name, wanted in asked.items() if wanted] + (["answer"] if answer else [])
    if len(chosen) > 1:
        message = f"one act at a time, not {', '.join(chosen)}"
        raise typer.BadParameter(message)

    async def act(desk: Any, who: Visitor) -> None:
        here = step or (await views.run(desk, who, number))["here"]
        if chosen == ["stop"]:
            await acts.stop(desk, who, number, reason)
        elif not here:
            message = f"run {number} stands at no step"
            raise NothingThere(message)
        elif answer:
            await acts.answer(desk, who, number, here, answer, reason)
        else:
            await getattr(acts, chosen[0])(desk, who, number, here, reason)

    if chosen:
        work(places, user, act, _READER)
    _show(places, number, lang, as_json)


@application.command("undo")
def undo(
    number: Number,
    user: User = "",
    reason: Reason = "",
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Undo what a run did, the last first."""
    places = (data, database, config)
    work(places, user, lambda d, who: acts.undo(d, who, number, reason), _READER)
    _show(places, number, lang, as_json)


# Shown --------------------------------------------------------------------------------------------


def _given(issuer: str, merchant: str, terminal: str) -> dict[str, Value]:
    given = {"issuer": issuer, "merchant": merchant, "terminal": terminal}
    return {name: value for name, value in given.items() if value}


def _show(places: Places, number: str, lang: str | None, as_json: bool) -> None:
    row = work(places, None, lambda d, who: views.run(d, who, number), _READER)
    if as_json:
        _json(row)
        return
    typer.echo(_run(row, lang))
    for one in row["steps"]:
        mark = ">" if one["id"] == row["here"] else " "
        typer.echo(f" {mark} {one['id']} · {_text(one['title'], lang)} · {one['is']}")
        if one["id"] == row["here"]:
            typer.echo(f"     {_text(one['text'], lang)}")
            for name, said in one["choices"].items():
                typer.echo(f"     {name}: {_text(said, lang)}")


def _run(row: dict[str, Any], lang: str | None) -> str:
    about = ", ".join(f"{name} {value}" for name, value in row["given"].items())
    state = _text(RunState(row["state"]).text, lang)
    started = f"{row['started_at']:%Y-%m-%d %H:%M}"
    parts = (row["number"], row["playbook"], about, state, started, row["incident"], row["why"])
    return " · ".join(str(part) for part in parts if part)


def _steps(steps: list[dict[str, Any]], lang: str | None) -> None:
    place = 0 if language(lang) == "zh" else 1
    for one in steps:
        parts = [
            one["id"],
            _text(one["kind_text"], lang),
            _text(one["title"], lang),
            _said("annul", lang) if one["by"] == "annul" else one["scope"],
            _said("two", lang) if one["dual"] else "",
            _COMES[one["comes"]][place] if "comes" in one else one["when"],
            _said("looked", lang, word=_text(one["word_text"], lang)) if "word" in one else "",
            one.get("why", ""),
        ]
        typer.echo("  " + " · ".join(part for part in parts if part))


def _text(text: Text, lang: str | None) -> str:
    return text.speak(language(lang))


def _json(facts: Any) -> None:
    typer.echo(json.dumps(_plain(facts), default=str, ensure_ascii=False))


def _plain(value: Any) -> Any:
    """Give texts by language; JSON would take them for lists."""
    if isinstance(value, Text):
        return value._asdict()
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in cast("dict[str, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in cast("list[Any]", value)]
    return value


def _said(what: str, lang: str | None, **facts: Any) -> str:
    return _SAID[what][0 if language(lang) == "zh" else 1].format(**facts)
