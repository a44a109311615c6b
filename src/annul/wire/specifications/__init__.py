"""Specifications of messages that are brought along: read, judged, and written back."""
