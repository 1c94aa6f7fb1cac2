"""Pages of reorganisations: thin; see service, editing, requests, decisions for what happens."""
