"""Measures: one table of all that a process counts, and what is made of it."""
