"""All faults that a scene can meet; importing this enters them.

They know nothing of the ranking of causes: they share no table with `annul.diagnose`.
"""

from . import issuer, path, rules, shop

__all__ = ["issuer", "path", "rules", "shop"]
