"""Tests that run real programs on loopback: Prometheus, promtool and the exporter as a process."""
