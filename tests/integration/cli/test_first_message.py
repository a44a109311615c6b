"""`annul terminal test` hears one terminal over a socket, answers nothing, and masks its card."""

import asyncio
import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from annul.cli import application
from annul.domain.errors import AnnulError
from annul.wire.codec import Codec
from annul.wire.dialects import UNIONPAY_POS
from annul.wire.framing import TPDU_2

_CARD = "6200010000000007"


def _free() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


async def _run(folder: Path, *words: str) -> Result:
    arguments = ["terminal", "test", f"--data={folder}", "--lang=en", *words]
    return await asyncio.to_thread(CliRunner().invoke, application, arguments)


async def test_one_terminal_is_heard(tmp_path: Path) -> None:
    port = _free()
    task = asyncio.create_task(_run(tmp_path, f"--port={port}", "--within=15"))
    fields: dict[int, str | bytes] = {2: _CARD, 3: "000000", 11: "000002", 41: "10000001"}
    raw = TPDU_2.pack(Codec(UNIONPAY_POS).encode("0200", fields), bytes.fromhex("60" + "00" * 10))
    async with asyncio.timeout(20):
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
            else:
                break
        for byte in raw:
            writer.write(bytes([byte]))
        assert await reader.read() == b""  # nothing is answered
        writer.close()
        said = await task
    assert said.exit_code == 0, said.output
    assert "framing: tpdu_2" in said.stdout
    assert "annul terminal enrol MERCHANT 10000001" in said.stdout
    assert _CARD not in said.output


async def test_nobody_comes(tmp_path: Path) -> None:
    said = await _run(tmp_path, "--port=0", "--within=0.1")
    assert said.exit_code == 1
    assert "no terminal has sent anything" in said.stdout


@pytest.mark.parametrize("text", ["00" * 16, "xx"])
async def test_a_key_is_no_argument(tmp_path: Path, text: str) -> None:
    refused = await _run(tmp_path, f"--key={text}")
    assert isinstance(refused.exception, AnnulError)
    assert text not in f"{refused.exception} {refused.output}"
