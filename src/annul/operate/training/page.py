"""The pages `docs/training/`, in both languages, written from the courses."""

from collections.abc import Iterator
from typing import Final

from annul.domain.courses import Course, Question, Task
from annul.domain.text import Text

_LEAD: Final = Text(
    "本页由 `make training` 从 `src/annul/operate/training/courses/{name}.toml` 生成。"
    "[所有课程与沙箱]({guide})",
    "`make training` writes this page from `src/annul/operate/training/courses/{name}.toml`. "
    "[All courses, and the sandbox]({guide})",
)
_GUIDE: Final = Text("../training.zh-CN.md", "../training.md")
_ABOUT: Final = Text(
    "版本 {version}，{parts} 项，约 {minutes} 分钟；证书有效 {days} 天。",
    "Version {version}, {parts} tasks and questions, about {minutes} min; "
    "its certificate is valid for {days} days.",
)
_HINT: Final = Text("提示：", "Hint: ")
_ENTER: Final = Text("填写：", "Enter: ")
_RIGHT: Final = Text("（正确）", " (right)")


def page(course: Course, language: str) -> str:
    """Write the page of a course in a language, `zh` or `en`."""
    return "\n".join(_lines(course, language)) + "\n"


def _lines(course: Course, language: str) -> Iterator[str]:
    guide = _GUIDE.speak(language)
    yield from (f"# {course.title.speak(language)}", "")
    yield from (_LEAD.speak(language).format(name=course.name, guide=guide), "")
    about = _ABOUT.speak(language).format(
        version=course.version,
        parts=len(course.parts),
        minutes=course.minutes,
        days=course.valid_days,
    )
    yield from (course.about.speak(language), "", about, "")
    for number, lesson in enumerate(course.lessons, 1):
        yield from (f"## {number}. {lesson.title.speak(language)}", "")
        yield from (lesson.text.speak(language), "")
        for task in lesson.tasks:
            yield from _task(task, language)
        for question in lesson.questions:
            yield from _question(question, language)


def _task(task: Task, language: str) -> Iterator[str]:
    yield from (f"### {task.title.speak(language)}", "")
    yield from (task.do.speak(language), "")
    if task.enter.en:
        yield from (f"{_ENTER.speak(language)}{task.enter.speak(language)}", "")
    yield from (f"{_HINT.speak(language)}{task.hint.speak(language)}", "")


def _question(question: Question, language: str) -> Iterator[str]:
    yield from (f"### {question.ask.speak(language)}", "")
    for choice in question.choices:
        right = _RIGHT.speak(language) if choice.right else ""
        yield f"- {choice.says.speak(language)}{right} {choice.why.speak(language)}"
    yield ""
