"""The floor of many sources: the bare request of each, by a client of its own, all at once."""

import asyncio
import sys

import httpx

URL, SOURCES = sys.argv[1], int(sys.argv[2])


async def _ask(client: httpx.AsyncClient) -> int:
    return len((await client.get(URL, headers={"Authorization": "Bearer key"})).content)


async def _main() -> None:
    context = httpx.create_ssl_context()
    limits = httpx.Limits(max_connections=10, max_keepalive_connections=10)
    timeout = httpx.Timeout(None, connect=3.0)
    clients = [
        httpx.AsyncClient(verify=context, trust_env=False, limits=limits, timeout=timeout)
        for _ in range(SOURCES)
    ]
    for _ in sys.stdin:
        print(sum(await asyncio.gather(*map(_ask, clients))), flush=True)


asyncio.run(_main())
