"""Drills: scripts of what goes wrong, striking it, and what a team has done about it."""
