"""Chargebacks: what issuers claim back, and what their money does meanwhile."""
