"""Counters: numbers drawn, people called, times booked; nobody is left out and nobody is called twice."""
