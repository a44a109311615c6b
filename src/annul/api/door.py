"""Pages before one is in: plain forms that work without scripts, in both languages."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from importlib.resources import files
from string import Template
from typing import Final
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse, Response

from annul.desk.access import Session
from annul.desk.passwords import SHORTEST, WHY
from annul.desk.roles import Visitor
from annul.domain.text import Text

from .gate import COOKIE
from .language import COOKIE as LANGUAGE_COOKIE
from .language import chosen

_PAGE: Final = Template(
    files("annul.api").joinpath("door.html").read_text(encoding="utf-8")
)  # $names are escaped or of our own
_LANGUAGES: Final = {"zh": "中文", "en": "English"}

TEXTS: Final[Mapping[str, Text]] = {
    "sign_in": Text("登录", "Sign in"),
    "lead": Text("每一笔撤销都有结局。", "Every void ends."),
    "user": Text("用户名", "Name"),
    "password": Text("口令", "Password"),
    "refused": Text(
        "用户名或口令不正确。多次错误后须等待片刻再试。",
        "Name or password is wrong. After several, wait before you try again.",
    ),
    "busy": Text("登录请求过多，请稍后再试。", "Too many are signing in; try again in a moment."),
    "origin": Text(
        "请求不是来自本页面，请重试。", "The request did not come from this page; try again."
    ),
    "kept": Text("口令已保存，请登录。", "Password set. Sign in with it."),
    # The second step
    "code_title": Text("验证码", "One more step"),
    "code_why": Text(
        "请输入验证器显示的六位数字。设备不在身边时，可使用恢复码。",
        "Enter the six digits on your device. Without it, use a recovery code.",
    ),
    "code": Text("验证码或恢复码", "Code or recovery code"),
    "code_refused": Text(
        "验证码不正确或已用过。多次错误后须等待片刻再试。",
        "The code is wrong or was used. After several, wait before you try again.",
    ),
    "no_master_key": Text(
        "本进程没有主密钥，无法核对验证码，请联系管理员。",
        "This process has no master key, so it cannot check codes. Tell an administrator.",
    ),
    # Passwords
    "choose": Text("设置自己的口令", "Set your own password"),
    "change": Text("修改口令", "Change the password"),
    "once": Text(
        "一次性口令只能用来设置自己的口令。",
        "A one-time password is only good for setting your own.",
    ),
    "change_why": Text("所有会话都会结束，本浏览器除外。", "All sessions but this one will end."),
    "present": Text("当前口令", "Current password"),
    "new": Text(f"新口令（至少{SHORTEST}个字符）", f"New password ({SHORTEST} or more)"),
    "keep": Text("保存", "Set password"),
    **{str(why): text for why, text in WHY.items()},
    "not_proved": Text(
        "口令或验证码不正确。多次错误后须等待片刻再试。",
        "The password or the code is wrong. After several, wait before you try again.",
    ),
    "reset": Text("设置新口令", "Set a new password"),
    "reset_why": Text("用户名：{name}。所有会话都会结束。", "For {name}. All sessions end."),
    "link_over": Text(
        "链接已使用、已过期或已被新链接取代，请向管理员索取新链接。",
        "This link was used, has expired, or was replaced. Ask an administrator for a new one.",
    ),
    # The second factor
    "enrol": Text("设置二次验证", "Set up a second factor"),
    "replace": Text("更换验证设备", "Replace the device"),
    "enrol_needed": Text(
        "您的角色登录时须二次验证。设置完成前不能进行其他操作。",
        "Your role must use a second factor. Set it up before anything else.",
    ),
    "enrol_why": Text(
        "用验证器应用扫描二维码，或手工输入密钥，再输入显示的六位数字。",
        "Scan the picture with an authenticator app, or type the key, then enter its six digits.",
    ),
    "secret": Text("密钥", "Key"),
    "picture": Text("二维码", "QR code"),
    "present_code": Text(
        "当前设备的验证码或恢复码", "Code of the current device, or recovery code"
    ),
    "new_code": Text("新设备的验证码", "Code of the new device"),
    "turn_on": Text("启用", "Turn it on"),
    "wrong_code": Text(
        "验证码不正确，请核对设备时间后重试。",
        "The code is wrong. Check the device's clock, and try the next one.",
    ),
    "set_up_anew": Text(
        "请按现在显示的二维码重新设置。", "Start again with the QR code shown now."
    ),
    "enrolled": Text("请保存恢复码", "Save these recovery codes"),
    "enrolled_why": Text(
        "仅显示这一次。设备遗失时每个可登录一次。请打印或抄写，存放在安全处。",
        "They are shown only once. Each signs you in once if the device is lost. Keep them safe.",
    ),
    "go_on": Text("已保存，继续", "I have saved them, continue"),
    "remove": Text("关闭二次验证", "Remove the second factor"),
    "remove_why": Text("此后登录只需口令。", "You then sign in with your password alone."),
    "remove_go": Text("关闭", "Remove it"),
    "factor_needed": Text(
        "您的角色须二次验证，只能更换设备。",
        "Your role must use a second factor; replace it instead.",
    ),
    "back": Text("返回", "Back"),
}


@dataclass(frozen=True, slots=True)
class DoorForm:
    """What is filled in. `go` is the text on its button, `fields` are markup."""

    action: str
    go: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DoorPage:
    """One page, by the keys of its texts. `body` stands before the form, as markup.

    `query` is what the page is asked with again in the other language; None: it cannot be asked
    again. `back` is where one goes who does not want to.
    """

    title: str
    lead: str
    form: DoorForm | None = None
    body: str = ""
    values: Mapping[str, str] = field(default_factory=dict[str, str])
    query: Mapping[str, str] | None = field(default_factory=dict[str, str])
    back: str = ""


def show(request: Request, page: DoorPage, said: str = "", status: int = 200) -> HTMLResponse:
    """Show a page; `said` is the key of what went wrong, or of what was done."""
    language = chosen(request)
    drawn = _PAGE.substitute(
        language=language,
        title=text(request, page.title),
        lead=escape(text(request, page.lead).format(**page.values)),
        said=f'<p class="said" role="alert">{text(request, said)}</p>' if said in TEXTS else "",
        body=page.body + (_drawn(request, page.form) if page.form else ""),
        foot=_foot(request, page),
    )
    # Some pages show a secret, and none is of use later.
    answer = HTMLResponse(drawn, status, headers={"cache-control": "no-store"})
    if request.query_params.get("lang") == language:
        answer.set_cookie(LANGUAGE_COOKIE, language, samesite="lax")  # for the steps that follow
    return answer


def text(request: Request, key: str) -> str:
    """Give a text in the reader's language."""
    return TEXTS[key].speak(chosen(request))


def entry(request: Request, name: str, label: str, **attributes: str) -> str:
    """Draw a field that must be filled in; `label` is the key of its text."""
    given = {"name": name} | attributes
    drawn = " ".join(f'{key}="{escape(value)}"' for key, value in given.items())
    return f"<label>{text(request, label)}<input {drawn} required></label>"


def password_entry(request: Request, name: str, label: str, *, new: bool = False) -> str:
    """Draw a field for a password, a new one or the one that there is."""
    if new:
        return entry(
            request,
            name,
            label,
            type="password",
            minlength=str(SHORTEST),
            autocomplete="new-password",
        )
    return entry(request, name, label, type="password", autocomplete="current-password")


def code_entry(request: Request, name: str, label: str, **attributes: str) -> str:
    """Draw a field for a code."""
    given = {"autocomplete": "one-time-code", "maxlength": "30", "spellcheck": "false"}
    return entry(request, name, label, **given, **attributes)


def hidden(name: str, value: str) -> str:
    """Draw what a form brings back."""
    return f'<input type="hidden" name="{name}" value="{escape(value)}">'


def origin_token(request: Request) -> str:
    """Draw the token of the session, by which a form proves where it comes from."""
    visitor: Visitor | None = request.state.visitor
    return hidden("csrf", visitor.csrf if visitor else "")


def button_to(request: Request, there: str, label: str) -> str:
    """Draw a link that looks like the button of a form."""
    return f'<a class="button primary wide" href="{escape(there)}">{text(request, label)}</a>'


def give(answer: Response, session: Session, *, secure: bool) -> None:
    """Give a session to the browser."""
    answer.set_cookie(
        COOKIE,
        session.token,
        expires=session.ends_at,
        httponly=True,
        samesite="strict",
        secure=secure,
        path="/",
    )


def _drawn(request: Request, form: DoorForm) -> str:
    fields = "\n".join(form.fields)
    button = f'<button type="submit" class="button primary wide">{text(request, form.go)}</button>'
    return f'<form method="post" action="{form.action}">\n{fields}\n{button}\n</form>'


def _foot(request: Request, page: DoorPage) -> str:
    """Lead back, and to the same page in each language."""
    links = [f'<a href="{page.back}">{text(request, "back")}</a>'] if page.back else []
    if page.query is not None:
        links += [
            f'<a href="?{escape(urlencode({**page.query, "lang": one}))}" lang="{one}">{name}</a>'
            for one, name in _LANGUAGES.items()
        ]
    return f'<p class="door-foot">{" · ".join(links)}</p>' if links else ""
