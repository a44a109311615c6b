"""What people and programs may see and do: one module per subject, its questions and its acts."""
