"""What can be wrong with a playbook, and what to do about it: one table. Pure."""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from .errors import AnnulError
from .text import Text


class Flaw(NamedTuple):
    """One thing that is wrong: at which step, or a line of the file; what, and what to do."""

    where: str
    kind: str
    what: Text
    todo: Text


# what is wrong, and what to do, by kind; `{what}` is the name that it is about.
_FLAWS: Final[Mapping[str, tuple[Text, Text]]] = {
    "unreadable": (
        Text("无法读取：{what}", "this cannot be read: {what}"),
        Text("按TOML格式改正", "correct it as TOML"),
    ),
    "shape": (
        Text("格式不符：{what}", "this has the wrong shape: {what}"),
        Text("按手册文档中的示例改正", "correct it as the guide's example shows"),
    ),
    "name": (
        Text("名称“{what}”不合规", "{what!r} is no name"),
        Text("用小写字母、数字和下划线，最多40个", "use small letters, digits and _, at most 40"),
    ),
    "twice": (
        Text("“{what}”出现两次", "{what!r} stands twice"),
        Text("每个步骤用自己的名称", "give each step its own name"),
    ),
    "too_many": (
        Text("步骤太多：{what}", "there are too many steps: {what}"),
        Text("拆成两个预案", "make two playbooks of it"),
    ),
    "language": (
        Text("{what}缺少一种语言", "{what} is missing in one language"),
        Text("中文和英文都要写", "write it in Chinese and English"),
    ),
    "incident_kind": (
        Text("没有事件种类“{what}”", "no kind of incident is called {what!r}"),
        Text("用事件列表中的种类", "take a kind that incidents have"),
    ),
    "place": (
        Text("没有人给出“{what}”", "nobody gives {what!r}"),
        Text("写入 needs，或先用询问步骤取得", "name it in needs, or ask for it in a step before"),
    ),
    "place_late": (
        Text("“{what}”并非总在此步之前回答", "{what!r} is not always answered before this step"),
        Text("把询问放在前面，并用同样的条件", "ask before it, under the same condition"),
    ),
    "look": (
        Text("没有查看项“{what}”", "there is no look {what!r}"),
        Text("用 annul playbook check 列出的名称", "take a name that the guide lists"),
    ),
    "act": (
        Text("没有动作“{what}”", "there is no act {what!r}"),
        Text("用文档中列出的动作", "take a name that the guide lists"),
    ),
    "argument": (
        Text("缺少参数“{what}”", "the argument {what!r} is missing"),
        Text("在 args 中给出", "give it in args"),
    ),
    "argument_unknown": (
        Text("不接受参数“{what}”", "it takes no argument {what!r}"),
        Text("删除它", "leave it out"),
    ),
    "argument_kind": (
        Text("参数“{what}”的类型不符", "the argument {what!r} is of the wrong kind"),
        Text("给出这种参数所要的值", "give what an argument of this kind takes"),
    ),
    "when": (
        Text("条件无法读取：{what}", "this is no condition: {what}"),
        Text("写作 步骤 == 值，用 and 连接", "write step == word, joined by and"),
    ),
    "when_unknown": (
        Text(
            "条件中的“{what}”不是之前有选项或结果的步骤",
            "{what!r} in a condition is no step before with choices or a result",
        ),
        Text("引用之前的查看或询问步骤", "name a look or an ask that stands before"),
    ),
    "when_word": (
        Text("“{what}”不是那一步可能的结果", "{what!r} is nothing that this step can say"),
        Text("用那一步的结果之一", "take one of its words"),
    ),
    "unreachable": (
        Text("条件永远不成立", "its condition can never hold"),
        Text("改正条件", "correct the condition"),
    ),
    "scope": (
        Text("没有权限“{what}”", "there is no right {what!r} that a step may ask for"),
        Text("用文档中列出的权限", "take one that the guide lists"),
    ),
    "alone": (
        Text(
            "须双人复核的动作不能自动执行", "an act that takes two people cannot be done by annul"
        ),
        Text('改为 by = "person"', 'write by = "person"'),
    ),
    "no_undo": (
        Text("动作“{what}”无法撤回", "{what!r} cannot be undone"),
        Text("删除 undo", "leave undo out"),
    ),
    "choices": (
        Text("询问步骤缺少选项", "an ask without choices"),
        Text("给出至少两个选项，或写明 takes", "give two or more, or say what it takes"),
    ),
    "endless": (
        Text("等待没有时限或太长", "a wait without a limit, or with one that is too long"),
        Text("给出 seconds，最多7天", "give seconds, at most 7 days"),
    ),
    "until": (
        Text("没有可等待的“{what}”", "nothing to wait for is called {what!r}"),
        Text("用文档中列出的名称", "take a name that the guide lists"),
    ),
    "misplaced": (
        Text("这种步骤没有“{what}”", "a step of this kind has no {what}"),
        Text("删除它", "leave it out"),
    ),
}
KINDS: Final = tuple(_FLAWS)


class BadPlaybook(AnnulError):
    """This is no playbook that can run. Nothing was changed."""

    code = "playbooks.bad"
    next_step = "Correct what is named, and check it again."

    def __init__(self, flaws: Iterable[Flaw]) -> None:
        """Take all that is wrong; the message names each with what to do."""
        self.flaws = tuple(flaws)
        super().__init__(
            "; ".join(f"{one.where}: {one.what.en} ({one.todo.en})" for one in self.flaws)
        )


def flaw(where: str, kind: str, what: object = "") -> Flaw:
    """Make a flaw of a kind of the table."""
    said, todo = _FLAWS[kind]
    return Flaw(where, kind, Text(*(one.format(what=what) for one in said)), todo)
