"""Two schemas of one database: each has all of annul, and neither knows the other."""

from annul.store.database import connect
from annul.store.migrate import upgrade
from annul.store.schema import in_schema
from tests.support.roles import as_owner


async def test_all_of_it_is_in_its_schema(database: str) -> None:
    east, west = (in_schema(database, name) for name in ("east", "west"))
    for one in (east, west):
        await upgrade(as_owner(one))
        await upgrade(one)  # who serves sees that nothing is missing
    pool = await connect(east)
    try:
        await pool.execute("INSERT INTO refusals SELECT FROM refusals")
        owned = await pool.fetch(
            "SELECT nspname, count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
            " WHERE relkind IN ('r', 'i') AND nspname IN ('public', 'east', 'west') GROUP BY 1"
        )
        assert len({count for _, count in owned}) == 1
        routines = await pool.fetch(
            "SELECT nspname, prosrc FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace"
            " WHERE nspname IN ('east', 'west')"
        )
        assert routines
        for schema, source in routines:
            assert "public." not in source
            assert f"{schema}." in source
        count = "SELECT purge_audit(now() - interval '9 years', 10)"
        assert await pool.fetchval(count) == 0
    finally:
        await pool.close()
