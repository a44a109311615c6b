"""Cases: the queue, and each with what happened, why, and what people may do."""
