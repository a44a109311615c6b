"""Watching: what is known of a running annul, told to people who are not looking at it."""
