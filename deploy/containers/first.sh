#!/bin/bash
# Runs once, in the first server, when it is founded: passwords of the roles, and who may follow.
set -euo pipefail

psql --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" \
    --set=serving="$DB_PASSWORD" --set=owner="$DB_OWNER_PASSWORD" --set=following="$DB_STANDBY_PASSWORD" <<'SQL'
ALTER ROLE annul PASSWORD :'serving';
ALTER ROLE annul_owner PASSWORD :'owner';
CREATE ROLE standby LOGIN REPLICATION PASSWORD :'following';
-- Counts from its next start, which follows at once: nothing is confirmed any more without the standby.
ALTER SYSTEM SET synchronous_standby_names = 'second';
SQL
echo "host replication standby all scram-sha-256" >>"$PGDATA/pg_hba.conf"
