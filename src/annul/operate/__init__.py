"""What is seen of a running installation, and what is made of it."""
