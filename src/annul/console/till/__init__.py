"""The terminal in the browser: what it does key by key, how it is drawn, the issuer beside it."""
