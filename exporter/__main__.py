"""`python -m exporter` is the command `presence-exporter`; knows nothing else."""

from exporter.cli import main

main()
