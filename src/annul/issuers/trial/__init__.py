"""Trying an issuer's link: what its host does, and which settings would fit. Never with money."""
