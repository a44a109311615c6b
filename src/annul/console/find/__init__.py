"""The answers of the one search, as a list under its field."""
