"""Plugins of the test run itself; they know pytest and nothing of the exporter."""
