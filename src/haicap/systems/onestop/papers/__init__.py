"""Giấy tờ một cửa: forms 01 to 07 of TT 03/2025/TT-VPCP (appendix I), issued, kept word for word and printed."""
