"""`python -m annul`: the same as the command `annul`."""

from annul.cli import main

main()
