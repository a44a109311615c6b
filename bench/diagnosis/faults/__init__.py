"""All faults; importing this enters them."""

from . import issuer, path, rules, shop

__all__ = ["issuer", "path", "rules", "shop"]
