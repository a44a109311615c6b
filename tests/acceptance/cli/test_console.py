"""`annul console`: pages alone, and what they count."""

from pathlib import Path

import httpx

from annul.app import ground
from annul.desk.roles import Scope
from annul.settings import Settings
from tests.support.processes import Process, free_port
from tests.support.prometheus import samples, value


async def test_a_console_alone_tells_its_series_where_it_is_given_a_port(
    database: str, tmp_path: Path
) -> None:
    key_file = tmp_path / "master.key"
    given = Settings.load(
        None, data=tmp_path / "first", database=database, master_key_file=key_file
    )
    async with ground(given) as base:
        _, key = await base.access.new_key("prometheus", [Scope.METRICS], "", "boss")
    (tmp_path / "url").write_text(database)
    (tmp_path / "url").chmod(0o600)
    console, status = free_port(), free_port()
    process = Process(
        "console",
        (
            "console",
            f"--data={tmp_path / 'second'}",
            f"--database={tmp_path / 'url'}",
            f"--status-port={status}",
        ),
        status,
        tmp_path,
        {"ANNUL_CONSOLE_PORT": str(console), "ANNUL_MASTER_KEY_FILE": str(key_file)},
    )
    try:
        await process.start()
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{status}") as client:
            assert (await client.get("/health")).json() == {"status": "up"}
            assert (await client.get("/metrics")).status_code == 401
            told = await client.get("/metrics", headers={"authorization": f"Bearer {key}"})
        found = samples(told.text)
        assert value(found, "annul_watchers") == 0
        assert value(found, "annul_loop_turns_total", loop="webhooks") >= 0
        assert value(found, "annul_database_connections_allowed") == 20
        assert ("annul_delivery_events_total", frozenset({("event", "tries")})) in found
        assert "annul_requests_total" not in told.text, "there is no host"
    finally:
        await process.stop()
