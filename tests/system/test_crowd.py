"""A real exporter in a crowd of bad clients: scrapes are answered as if nobody else were there."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import contextmanager
from dataclasses import dataclass
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

MEGABYTE: Final = 2**20


@dataclass(frozen=True, slots=True)
class Exporter:
    """A process that serves the demo, at this URL; `tls` is what its clients need."""

    process: Process
    port: int
    tls: ssl.SSLContext | None

    @property
    def url(self) -> str:
        """Where it is asked."""
        return f"{'http' if self.tls is None else 'https'}://127.0.0.1:{self.port}"

    @property
    def resident(self) -> int:
        """Bytes in memory."""
        pages = Path(f"/proc/{self.process.popen.pid}/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * 4096


@contextmanager
def serving(folder: Path, *, encrypted: bool) -> Iterator[Exporter]:
    """The demo, which ends in order however many are there."""
    port = free_port()
    flags = ["--demo", "--web.listen-address", f"127.0.0.1:{port}"]
    if encrypted:
        issued = trustme.CA().issue_cert("localhost")
        issued.private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))
        (folder / "web.yml").write_text(WEB, encoding="utf-8")
        flags += ["--web.config.file", "web.yml"]
    process = start_process(*flags, folder=folder)
    try:
        yield Exporter(process, port, plain_context() if encrypted else None)
    finally:
        code = process.stop()
    assert code == 0


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
    exporter: Exporter, sizes: Sizes, *, scrapes: int
) -> tuple[list[float], Crowd, int]:
    """The seconds of each scrape, what the crowd saw, and by how many bytes the exporter grew at most."""
    verify = True if exporter.tls is None else exporter.tls
    async with httpx.AsyncClient(
        base_url=exporter.url, verify=verify, trust_env=False, timeout=PATIENCE
    ) as client:
        await until_answered(client)
        for _ in range(3):
            await scraped(client)
        before, most, seconds = exporter.resident, 0, []
        async with crowd(exporter.port, exporter.tls, sizes=sizes) as everybody:
            async with asyncio.timeout(PATIENCE):
                await everybody.complete.wait()
            for _ in range(scrapes):
                seconds.append(await scraped(client))
                assert (await client.get("/-/healthy")).status_code == 200
                most = max(most, exporter.resident - before)
                await asyncio.sleep(1.0)
    return seconds, everybody, most


@pytest.mark.parametrize("encrypted, megabytes", [(False, 50), (True, 100)])
def test_a_crowd_of_bad_clients_delays_no_scrape(tmp_path: Path, encrypted: bool, megabytes: int) -> None:
    """Idle ones, senders of a byte a second, handshakes that never begin, and one that reads nothing.

    In full, 100 scrapes each answer within a second; slow senders are closed within 12 s.
    """
    sizes = FULL if soaking() else SAMPLE
    scrapes = campaign(sample=12, full=100)
    with serving(tmp_path, encrypted=encrypted) as exporter:
        seconds, everybody, grown = asyncio.run(scraped_in_a_crowd(exporter, sizes, scrapes=scrapes))
        assert "traceback" not in exporter.process.stderr
    assert len(seconds) == scrapes
    assert grown < megabytes * MEGABYTE
    assert len(everybody.slow_seconds) >= sizes.slow / 2
    assert max(seconds) < (1.0 if soaking() else PATIENCE), sorted(seconds)[-5:]
    assert max(everybody.slow_seconds) < (12.0 if soaking() else PATIENCE)
