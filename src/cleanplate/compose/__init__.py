"""Seams, blends, overlays."""
