"""Reports on voids, of a closed business day or week."""
