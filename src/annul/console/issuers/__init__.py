"""Issuers: the list, and each with its health, rules, codes, routes and contacts."""
