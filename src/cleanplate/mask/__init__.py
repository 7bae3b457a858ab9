"""Selections as masks, pure array work."""
