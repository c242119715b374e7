"""The dashboards: what makes them, and what Grafana is given. Nothing of the exporter is imported here."""
