"""Certificates and progress, put in as training leaves them."""

from datetime import datetime, timedelta

import asyncpg

from annul.operate.training.written import courses

from .rows import put


async def certified(
    pool: asyncpg.Pool, person: str, course: str, at: datetime, days: int = 365
) -> str:
    """Give somebody a certificate; gives its number."""
    number = f"T{person}{course}{at:%y%m%d}".upper()
    whose = {"number": number, "person": person, "course": course, "version": 1}
    await put(pool, "certificates", whose | {"at": at, "valid_until": at + timedelta(days=days)})
    return number


async def all_done(
    pool: asyncpg.Pool, person: str, course: str, at: datetime, spared: str = ""
) -> None:
    """Let somebody have done everything of a course but one part."""
    for part in courses()[course].parts:
        if part != spared:
            whose = {"person": person, "course": course, "version": 1, "task": part}
            await put(pool, "course_tasks", whose | {"begun_at": at, "done_at": at})
