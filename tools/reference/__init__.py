"""Writes the reference of the metrics from the code and from what people say of them."""
