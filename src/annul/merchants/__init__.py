"""Merchants, terminals, their parameters and keys."""
