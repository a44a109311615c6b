"""Settlement: business days are closed, and what shops have sold becomes theirs to be paid out."""
