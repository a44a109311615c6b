"""Training: courses as they are written, what proves a task, progress and certificates."""
