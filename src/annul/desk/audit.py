"""Who did what to which thing, and why: kept with each change, and looked through."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from uuid_utils.compat import uuid7

from annul.domain.text import Text
from annul.resolve.conclusion import CARRIED_OUT, OVERTAKEN
from annul.resolve.people import ACTIONS
from annul.store.sql import load
from annul.wire.masking import scan

from . import over_cells
from .cursor import Cursor, Listing, listing
from .desk import Desk
from .permission import NotAllowed
from .roles import Scope, Visitor
from .tries import REFUSED, SIGNED_IN

_SQL: Final = load("annul.desk", "audit.sql")

# What stands in the audit log, in both languages.
ACTS: Final[Mapping[str, Text]] = {
    SIGNED_IN: Text("登录", "sign in"),
    REFUSED: Text("登录被拒", "refused at sign-in"),
    "add-user": Text("添加用户", "add a user"),
    "stop-user": Text("停用用户", "deactivate a user"),
    "start-user": Text("启用用户", "reactivate a user"),
    "change-role": Text("变更角色", "change a role"),
    "change-password": Text("修改口令", "change a password"),
    "new-reset-link": Text("签发口令重置链接", "create a link for a new password"),
    "use-reset-link": Text("使用口令重置链接", "use a link for a new password"),
    "enrol-factor": Text("启用二次验证", "set up a second factor"),
    "remove-factor": Text("关闭二次验证", "remove a second factor"),
    "use-recovery-code": Text("使用恢复码", "use a recovery code"),
    "end-session": Text("结束会话", "end a session"),
    "end-sessions": Text("结束全部会话", "end all sessions"),
    "ask-for-reports": Text("订阅报表邮件", "ask for reports by mail"),
    "mail-reports": Text("为人员订阅报表邮件", "have a report mailed to somebody"),
    "mail-no-reports": Text("为人员退订报表邮件", "have a report mailed to somebody no more"),
    "send-reports": Text("发送报表邮件", "have reports mailed"),
    "new-key": Text("创建API密钥", "create an API key"),
    "end-key": Text("终止API密钥", "revoke an API key"),
    "set-policy": Text("新增发卡行规则", "set an issuer's rule"),
    "end-policy": Text("终止发卡行规则", "end an issuer's rule"),
    "adopt-rule": Text("采纳推断的规则", "adopt a learnt rule"),
    "dismiss-rule": Text("否定推断的规则", "dismiss a learnt rule"),
    "suspect-rule": Text("重新怀疑推断的规则", "suspect a learnt rule again"),
    "set-intervention": Text("采取应急措施", "put an emergency measure in force"),
    "confirm-intervention": Text("复核应急措施", "confirm an emergency measure"),
    "end-intervention": Text("结束应急措施", "end an emergency measure"),
    "set-meaning": Text("登记应答码含义", "set what a code means"),
    "end-meaning": Text("删除应答码含义", "remove what a code means"),
    "set-contact": Text("登记联系人", "enter a contact"),
    "end-contact": Text("删除联系人", "remove a contact"),
    "load-key": Text("装载发卡行密钥", "load an issuer's key"),
    "ask-keys": Text("向发卡行申请新密钥", "ask an issuer for new keys"),
    "set-terminal-dialect": Text("修改终端报文规范", "set what a terminal speaks"),
    "set-link": Text("修改发卡行线路", "set how an issuer is reached and spoken with"),
    "set-issuer": Text("修改发卡行安全参数", "set how an issuer makes MACs and takes PINs"),
    "set-dialect": Text("登记报文规范", "set a dialect"),
    "move-merchant": Text("商户迁移至其他单元", "move a merchant to another cell"),
    "run-payouts": Text("生成付款", "make payouts"),
    "approve-payout": Text("复核付款", "approve a payout"),
    "cancel-payout": Text("取消付款", "cancel a payout"),
    "take-payout-file": Text("取出付款文件", "take a payout file"),
    "read-bank-file": Text("读取银行文件", "read a file of the bank"),
    "confirm-bank-file": Text("复核银行文件", "confirm a file of the bank"),
    "read-clearing-file": Text("读取清算文件", "read a clearing file"),
    "commit-clearing-file": Text("提交清算文件", "commit a clearing file"),
    "drop-clearing-file": Text("丢弃清算文件", "drop a clearing file"),
    "discard-clearing-file": Text("作废清算文件", "discard a clearing file"),
    "match-clearing-file": Text("重新勾对清算文件", "match a clearing file anew"),
    "ask-clearing-file": Text("申请作废或重新勾对", "ask to discard or match a clearing file anew"),
    "reject-clearing-file": Text("驳回作废或重新勾对", "reject what was asked of a clearing file"),
    "set-clearing-rules": Text("修改勾对规则", "set the rules of clearing"),
    "confirm-clearing-rules": Text("复核勾对规则", "confirm rules of clearing"),
    "reject-clearing-rules": Text("驳回勾对规则", "reject rules of clearing"),
    "save-clearing-map": Text("保存列定义", "save a map of columns"),
    "forget-clearing-map": Text("删除列定义", "remove a map of columns"),
    "assign-break": Text("指派差错", "say who works on a break"),
    "resolve-break": Text("处理差错", "say how a break ends"),
    "confirm-break": Text("复核差错", "confirm the end of a break"),
    "reject-break": Text("驳回差错处理", "reject the end of a break"),
    "import-breaks": Text("导入差错处理", "read decisions on breaks"),
    "acknowledge-incident": Text("确认收到事件", "acknowledge an incident"),
    "assign-incident": Text("指派事件", "say who works on an incident"),
    "note-incident": Text("记录事件", "note on an incident"),
    "close-incident": Text("关闭事件", "close an incident"),
    "learn-incident": Text("记录事件总结", "say what an incident has taught"),
    "reopen-incident": Text("重新打开事件", "reopen an incident"),
    "merge-incident": Text("合并事件", "merge an incident into another"),
    "split-incident": Text("拆分事件", "split an incident"),
    "take-up-chargeback": Text("按清算文件登记拒付", "take up a chargeback of a clearing file"),
    "dismiss-chargeback": Text(
        "不予登记清算文件中的拒付", "dismiss a chargeback of a clearing file"
    ),
    "write-playbook": Text("编写预案", "write a playbook"),
    "start-playbook": Text("启动预案", "start a playbook"),
    "answer-step": Text("回答预案步骤", "answer a step of a playbook"),
    "do-step": Text("执行预案步骤", "do a step of a playbook"),
    "propose-step": Text("申请执行预案步骤", "propose a step of a playbook"),
    "confirm-step": Text("复核预案步骤", "confirm a step of a playbook"),
    "skip-step": Text("跳过预案步骤", "skip a step of a playbook"),
    "stop-playbook": Text("停止预案", "stop a playbook"),
    "undo-playbook": Text("撤回预案", "undo a playbook"),
    "open-chargeback": Text("登记拒付", "enter a chargeback"),
    "move-chargeback": Text("处理拒付", "move a chargeback on"),
    "ask-chargeback": Text("申请处理拒付", "propose the next step of a chargeback"),
    "confirm-chargeback": Text("复核拒付处理", "confirm the next step of a chargeback"),
    "reject-chargeback": Text("驳回拒付处理", "reject the next step of a chargeback"),
    "assign-chargeback": Text("指派拒付", "say who works on a chargeback"),
    "add-evidence": Text("添加拒付证据", "add evidence to a chargeback"),
    "ask-account": Text("申请结算账户", "ask for an account of a merchant"),
    "use-account": Text("启用结算账户", "take an account into use"),
    "reject-account": Text("驳回结算账户", "reject an account"),
    "stop-account": Text("停用结算账户", "stop an account"),
    "use-account-again": Text("恢复结算账户", "use an account again"),
    "move-money": Text("冻结、解冻或更正", "freeze, release, correct or charge back"),
    "approve-move": Text("复核冻结、解冻或更正", "approve a move of money"),
    "reject-move": Text("驳回冻结、解冻或更正", "reject a move of money"),
    "resolve-difference": Text("处理批次差异", "resolve a difference of a batch"),
    "order-void": Text("发起撤销", "order a void"),
    "order-refund": Text("发起退货", "order a refund"),
    "raise-limit": Text("申请提高双人复核金额", "ask for a higher amount for dual approval"),
    "read-case": Text("查看案件", "read a case"),
    "export-list": Text("导出列表", "export a list"),
    "read-proof": Text("下载案件证明", "download the proof of a case"),
    "read-statement": Text("下载商户对账单", "download a statement"),
    "answer-advice": Text("评价提示是否有帮助", "say whether an advice has helped"),
    "finish-course": Text("完成课程", "finish a course"),
    "read-report": Text("下载撤销报表", "download a report on voids"),
    "read-evidence": Text("下载证据", "download evidence"),
    "till": Text("在收银终端操作", "use a till"),
    "approve-order": Text("复核通过", "approve an order"),
    "reject-order": Text("复核驳回", "reject an order"),
    "set-allowed": Text("修改商户设置", "change a merchant's settings"),
    "set-price": Text("约定手续费", "agree on a fee"),
    "set-cut-over": Text("约定日切时间", "agree on a cut-over"),
    "set-terms": Text("约定结算条件", "agree on terms of settlement"),
    "ask-terminal": Text("向终端提出要求", "send a request to a terminal"),
    "add-webhook": Text("添加网络回调", "add a webhook"),
    "end-webhook": Text("停用网络回调", "switch a webhook off"),
    "replay-webhook": Text("重发通知", "send a notification again"),
    "add-channel": Text("添加通知渠道", "add a channel for notices"),
    "change-channel": Text("修改通知渠道", "change a channel for notices"),
    "stop-channel": Text("停用通知渠道", "stop a channel for notices"),
    "test-channel": Text("发送测试消息", "send a test message"),
    "add-duty": Text("添加值班", "add a line to the rota"),
    "end-duty": Text("删除值班", "take a line out of the rota"),
    "set-step": Text("设置升级步骤", "set a step of escalation"),
    "end-step": Text("删除升级步骤", "remove a step of escalation"),
    "undo-lesson": Text("撤回诊断学习", "undo diagnosis learning"),
    "drill-cause": Text("演练：判明原因", "name a cause in a drill"),
    "drill-told": Text("演练：通知相关方", "tell somebody in a drill"),
    "propose-conclusion": Text("提出人工结论", "propose a conclusion by hand"),
    "confirm-conclusion": Text("复核人工结论", "confirm a conclusion by hand"),
    "withdraw-conclusion": Text("撤回人工结论", "withdraw a conclusion by hand"),
    CARRIED_OUT: Text("执行人工结论", "carry a conclusion by hand out"),
    OVERTAKEN: Text("人工结论未执行", "leave a conclusion that was overtaken"),
    "proposed": Text("申请动账操作", "propose what moves money"),
    **{action.name: action.said for action in ACTIONS.values()},
}


async def audit(
    connection: Any,
    visitor: Visitor,
    at: datetime,
    action: str,
    thing: str,
    reason: str,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Keep who did what to which thing, and why, in the transaction that does it."""
    await connection.execute(
        *_SQL["keep"](
            id=uuid7(),
            at=at,
            who=visitor.name,
            role=visitor.role,
            action=action,
            object=thing,
            reason=scan(reason.strip()),
            detail=dict(detail or {}),
        )
    )


async def audit_read(desk: Desk, visitor: Visitor, action: str, thing: str) -> None:
    """Keep who has read what shows cards, though masked; of a page that goes on once an hour."""
    if desk.reads.first((visitor.name, action, thing), desk.clock.monotonic()):
        await audit(desk.pool, visitor, desk.clock.now(), action, thing, "")


@dataclass(frozen=True, slots=True)
class AuditSearch:
    """What to look for in the audit log; empty means any. `until` is not included."""

    who: str = ""
    action: str = ""
    text: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def query(self) -> dict[str, str]:
        """Give what stands in an address."""
        return {name: str(value) for name, value in asdict(self).items() if value}


async def log(
    desk: Desk, visitor: Visitor, wanted: AuditSearch, limit: int, cursor: str = ""
) -> Listing:
    """Give what was done and in which cell, the latest first; raises `NotAllowed`."""
    if visitor.merchant_id or not visitor.may(Scope.AUDIT):
        raise NotAllowed
    pages = await over_cells.each(desk, lambda one: _page(one, wanted, limit, cursor))
    return over_cells.paged(pages, limit, ("at",), falling=True)


async def _page(desk: Desk, wanted: AuditSearch, limit: int, cursor: str) -> Listing:
    rows = await desk.pool.fetch(
        *_SQL["log"](
            **asdict(wanted) | {"text": wanted.text.strip()},
            **Cursor.after(cursor),
            limit=limit + 1,
        )
    )
    return listing([dict(row) | {"cell": desk.cell} for row in rows], limit, "at")
