"""PostgreSQL: embedded server, pool, migrations, the journal."""
