"""A soft terminal: what a real one does, over a real socket, with a journal of its own."""
