"""What watches over the repository itself."""
