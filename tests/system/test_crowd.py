"""A real exporter in a crowd of bad clients: scrapes are answered as if nobody else were there."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Final

import httpx
import pytest
import trustme

from tests.campaigns import campaign, soaking
from tests.commandline import start_process
from tests.kit.crowd import Crowd, Sizes, crowd
from tests.kit.secured import plain_context
from tests.system.processes import Process, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.system, pytest.mark.soak]

PATIENCE: Final = 60.0

WEB: Final = "tls_server_config: {cert_file: server.pem, key_file: server.pem}\n"

FULL: Final = Sizes(idle=500, slow=200, handshakes=50, deaf=1)
SAMPLE: Final = Sizes(idle=100, slow=40, handshakes=10, deaf=1)

MOST_GROWTH: Final = 50 * 2**20


@pytest.fixture
def exporter(tmp_path: Path) -> Iterator[tuple[Process, int]]:
    """The demo behind TLS, and its port."""
    issued = trustme.CA().issue_cert("localhost")
    issued.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "server.pem"))
    (tmp_path / "web.yml").write_text(WEB, encoding="utf-8")
    port = free_port()
    address = f"127.0.0.1:{port}"
    process = start_process(
        "--demo", "--web.config.file", "web.yml", "--web.listen-address", address, folder=tmp_path
    )
    yield process, port
    assert process.stop() == 0


def resident(process: Process) -> int:
    """Bytes of the exporter in memory."""
    return int(Path(f"/proc/{process.popen.pid}/statm").read_text(encoding="ascii").split()[1]) * 4096


async def scraped(client: httpx.AsyncClient) -> float:
    """How many seconds a scrape took that was good."""
    began = asyncio.get_running_loop().time()
    page = await client.get("/metrics", headers={"X-Prometheus-Scrape-Timeout-Seconds": "10"})
    assert page.status_code == 200
    assert 'presence_up{source="demo-daily"} 1.0' in page.text
    return asyncio.get_running_loop().time() - began


async def until_answered(client: httpx.AsyncClient) -> None:
    """Wait for the exporter's start."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                await client.get("/-/ready")
            except httpx.TransportError:
                await asyncio.sleep(0.1)
            else:
                return


async def scraped_in_a_crowd(
    process: Process, port: int, *, sizes: Sizes, scrapes: int
) -> tuple[list[float], Crowd, int]:
    """The seconds of each scrape, what the crowd saw, and by how many bytes the exporter grew at most."""
    tls = plain_context()
    async with httpx.AsyncClient(
        base_url=f"https://localhost:{port}", verify=tls, trust_env=False, timeout=PATIENCE
    ) as client:
        await until_answered(client)
        for _ in range(3):
            await scraped(client)
        before, most, seconds = resident(process), 0, []
        async with crowd(port, tls, sizes=sizes) as everybody:
            async with asyncio.timeout(PATIENCE):
                await everybody.complete.wait()
            for _ in range(scrapes):
                seconds.append(await scraped(client))
                assert (await client.get("/-/healthy")).status_code == 200
                most = max(most, resident(process) - before)
                await asyncio.sleep(1.0)
    return seconds, everybody, most


def test_a_crowd_of_bad_clients_delays_no_scrape(exporter: tuple[Process, int]) -> None:
    """Idle ones, senders of a byte a second, half handshakes, and one that reads nothing.

    In full, 100 scrapes each answer within a second; slow senders are closed within 12 s.
    """
    process, port = exporter
    sizes = FULL if soaking() else SAMPLE
    scrapes = campaign(sample=14, full=100)
    seconds, everybody, grown = asyncio.run(scraped_in_a_crowd(process, port, sizes=sizes, scrapes=scrapes))
    assert len(seconds) == scrapes
    assert grown < MOST_GROWTH
    assert len(everybody.slow_seconds) >= sizes.slow / 2
    assert max(seconds) < (1.0 if soaking() else 10.0), sorted(seconds)[-5:]
    assert max(everybody.slow_seconds) < (12.0 if soaking() else 30.0)
    assert "traceback" not in process.stderr
