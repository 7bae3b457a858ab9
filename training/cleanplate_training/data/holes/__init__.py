"""Irregular holes for inpainting: one kind a file, joined by ``generator``."""
