"""Blind voting: people choose between results without knowing whose they are."""
