"""The byte structure of picture files: segments, chunks, boxes, tag tables and packets. No pixels.

Neutral ground: ``decode`` finds metadata here and ``encode`` writes it back without what would show erased things.
"""
