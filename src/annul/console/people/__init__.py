"""Administration: who and what is let in, what annul was taught, its settings."""
