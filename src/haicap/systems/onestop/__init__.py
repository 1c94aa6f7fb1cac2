"""One-stop shop (một cửa): dossiers."""
