"""MAC, PIN, keys and the vault for card numbers. Nothing secret shows in a repr or error."""
