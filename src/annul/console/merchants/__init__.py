"""Merchants: the list, and each with its money, what it allows, its terminals."""
