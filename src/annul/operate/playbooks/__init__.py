"""Emergency plans that run: what annul can look at and do in them, and what carries them on."""
