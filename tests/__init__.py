"""Tests of the house itself: what holds for every floor."""
