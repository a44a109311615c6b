"""How often the cause of a failed void is found: real faults, real sockets, known truth.

Half of the mixes and of the situations were not looked at while the weights were set.
"""
