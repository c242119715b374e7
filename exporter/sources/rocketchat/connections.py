"""How near the server is to switching presence off: `GET /api/v1/presence.getConnections`.

Only an administrator's account may ask.
"""

from exporter.fetch import Fetcher, Question
from exporter.model import Collector, Deadline, Partial, ServerConnections
from exporter.sources.rocketchat import wire


class ConnectionsCollector(Collector):
    """Open connections and their limit."""

    name = "connections"
    endpoint = "/api/v1/presence.getConnections"

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher

    async def collect(self, deadline: Deadline) -> Partial:
        """Ask for both numbers."""
        question = Question(self.endpoint, self.endpoint, scope=self.endpoint)
        reply = await self._fetcher.get(question, lambda body, _: wire.connections(body), deadline=deadline)
        return Partial(ServerConnections(*reply.value))
