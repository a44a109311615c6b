"""What an installation carries, what will come, and what is to be added when."""
