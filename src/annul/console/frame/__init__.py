"""What every page stands in, and what pages are made of; knows no subject."""
