"""Real peers over real sockets: an issuer that fails on demand and a soft terminal."""
