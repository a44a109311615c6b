"""What console and API show: read from the database, bounded, masked, of one merchant or all."""
