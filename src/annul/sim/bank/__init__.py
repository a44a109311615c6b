"""A bank that takes orders from a folder, pays or does not, and answers into another folder."""
