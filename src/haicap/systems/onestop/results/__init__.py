"""Kết quả giải quyết: prepared, signed, sealed, issued; kept so that nobody is asked twice; checked by anybody."""
