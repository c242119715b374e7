"""Puts what a rendered pod mounts into a folder, and gives the variables that its container has.

What is in Secrets of the user's is stood in for; nothing here judges.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import trustme

from tests.system.charts import of_kind, pods

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

STAND_IN = "stand-in"


@dataclass(frozen=True, slots=True)
class Mounted:
    """A folder that stands for the root of a container, and its variables."""

    root: Path
    env: dict[str, str]

    @property
    def etc(self) -> Path:
        """Where the configuration is."""
        return self.root / "etc" / "presence-exporter"


def mount(objects: Sequence[dict[str, Any]], root: Path, theirs: Mapping[str, str]) -> Mounted:
    """The exporter's container below `root`; `theirs` are the keys of the user's Secrets by `name/key`."""
    exporter = next(pod for pod in pods(objects) if pod["containers"][0]["name"] == "exporter")
    mounted = Mounted(root, {})
    for folder in (mounted.etc, root / "var/lib/presence-exporter", root / "mnt/secrets-store"):
        folder.mkdir(parents=True)
    for name in ("user-id", "token"):
        (root / "mnt/secrets-store" / name).write_text(STAND_IN, encoding="utf-8")
        (root / "mnt/secrets-store" / name).chmod(0o440)
    own = {
        (kind.lower(), one["metadata"]["name"]): one
        for kind in ("Secret", "ConfigMap")
        for one in of_kind(objects, kind)
    }
    for volume in exporter["volumes"]:
        for source in volume.get("projected", {}).get("sources", []):
            _write(source, mounted, own=own, theirs=theirs)
    for one in exporter["containers"][0]["env"]:
        text = one.get("value", STAND_IN)
        mounted.env[one["name"]] = text.replace("/etc/", f"{root}/etc/").replace("/mnt/", f"{root}/mnt/")
    return mounted


def _write(
    source: dict[str, Any],
    mounted: Mounted,
    *,
    own: Mapping[tuple[str, str], dict[str, Any]],
    theirs: Mapping[str, str],
) -> None:
    ((kind, what),) = source.items()
    for item in what["items"]:
        path = mounted.etc / item["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        found = own.get((kind.lower(), what["name"]))
        if found is None:
            text = theirs.get(f"{what['name']}/{item['key']}", STAND_IN)
        else:
            held = found["data"][item["key"]]
            text = base64.b64decode(held).decode() if kind == "secret" else held
        path.write_text(text.replace("/var/lib/", f"{mounted.root}/var/lib/"), encoding="utf-8")
        path.chmod(0o440)


def certificate() -> dict[str, str]:
    """A certificate and its key, under the keys that cert-manager gives them."""
    issued = trustme.CA().issue_cert("presence.example.org")
    return {
        "tls.crt": b"".join(blob.bytes() for blob in issued.cert_chain_pems).decode(),
        "tls.key": issued.private_key_pem.bytes().decode(),
    }
