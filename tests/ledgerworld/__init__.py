"""A scripted world of meetings with its ground truth, and exporters in front of it that are killed."""
