"""The engine: carries a province through a reorganisation in one transaction, or through all of it but the commit."""
