"""An issuer with books of its own, rules, windows and faults on demand."""
