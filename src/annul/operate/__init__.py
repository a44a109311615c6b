"""What watches annul at work: measures and traces."""
