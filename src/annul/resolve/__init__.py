"""Cases: what drives every void that was not approved to its end."""
