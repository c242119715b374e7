"""What every dashboard has to keep: rules that read its JSON as Grafana does, and their exceptions."""
