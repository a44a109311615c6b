"""annul: a POS acquiring host whose voids always end."""
