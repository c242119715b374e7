"""The tests of the exporter: one file per module, the command's end to end, and real programs in `system`."""
