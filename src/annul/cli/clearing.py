"""`annul clearing`: rules by which files are judged, and what is done with files that count."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final
from uuid import UUID

import typer

from annul.desk import clearing as files
from annul.desk import clearing_acts as acts
from annul.desk import clearing_expected as expected_views
from annul.desk import clearing_rules as views
from annul.desk.cursor import Listing
from annul.desk.desk import Desk
from annul.desk.permission import NotValid
from annul.desk.roles import Scope, Visitor
from annul.domain.clearing_outcomes import outcome
from annul.domain.money import told
from annul.domain.tolerances import DIFFERENCES, Difference
from annul.resolve.proof_words import ACCOUNTS
from annul.settle.clearing.again import Again
from annul.settle.clearing.rules import ClearingRules

from .reach import Config, Data, Lang, User
from .secret import Database
from .show import Language, language
from .spoken import Spoken

application = typer.Typer(
    help="Rules of clearing files, and files that count.", no_args_is_help=True
)
_SAID: Final = {
    "rules": (
        "第{version}版（{state}，{by}）：{rules}",
        "version {version} ({state}, {by}): {rules}",
    ),
    "tolerance": ("  容差：{said}", "  tolerance: {said}"),
    "difference": (
        "第{line}行 {rrn} {kind}：{claimed} | {ours} | {theirs}，{account}承担{money}",
        "line {line} {rrn}, {kind}: {claimed} | {ours} | {theirs}, {account} bears {money}",
    ),
    "none": ("没有容差内的差额。", "No difference is accepted."),
    "settings": ("配置文件", "settings"),
    "file": (
        "{state}  {layout}（{of}）截至{day}，应于{at}到",
        "{state}  {layout} of {of} up to {day}, due {at}",
    ),
    "all": ("所有发卡行", "all issuers"),
    "any": ("任意版式", "any layout"),
    "expected": ("待到", "expected"),
    "came": ("已到", "came    "),
    "late": ("逾期", "late    "),
    "none_expected": (
        "没有预计的文件：每种须先到过5天，或在[clearing_files]中声明。",
        "None is expected: of a kind those of 5 days must have come, or [clearing_files] says so.",
    ),
    "in_force": ("规则已生效。", "The rules count."),
    "asked": ("待第二人复核。", "It waits for a second person."),
    "rejected": ("已驳回。", "Rejected."),
    "again": (
        "{name}：差错新增{opened}，撤销{withdrawn}；证明新增{proved}，撤回{unproved}。",
        "{name}: breaks {opened} new, {withdrawn} gone; proofs {proved} new, {unproved} undone.",
    ),
    "change": (
        "  {before} → {after}：{count}笔，{money}",
        "  {before} -> {after}: {count}, {money}",
    ),
    "row": ("    {place} {rrn}：{money}", "    {place} {rrn}: {money}"),
    "same": ("  没有不同。", "  Nothing differs."),
    "do": ("按此重新勾对？", "Match it anew so?"),
    "matched": ("已重新勾对。", "It is matched anew."),
    "discarded": ("已作废。", "It is discarded."),
    "left": ("未改变。", "Nothing was changed."),
}
_SPOKEN: Final = Spoken(_SAID, Visitor("", "", frozenset({Scope.CLEARING_READ})))
Reason = Annotated[str, typer.Option(help="Why; it goes into the audit.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs; asks nothing.")]
File = Annotated[str, typer.Argument(metavar="FILE", help="Its number or name.")]
Version = Annotated[int, typer.Argument(metavar="VERSION", help="Of rules that wait.")]
Rules = Annotated[
    Path, typer.Argument(metavar="RULES", exists=True, dir_okay=False, help="A TOML file.")
]


# Rules ------------------------------------------------------------------------------------------


@application.command("rules")
def rules(
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Tell the rules by which files are judged, the latest version first."""
    found = _SPOKEN.work((data, database, config), None, views.versions)
    if as_json:
        shown = [row | {"rules": row["rules"].model_dump(mode="json")} for row in found]
        typer.echo(json.dumps(shown, default=str, ensure_ascii=False))
        return
    for row in found:
        by = row["asked_by"] or _SPOKEN.said("settings", lang)
        values = row["rules"].model_dump(exclude={"tolerances"})
        said = ", ".join(f"{name} = {value}" for name, value in values.items())
        facts = {"version": row["version"], "state": row["state"], "by": by, "rules": said}
        typer.echo(_SPOKEN.said("rules", lang, **facts))
        for one in row["rules"].tolerances:
            typer.echo(_SPOKEN.said("tolerance", lang, said=views.said(one).speak(language(lang))))


@application.command("set-rules")
def set_rules(
    file: Rules,
    user: User = "",
    reason: Reason = "",
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
) -> None:
    """Set rules; what the file does not name stays. They may wait for a second person."""

    async def job(desk: Desk, who: Visitor) -> str:
        return await views.change(desk, who, await _changed(desk, who, file), reason)

    typer.echo(_SPOKEN.said(_SPOKEN.work((data, database, config), user, job), lang))


@application.command("confirm-rules")
def confirm_rules(
    version: Version,
    user: User = "",
    reason: Reason = "",
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
) -> None:
    """Let rules count that wait, as second person."""
    places = (data, database, config)
    _SPOKEN.work(places, user, lambda d, who: views.confirm(d, who, version, reason))
    typer.echo(_SPOKEN.said("in_force", lang))


@application.command("reject-rules")
def reject_rules(
    version: Version,
    user: User = "",
    reason: Reason = "",
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
) -> None:
    """Let rules that wait not count."""
    places = (data, database, config)
    _SPOKEN.work(places, user, lambda d, who: views.reject(d, who, version, reason))
    typer.echo(_SPOKEN.said("rejected", lang))


@application.command("differences")
def differences(
    file: File,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many at most.")] = 100,
    cursor: Annotated[str, typer.Option(help="After which to go on.")] = "",
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List differences of money that rules accept: terminal, host, issuer, who bears them."""

    async def job(desk: Desk, who: Visitor) -> Listing:
        (one,) = (await _files(desk, who, file, None))[:1]
        return await files.differences(desk, who, one, limit, cursor)

    found = _SPOKEN.work((data, database, config), None, job)
    _SPOKEN.rows(found, lang, _difference, as_json=as_json)


def _difference(row: Mapping[str, Any], spoken: Language) -> str:
    amounts = {
        name: told(row[name], row["currency"]).speak(spoken) if row[name] is not None else "-"
        for name in ("claimed", "ours", "theirs", "money")
    }
    words = {
        "kind": DIFFERENCES[Difference(row["kind"])].speak(spoken),
        "account": ACCOUNTS[row["account"]].speak(spoken),
    }
    return _SPOKEN.said("difference", spoken, line=row["line"], rrn=row["rrn"], **words, **amounts)


# Files that are expected ---------------------------------------------------------------------


@application.command("expected")
def expected(
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Tell which files are expected, which have come, and which are late."""
    found = _SPOKEN.work((data, database, config), None, expected_views.expected)
    if as_json:
        typer.echo(json.dumps(found, default=str, ensure_ascii=False))
        return
    for row in found:
        state = _SPOKEN.said(row["state"], lang)
        of = ", ".join(row["issuers"]) or _SPOKEN.said("all", lang)
        layout = row["layout"] or _SPOKEN.said("any", lang)
        at = f"{row['due_at']:%Y-%m-%d %H:%M}"
        facts = {"layout": layout, "of": of, "day": row["settles_on"], "at": at, "state": state}
        typer.echo(_SPOKEN.said("file", lang, **facts))
    if not found:
        typer.echo(_SPOKEN.said("none_expected", lang))


# Files that count -------------------------------------------------------------------------------


@application.command("again")
def again(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Its number or name.")] = "",
    day: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="All that tell up to this day.")
    ] = None,
    rules: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Rules that are set first, or looked at."),
    ] = None,
    user: User = "",
    reason: Reason = "",
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
    *,
    preview: Annotated[bool, typer.Option("--preview", help="Only say what would differ.")] = False,
    commit: Annotated[bool, typer.Option("--commit", help="Do it without asking.")] = False,
    as_json: AsJson = False,
) -> None:
    """Match files that count anew: what would differ is shown before it is done.

    It is done by the rules in force. With `--rules` they are looked at, and set once it is done.
    """
    wanted = None if as_json or preview or commit else lambda: typer.confirm(_said("do"))

    def _said(what: str) -> str:
        return _SPOKEN.said(what, lang)

    async def job(desk: Desk, who: Visitor) -> tuple[list[Again], list[str]]:
        new = await _changed(desk, who, rules) if rules else None
        numbers = await _files(desk, who, file, day)
        found = [await acts.preview(desk, who, one, new) for one in numbers]
        for one in () if as_json else found:
            _show(one, lang)
        if not (commit or (wanted is not None and wanted())):
            return found, ["left"]
        if new is not None and await views.change(desk, who, new, reason) == views.ASKED:
            return found, [views.ASKED]
        return found, [await acts.again(desk, who, one, reason) for one in numbers]

    found, came = _SPOKEN.work((data, database, config), user, job)
    if as_json:
        facts = {"files": [asdict(one) for one in found], "came": came}
        typer.echo(json.dumps(facts, default=str, ensure_ascii=False))
    else:
        typer.echo("\n".join(_said(one) for one in dict.fromkeys(came)))


@application.command("discard")
def discard(
    file: File,
    user: User = "",
    reason: Reason = "",
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
) -> None:
    """Let a file count no longer; where much is at stake it waits for a second person."""
    _act(file, acts.discard, (data, database, config), user, reason, lang)


@application.command("confirm")
def confirm(
    file: File,
    user: User = "",
    reason: Reason = "",
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
) -> None:
    """Let be done what was asked of a file, as second person."""
    _act(file, acts.confirm, (data, database, config), user, reason, lang)


@application.command("reject")
def reject(
    file: File,
    user: User = "",
    reason: Reason = "",
    data: Data = None,
    database: Database = None,
    config: Config = None,
    lang: Lang = None,
) -> None:
    """Leave a file as it is, whatever was asked of it."""
    _act(file, acts.reject, (data, database, config), user, reason, lang)


def _act(file: str, act: Any, places: Any, user: str, reason: str, lang: str | None) -> None:
    async def job(desk: Desk, who: Visitor) -> str | None:
        (one,) = (await _files(desk, who, file, None))[:1]
        return await act(desk, who, one, reason)

    typer.echo(_SPOKEN.said(_SPOKEN.work(places, user, job) or "rejected", lang))


async def _files(desk: Desk, who: Visitor, said: str, day: datetime | None) -> list[UUID]:
    """Give the numbers of files that count, by number, name or day; raises `NothingThere`."""
    try:
        return [UUID(said)]
    except ValueError:
        pass
    if not said and day is None:
        raise NotValid("say which file, or of which day (--day)")
    return await acts.counted(desk, who, day.date() if day else None, said)


async def _changed(desk: Desk, who: Visitor, path: Path) -> ClearingRules:
    """Give the rules in force with what a file changes; raises `NotValid`."""
    return _over((await views.in_force(desk, who)).rules, path)


def _over(before: ClearingRules, path: Path) -> ClearingRules:
    try:
        read = tomllib.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        message = f"{path.name}: {str(error).splitlines()[0]}"
        raise NotValid(message) from None
    return views.checked(before.model_dump() | read.get("clearing", read))


def _show(found: Again, lang: str | None) -> None:
    """Print what would differ, with the rows of each change."""
    spoken = language(lang)
    typer.echo(_SPOKEN.said("again", lang, **asdict(found)))
    for change in found.changes:
        money = _money(change, lang)
        names = {name: outcome(change[name]).speak(spoken) for name in ("before", "after")}
        typer.echo(_SPOKEN.said("change", lang, **names, count=change["count"], money=money))
        for row in found.changed:
            if (row["before"], row["after"]) == (change["before"], change["after"]):
                place = row["line"] or "-"
                said = {"place": place, "rrn": row["rrn"] or "-", "money": _money(row, lang)}
                typer.echo(_SPOKEN.said("row", lang, **said))
    if not found.changes:
        typer.echo(_SPOKEN.said("same", lang))


def _money(row: Mapping[str, Any], lang: str | None) -> str:
    spoken, currency = language(lang), row["currency"] or "156"
    before, after = (
        told(row[f"money_{one}"], currency).speak(spoken) for one in ("before", "after")
    )
    return f"{before} → {after}"
