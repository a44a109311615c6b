"""Who is told of what has happened: webhooks, and the calls that carry them."""
