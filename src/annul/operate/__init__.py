"""Running an installation: measures, alarms, incidents, notices, capacity, reports."""
