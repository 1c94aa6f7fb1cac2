"""Quy trình điện tử: how procedures are processed, step by step; what others may ask is in `service`."""
