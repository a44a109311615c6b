"""Measurements: what annul costs and how fast it is. Never part of the tests."""
