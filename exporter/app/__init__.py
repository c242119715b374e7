"""Where everything meets: configuration, network and clock become an application."""

from exporter.app.assembly import Application, build
from exporter.app.network import Surroundings, build_fetcher

__all__ = ["Application", "Surroundings", "build", "build_fetcher"]
