"""Playbooks as they are written, made of as little as one needs."""

from typing import Final

SAID: Final = '{ zh = "中", en = "e" }'


def step(name: str, kind: str, *lines: str) -> str:
    return "\n".join(
        (
            "[[steps]]",
            f'id = "{name}"',
            f'kind = "{kind}"',
            f"title = {SAID}",
            f"text = {SAID}",
            *lines,
            "",
        )
    )


def ask(name: str, *choices: str, when: str = "") -> str:
    listed = ", ".join(f"{one} = {SAID}" for one in choices)
    return step(name, "ask", f"choices = {{ {listed} }}", *([f'when = "{when}"'] if when else []))


def playbook(*steps: str, name: str = "plan", needs: str = '["issuer"]', more: str = "") -> str:
    head = f'name = "{name}"\ntitle = {SAID}\nabout = {SAID}\nneeds = {needs}\n{more}\n'
    return head + "\n".join(steps)
