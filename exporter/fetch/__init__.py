"""One JSON request to a vendor: attempts inside the deadline, pauses, size, decoding, our errors.

`vendor` has the values, `fetcher` sends, `patience` decides on another attempt, `faults` turns foreign
exceptions into ours. None of it knows a vendor's paths or what an answer means.
"""

from exporter.fetch.fetcher import Fetcher
from exporter.fetch.vendor import Account, Credential, Decode, Question, Reply, Vendor

__all__ = ["Account", "Credential", "Decode", "Fetcher", "Question", "Reply", "Vendor"]
