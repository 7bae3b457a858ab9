"""Selections as arrays: pure numpy and OpenCV functions, one idea a file.

Coordinates are continuous, as those of boxes: ``0,0`` is the outer corner of the first pixel, whose centre lies at
``0.5,0.5``. A pixel belongs to a shape when its centre does.
"""
