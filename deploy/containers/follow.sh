#!/bin/bash
# The second server: a copy of the first, made once, that follows it.
set -euo pipefail

if [ ! -s "$PGDATA/PG_VERSION" ]; then
    install --directory --owner=postgres --group=postgres --mode=0700 "$PGDATA"
    until PGPASSWORD="$DB_STANDBY_PASSWORD" gosu postgres pg_basebackup --write-recovery-conf --checkpoint=fast \
        --pgdata="$PGDATA" --dbname="host=first user=standby application_name=second"; do
        sleep 1
    done
    # Who is promoted confirms alone until it has a standby of its own.
    echo "synchronous_standby_names = ''" >>"$PGDATA/postgresql.auto.conf"
fi
exec docker-entrypoint.sh postgres "$@"
