"""The front: everything that speaks HTTP to Prometheus and to people.

It knows no source, no configuration and no telemetry: `routes.Front` holds the functions it is given.
"""
