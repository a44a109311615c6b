"""How much is held back against what comes back later, and how much of that is uncovered."""
