"""Catalog records and the store of weights."""
