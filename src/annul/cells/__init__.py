"""Many cells: their directory, and merchants that move from one to another."""
