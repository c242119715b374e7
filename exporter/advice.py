"""What to do about each reason, in a sentence or two: one table, for `check` and for the page for people.

Pure. A reason has one piece of advice; where a vendor, or one question to it, needs another, that goes first.
"""

from collections.abc import Mapping
from typing import Final

from exporter.model import Reason

ADVICE: Final[Mapping[Reason, str]] = {
    Reason.AUTH: "The credential is not accepted: compare it with the one that the vendor shows.",
    Reason.FORBIDDEN: "The credential is good and may not ask this: have the permission granted.",
    Reason.NOT_FOUND: "The server does not know this path: compare base_url with the vendor's documentation.",
    Reason.BAD_REQUEST: (
        "The vendor calls the question wrong. Does a proxy change it on its way? "
        "If not, please report it: the API may have changed."
    ),
    Reason.RATE_LIMITED: (
        "The vendor wants fewer questions: wait for the end of the pause, then scrape less often "
        "or raise collect.min_interval."
    ),
    Reason.SERVER_ERROR: "The vendor's own failure: look at its status page or log, and try again later.",
    Reason.CONNECT: (
        "No connection to base_url: check its host and port, the name service, firewalls, and http.proxy."
    ),
    Reason.TLS: (
        "No trusted connection: name a private authority by http.ca_file; "
        "check the host name in base_url, and this machine's clock."
    ),
    Reason.TIMEOUT: (
        "No answer in time: raise collect.timeout (and Prometheus's scrape_timeout), "
        "or find out why the vendor is slow."
    ),
    Reason.SCHEMA: (
        "Something other than the documented API answers. Does base_url lead to a page for people, "
        "or to a proxy's login? If not, please report it: the API may have changed."
    ),
    Reason.TOO_LARGE: "The answer is larger than collect.max_response_bytes: raise it.",
    Reason.PRESENCE_DISABLED: (
        "The server switched presence off, as it does with more than 200 connections and no licence: "
        "restart it, add a licence, or have an administrator switch presence on again."
    ),
    Reason.LEDGER: (
        "Ended meetings are not counted until the ledger's database can be used: check ledger.url, "
        "the server or the file's folder, the rights of this user there, and free space."
    ),
    Reason.UNEXPECTED_STATUS: (
        "A redirect, or a status that no rule covers. Redirects are not followed: "
        "base_url must be the final address, with https."
    ),
    Reason.INTERNAL: "A bug in this exporter: the log says where. Please report it with the version.",
}

BY_KIND: Final[Mapping[tuple[str, Reason], str]] = {
    ("daily", Reason.AUTH): (
        "The API key was deleted or mistyped: copy it again from the developers' page of Daily's dashboard."
    ),
    ("daily", Reason.FORBIDDEN): (
        "The API key is good and may not ask this: make one that may read the whole domain."
    ),
    ("daily", Reason.NOT_FOUND): (
        "base_url must end with the version of the API, as https://api.daily.co/v1 does."
    ),
    ("daily", Reason.RATE_LIMITED): (
        "Your own application shares Daily's limit of 20 requests a second with this exporter: wait for the "
        "end of the pause; where rooms are asked one by one, watch fewer or set presence: domain."
    ),
    ("rocketchat", Reason.AUTH): (
        "The token was revoked, the account was deactivated, or user id and token do not belong together: "
        "make a new personal access token, and copy both as the server shows them then."
    ),
    ("rocketchat", Reason.FORBIDDEN): (
        "The account may not ask this: have an administrator grant it the permission."
    ),
    ("rocketchat", Reason.NOT_FOUND): (
        "base_url must be the workspace's address as people open it, without /api/v1; "
        "or the server is too old for this question."
    ),
    ("rocketchat", Reason.RATE_LIMITED): (
        "The server allows 10 calls a minute for each address by default: wait for the end of the pause, "
        "then scrape less often, or give the account the permission api-bypass-rate-limit."
    ),
}

BY_QUESTION: Final[Mapping[tuple[str, str, Reason], str]] = {
    ("daily", "room", Reason.NOT_FOUND): (
        "The domain has no such room: it is mistyped in rooms.watch, or was deleted."
    ),
    ("daily", "room", Reason.BAD_REQUEST): (
        "Most likely the domain has no such room: it is mistyped in rooms.watch, or was deleted."
    ),
    ("daily", "room_presence", Reason.NOT_FOUND): (
        "The domain lacks a watched room: the line of each room tells which."
    ),
    ("rocketchat", "connections", Reason.FORBIDDEN): (
        "Only an account with the permission manage-user-status may ask this: use such a one, "
        "or set connections: false."
    ),
}


def advice(reason: Reason, *, kind: str, subject: str) -> str:
    """What to do; `subject` is what was asked, as `room frontdesk`, of a vendor of that kind."""
    question = subject.partition(" ")[0]
    return BY_QUESTION.get((kind, question, reason)) or BY_KIND.get((kind, reason)) or ADVICE[reason]
