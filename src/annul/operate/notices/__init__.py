"""People are told of incidents: what each channel is owed, and the messages that carry it."""
