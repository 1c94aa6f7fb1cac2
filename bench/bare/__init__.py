"""The peer of a page: a Django project of one view, one SELECT and one template, no middleware."""
