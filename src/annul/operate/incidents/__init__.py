"""Incidents: what was raised is gathered into one head for each outage."""
