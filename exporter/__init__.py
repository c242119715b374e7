"""The version of the exporter, which the packaging reads from here; imports nothing."""

__version__ = "0.1.0"
