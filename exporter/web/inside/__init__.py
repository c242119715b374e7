"""What the exporter shows of its inside: the configuration in force, and what the last collections did.

`telling` says in a sentence what a step or an answer was, `shape` is the JSON, `page` fills the template. It
asks nobody, and whatever is shown was made for showing: it knows no settings and no secret.
"""

from exporter.web.inside.pages import Inside

__all__ = ["Inside"]
