"""The exporter's collection alone, in a process of its own, for what a page over HTTP cannot tell apart.

For the line `contexts` it prints how many TLS contexts there are; for any other it asks all sources of a
configuration file once, and prints how many were up.
"""

import asyncio
import gc
import ssl
import sys
from pathlib import Path

from exporter import log
from exporter.app import build
from exporter.commands.serve import settle
from exporter.config import load_file
from exporter.telemetry import BuildInfo
from exporter.web.routes import WebSettings


async def main() -> None:
    """Build the application as the command does, and work."""
    log.set_up("error", "logfmt")
    config = load_file(Path(sys.argv[1]), {}).config
    application = build(config, build_info=BuildInfo("", "", ""), web=WebSettings())
    settle()
    loop = asyncio.get_running_loop()
    for line in sys.stdin:
        if line == "contexts\n":
            gc.unfreeze()
            answer = sum(isinstance(each, ssl.SSLContext) for each in gc.get_objects())
        else:
            snapshot = await application.collection.pull(loop.time() + config.collect.timeout)
            answer = sum(bool(source.up) for source in snapshot.sources)
        print(answer, flush=True)


asyncio.run(main())
