"""Plays situations of the field, and judges what annul made of them by rows and issuers' books."""
