"""HTTP for operators and programs; today: health, metrics, status and the first password."""
