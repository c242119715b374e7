"""Measures the exporter against the floor: speed, memory and start, each in processes of its own."""
