"""Tests of the country."""
