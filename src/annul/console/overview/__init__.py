"""How things stand: the promise, issuers, traffic, latest cases, incidents."""
