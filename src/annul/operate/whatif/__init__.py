"""What would be decided otherwise: a change is tried on what has happened, and changes nothing."""
