"""The courses of an installation: without tasks that ask for what its database does not have."""

from typing import Any

from annul.domain.courses import Course

from .checks import is_possible
from .written import courses


async def courses_here(connection: Any) -> dict[str, Course]:
    """Give the courses by name, in the order in which they are told."""
    found: dict[str, Course] = {}
    for name, course in courses().items():
        missing = {
            task.id
            for task in course.tasks.values()
            if not await is_possible(connection, task.check)
        }
        lessons = tuple(
            lesson._replace(tasks=tuple(one for one in lesson.tasks if one.id not in missing))
            for lesson in course.lessons
        )
        found[name] = course._replace(lessons=lessons)
    return found
