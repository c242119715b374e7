"""`backfill`: ended meetings of the past for Prometheus; `command` is where it begins."""
