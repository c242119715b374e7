"""The vendors, a file each: their wire shapes, paging and quirks, turned into the values of `model`.

Sources do not know each other, nor Prometheus, nor when they are asked.
"""
