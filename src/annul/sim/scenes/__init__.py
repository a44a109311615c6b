"""Scenes: a shop with its tills and an issuer of its own, and what goes wrong in them."""
