"""`simulate`: the simulated vendors as a real HTTP server, with named ways to fail."""
