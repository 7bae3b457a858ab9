"""Losses, one idea a file; each returns a scalar tensor to be weighted and summed by a task."""
