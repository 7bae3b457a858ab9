"""RGB and mask to RGB."""
