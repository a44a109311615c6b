"""What proves that a task was done: one table of checks, each a question to the database.

A check looks for what one person did since the task was begun. What somebody else did, or what was
done before, proves nothing.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from annul.domain.kinds import COMPLETIONS, REFUNDS, TAKING, VOIDS
from annul.domain.text import Text
from annul.store.sql import listed, load

_SQL: Final = load(
    "annul.operate.training",
    "checks.sql",
    sales=listed(kind for kind in TAKING if kind not in COMPLETIONS),
    voids=listed(VOIDS),
    refunds=listed(REFUNDS),
)


class Check(NamedTuple):
    """One check: its `query`, and what is said of what it found (`{names}` of its columns).

    `actions` are those of the audit that count, where it asks for acts. `given`: it holds what was
    typed in against the truth. `table`: it can be asked only where the database has it.
    """

    query: str
    proof: Text
    actions: tuple[str, ...] = ()
    given: bool = False
    table: str = ""


_SLIP: Final = "{amount}，凭证号 {voucher}，参考号 {reference}，终端 {terminal}"
_SLIP_EN: Final = "{amount}, voucher {voucher}, reference {reference}, terminal {terminal}"
_CASE: Final = "{amount}，案件 {number}，终端 {terminal}"
_CASE_EN: Final = "{amount}, case {number}, terminal {terminal}"


def _acted(zh: str, en: str, *actions: str, query: str = "acted") -> Check:
    return Check(query, Text(f"{zh}：{{object}}", f"{en}: {{object}}"), actions)


CHECKS: Final[Mapping[str, Check]] = {
    # At a till.
    "sold": Check("sold", Text(f"消费 {_SLIP}", f"sale of {_SLIP_EN}")),
    "voided": Check("voided", Text(f"撤销 {_SLIP}", f"void of {_SLIP_EN}")),
    "slip_read": Check(
        "slip_read", Text(f"参考号与小票一致：{_SLIP}", f"as on the slip: {_SLIP_EN}"), given=True
    ),
    "refunded": Check("refunded", Text(f"退货 {_SLIP}", f"refund of {_SLIP_EN}")),
    "void_failed": Check("void_failed", Text(f"撤销未成功 {_CASE}", f"failed void {_CASE_EN}")),
    "case_named": Check(
        "case_named", Text(f"案件号与小票一致：{_CASE}", f"as on the slip: {_CASE_EN}"), given=True
    ),
    "told": Check("told", Text(f"终端已收到结果 {_CASE}", f"the till was told: {_CASE_EN}")),
    # At the desk.
    "case_read": _acted("查看了", "opened", "read-case"),
    "case_taken": _acted("接手了", "took", "take", query="acted_after"),
    "case_noted": _acted("记录了备注", "wrote a note on", "note", query="acted_after"),
    "case_withdrawn": _acted("撤回了撤销", "withdrew the void of", "withdraw"),
    "statement_read": _acted("下载了对账单", "downloaded a statement of", "read-statement"),
    "report_read": _acted("下载了报表", "downloaded a report", "read-report"),
    "incident_acknowledged": _acted("确认了", "acknowledged", "acknowledge-incident"),
    "incident_noted": _acted("记录了", "noted on", "note-incident"),
    "clearing_read": _acted("提交了", "committed", "commit-clearing-file"),
    "break_decided": _acted("处理了", "decided", "resolve-break"),
    "terminal_asked": _acted("提出要求", "asked", "ask-terminal"),
    "user_added": _acted("添加了", "added", "add-user"),
    "role_changed": _acted("变更了角色", "changed the role of", "change-role"),
    "user_stopped": _acted("停用了", "deactivated", "stop-user"),
    "reset_link_made": _acted("签发了链接", "made a link for", "new-reset-link"),
    "key_made": _acted("创建了", "made", "new-key"),
    "key_ended": _acted("终止了", "ended", "end-key"),
    "contact_set": _acted("登记了联系人", "entered a contact of", "set-contact"),
    "approved_by_another": Check(
        "approved_by_another",
        Text("{amount}，由 {other} 复核", "{amount}, approved by {other}"),
    ),
    "approved_of_another": Check(
        "approved_of_another",
        Text("{amount}，{other} 发起", "{amount}, asked for by {other}"),
    ),
    "playbook_run": Check(
        "playbook_run",
        Text("预案 {object} 已执行完毕：{number}", "playbook {object} has ended: {number}"),
        table="playbook_runs",
    ),
}


async def proof(
    connection: Any, name: str, person: str, since: datetime, given: str = ""
) -> dict[str, Any] | None:
    """Give what proves that a person has done it since then, None when nothing does.

    `at` is when it was done. `given` is what was typed in.
    """
    check = CHECKS[name]
    if not await is_possible(connection, name):
        return None
    query = _SQL[check.query]
    known = {"person": person, "since": since, "given": given.strip()}
    known |= {"actions": list(check.actions)}
    wanted = {parameter: known[parameter] for parameter in query.parameters}
    row = await connection.fetchrow(*query(**wanted))
    return dict(row) if row is not None else None


async def is_possible(connection: Any, name: str) -> bool:
    """Say whether this database has what a check asks for."""
    table = CHECKS[name].table
    return not table or bool(await connection.fetchval(*_SQL["is_there"](table=table)))
