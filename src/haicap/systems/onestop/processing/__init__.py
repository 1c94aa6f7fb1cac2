"""Xử lý hồ sơ theo quy trình: tasks opened, taken, handed over and completed along a route; see `service`."""
