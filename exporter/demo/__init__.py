"""A seeded little world that answers like Daily and like Rocket.Chat: an httpx transport without a network.

It speaks the vendors' wire alone and shares no type with the rest of the exporter, or a wrong name of a field
would agree with itself.
"""

from exporter.demo.chat_wire import CHAT, CHAT_URL
from exporter.demo.chat_world import CHAT_ON_CALL, CHAT_TOKEN, CHAT_USER_ID, ChatWorkspace
from exporter.demo.clock import Clock, accelerated
from exporter.demo.daily_wire import DAILY, DAILY_URL
from exporter.demo.daily_world import DAILY_KEY, DailyDomain
from exporter.demo.happenings import HAPPENINGS, changed_world, happens_at
from exporter.demo.moods import MOODS, Moods, home
from exporter.demo.sessions import Attendance, Meeting, Stay
from exporter.demo.telling import Telling, awkwardly, mildly, plainly
from exporter.demo.transport import DemoTransport, World

__all__ = [
    "CHAT",
    "CHAT_ON_CALL",
    "CHAT_TOKEN",
    "CHAT_URL",
    "CHAT_USER_ID",
    "DAILY",
    "DAILY_KEY",
    "DAILY_URL",
    "HAPPENINGS",
    "MOODS",
    "Attendance",
    "ChatWorkspace",
    "Clock",
    "DailyDomain",
    "DemoTransport",
    "Meeting",
    "Moods",
    "Stay",
    "Telling",
    "World",
    "accelerated",
    "awkwardly",
    "changed_world",
    "happens_at",
    "home",
    "mildly",
    "plainly",
]
