"""A real Prometheus scrapes over TLS, with certificate and password, while every certificate is replaced."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import bcrypt
import pytest
import trustme

from tests.kit.secured import REFUSED, ask_at, basic
from tests.system.conftest import OURS
from tests.system.processes import Process, eventually, free_port, start

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.system.conftest import StartPrometheus
    from tests.system.prometheus import PrometheusServer

pytestmark = pytest.mark.system

PASSWORD: Final = "made-up"

WEB: Final = """
tls_server_config:
  cert_file: server.crt
  key_file: server.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: clients.pem
basic_auth_users:
  prometheus: {hashed}
"""

SCRAPE: Final = """
global: {{scrape_interval: 3s, scrape_timeout: 3s}}
scrape_configs:
  - job_name: presence
    scheme: https
    tls_config:
      ca_file: {folder}/servers.pem
      cert_file: {folder}/prometheus.pem
      key_file: {folder}/prometheus.pem
    basic_auth: {{username: prometheus, password: {password}}}
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""


@dataclass(frozen=True, slots=True)
class Site:
    """An exporter behind a web configuration file, and the folder of its certificates."""

    folder: Path
    port: int
    process: Process

    def status(self, client: trustme.LeafCert, *, of: trustme.CA, authorization: str | None = None) -> str:
        """What a client with that certificate is answered, who believes servers of that authority alone."""
        context = ssl.create_default_context()
        context.check_hostname = False
        of.configure_trust(context)
        client.configure_cert(context)
        return str(ask_at(self.port, tls=context, authorization=authorization).status)


def put(file: Path, *blobs: trustme.Blob) -> None:
    """Replace a file in one step."""
    draft = file.with_suffix(".new")
    draft.write_bytes(b"".join(blob.bytes() for blob in blobs))
    draft.replace(file)


@pytest.fixture
def servers() -> trustme.CA:
    """The authority of servers' certificates."""
    return trustme.CA()


@pytest.fixture
def clients() -> trustme.CA:
    """The authority of clients' certificates, before it is replaced."""
    return trustme.CA()


@pytest.fixture
def site(tmp_path: Path, servers: trustme.CA, clients: trustme.CA) -> Iterator[Site]:
    """The demo behind a web configuration file."""
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(10)).decode()
    (tmp_path / "web.yml").write_text(WEB.format(hashed=hashed))
    issued = servers.issue_cert("127.0.0.1")
    put(tmp_path / "server.crt", *issued.cert_chain_pems)
    put(tmp_path / "server.key", issued.private_key_pem)
    put(tmp_path / "clients.pem", clients.cert_pem)
    put(tmp_path / "servers.pem", servers.cert_pem)
    port = free_port()
    command = [sys.executable, "-m", "exporter", "--demo", "--web.listen-address", f"127.0.0.1:{port}"]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    with ExitStack() as stack:
        process = start(
            [*command, "--web.config.file", tmp_path / "web.yml"],
            log=tmp_path / "exporter.log",
            env=inherited,
        )
        stack.callback(process.stop)
        eventually(lambda: "event=listening" in process.stderr, what="the exporter listens", seconds=60)
        yield Site(tmp_path, port, process)


def test_prometheus_misses_no_scrape_while_all_certificates_are_replaced(
    site: Site, prometheus_server: StartPrometheus, servers: trustme.CA, clients: trustme.CA
) -> None:
    """The server's own, with its key a moment late; the clients' authority, by way of both; Prometheus's."""
    old, successors = clients.issue_cert("prometheus@example.org"), trustme.CA()
    put(site.folder / "prometheus.pem", old.private_key_and_cert_chain_pem)
    # The first of all takes longest: a password is compared, and everything is done for the first time.
    assert site.status(old, of=servers, authorization=basic("prometheus", PASSWORD)) == "200"
    config = SCRAPE.format(folder=site.folder, port=site.port, password=PASSWORD)
    prometheus = prometheus_server(config)
    _must_be_scraped(prometheus, more=1)
    _replace_the_servers_certificate(site, servers, client=old)
    put(site.folder / "clients.pem", clients.cert_pem, successors.cert_pem)
    new = successors.issue_cert("prometheus@example.org")
    # Prometheus makes new connections once its own certificate has changed.
    put(site.folder / "prometheus.pem", new.private_key_and_cert_chain_pem)
    _must_be_scraped(prometheus, more=2)
    put(site.folder / "clients.pem", successors.cert_pem)
    authorization = basic("prometheus", PASSWORD)
    assert site.status(new, of=servers, authorization=authorization) == "200"
    assert site.status(new, of=servers) == "401"
    assert site.status(old, of=servers, authorization=authorization) == REFUSED
    _must_be_scraped(prometheus, more=1)
    assert {sample.value for sample in prometheus.stored("up")} == {1.0}
    assert PASSWORD not in site.process.stderr


def test_a_health_check_shows_the_certificate_that_it_is_given(site: Site, clients: trustme.CA) -> None:
    """Without one it is not healthy, and a password is not asked for."""
    file = site.folder / "healthcheck.pem"
    put(file, clients.issue_cert("healthcheck@example.org").private_key_and_cert_chain_pem)
    command = [sys.executable, "-m", "exporter", "healthcheck"]
    command += ["--web.listen-address", f"127.0.0.1:{site.port}"]
    with_it = subprocess.run(
        [*command, "--client-cert", str(file)], capture_output=True, text=True, timeout=60, check=False
    )
    without = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (with_it.returncode, with_it.stderr) == (0, "")
    assert with_it.stdout == f"https://127.0.0.1:{site.port}/-/healthy: healthy\n"
    assert (without.returncode, without.stdout) == (1, "")


def _must_be_scraped(prometheus: PrometheusServer, *, more: int) -> None:
    """Wait until so many more scrapes are stored."""
    wanted = len(prometheus.stored("up")) + more

    def enough() -> bool:
        return len(prometheus.stored("up")) >= wanted

    eventually(enough, what=f"{more} more scrapes", seconds=60)


def _replace_the_servers_certificate(site: Site, servers: trustme.CA, *, client: trustme.LeafCert) -> None:
    issued = servers.issue_cert("127.0.0.1")
    put(site.folder / "server.crt", *issued.cert_chain_pems)
    # Whoever connects now has the files looked at: the old pair stays in force.
    assert site.status(client, of=servers) == "401"
    assert site.process.stderr.count("the old one stays") == 1
    put(site.folder / "server.key", issued.private_key_pem)
    assert site.status(client, of=servers) == "401"
    assert site.process.stderr.count("was read again") == 1
