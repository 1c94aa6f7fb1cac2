"""Floor 3: envelopes, transports, receipts."""
