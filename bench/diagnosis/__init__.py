"""How often the cause of a failed void is found: real faults, real sockets, known truth.

The generator knows nothing of the ranking: it shares no table with `annul.diagnose`, and half of
its mixes were not looked at while the weights were set.
"""
