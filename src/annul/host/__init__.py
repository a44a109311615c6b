"""The terminals' side: TCP server, one handler per kind of transaction."""
