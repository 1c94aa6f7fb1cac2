"""Personal data: who read whose, and what becomes of requests about the own data."""
