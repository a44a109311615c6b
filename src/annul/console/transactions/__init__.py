"""Transactions: the search, and each with its chain, its details, what it moved."""
