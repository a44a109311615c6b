"""What a clearing file of a day costs to read, match, commit, carry out and discard."""
