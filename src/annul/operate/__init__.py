"""Running an installation: measures, alarms, incidents, notices."""
