"""Measurements: `make bench` runs every module here that has `rows(context)`; ratios within one run."""
