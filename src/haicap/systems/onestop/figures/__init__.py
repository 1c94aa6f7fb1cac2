"""Số liệu một cửa: what came, what ended, on time or late; counted by day in the background, read in one query."""
