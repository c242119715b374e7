"""Who may ask: the web configuration file of Prometheus's exporters, with TLS, passwords and a rate limit.

From the bottom: `settings` are values, `names` Go's names for TLS; `readers`, `encryption` and `schema`
declare keys; `context` and `shown` make TLS of settings, `reading` both of a file; `renewal` notices when
one has changed. `passwords` and `bucket` decide; `shield` stands before the application, `door` before a
connection. None of it knows what is asked or answered. The format, and where we differ from the toolkit:
docs/web-config.md.
"""

from exporter.web.security.renewal import WebSecurity

__all__ = ["WebSecurity"]
