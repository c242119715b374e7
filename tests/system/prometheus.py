"""A real Prometheus server and what tests ask it over its HTTP API.

Knows the server's own API only; which configuration it runs is the test's business.
"""

from __future__ import annotations

import math
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import httpx

from tests.system.processes import Process, eventually, free_port, start

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


_NO_TLS: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Authorities that nobody asks for take longer to load than most queries."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One stored sample: its labels (`__name__` too), value and moment in Unix seconds."""

    labels: Mapping[str, str]
    value: float
    moment: float


@dataclass(frozen=True, slots=True)
class PrometheusServer:
    """A running server; its data lives in a folder of the test."""

    url: str
    process: Process

    def query(self, promql: str, *, moment: float | None = None) -> list[Sample]:
        """Return the instant vector of `promql`, now or at `moment` (Unix seconds)."""
        result = self.get("query", query=promql, **({} if moment is None else {"time": moment}))["result"]
        return [_sample(series["metric"], *series["value"]) for series in result]

    def stored(self, selector: str, *, within: str = "1h") -> list[Sample]:
        """Return every sample that was stored for `selector` in the last `within`; stale marks are none."""
        result = self.get("query", query=f"{selector}[{within}]")["result"]
        return [_sample(series["metric"], *point) for series in result for point in series.get("values", ())]

    def names(self) -> set[str]:
        """Return the names of all stored series."""
        return set(self.get("label/__name__/values"))

    def targets(self) -> list[dict[str, Any]]:
        """Return the active targets as the API shows them (`health`, `lastError`, …)."""
        return list(self.get("targets", state="active")["activeTargets"])

    def wait_for(self, promql: str, *, seconds: float = 60.0) -> list[Sample]:
        """Return the first answer to `promql` that is not empty."""
        return eventually(lambda: self.query(promql), what=f"{promql} has a result", seconds=seconds)

    def get(self, path: str, **parameters: Any) -> Any:
        """Return `data` of an API call below /api/v1."""
        return self.ask(path, **parameters)[0]["data"]

    def ask(self, path: str, **parameters: Any) -> tuple[dict[str, Any], float]:
        """Return the whole answer of an API call, `warnings` and `infos` too, and the seconds it took."""
        answer = httpx.get(
            f"{self.url}/api/v1/{path}", params=parameters, timeout=60.0, trust_env=False, verify=_NO_TLS
        )
        body: dict[str, Any] = answer.json()
        assert body["status"] == "success", (body, parameters)
        return body, answer.elapsed.total_seconds()


def start_prometheus(
    program: Path, config_yaml: str, *, folder: Path, flags: Sequence[str] = ()
) -> PrometheusServer:
    """Start `program` with that configuration on a free loopback port and wait until it is ready.

    Its storage is in `folder`, below `data`, where there may be blocks already.
    """
    folder.mkdir(exist_ok=True)
    config = folder / "prometheus.yml"
    config.write_text(config_yaml, encoding="utf-8")
    address = f"127.0.0.1:{free_port()}"
    command: list[str | Path] = [
        program,
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={address}",
        *flags,
    ]
    process = start(command, log=folder / "prometheus.log")
    try:
        process.wait_until_answers(f"http://{address}/-/ready")
    except BaseException:
        process.stop()
        raise
    return PrometheusServer(f"http://{address}", process)


def _sample(labels: Mapping[str, str], moment: float, value: str) -> Sample:
    return Sample(labels, math.nan if value == "NaN" else float(value), moment)
