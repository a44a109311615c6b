"""Money in question, and what two people conclude of it by hand."""
