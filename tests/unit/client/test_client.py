"""The client as a whole."""

import subprocess
import sys


def test_the_client_brings_nothing_of_the_server():
    """In a process of its own, where nobody else has imported anything."""
    program = (
        "import sys, annul.client as client\n"
        "client.Client('https://annul.example', 'key').close()\n"
        "print(*sorted(name for name in sys.modules if name.split('.')[0] in "
        "('annul', 'fastapi', 'starlette', 'asyncpg', 'nicegui')))"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    brought = told.stdout.split()
    assert "annul.client.models.orders" in brought
    assert not [one for one in brought if one != "annul" and not one.startswith("annul.client")]
