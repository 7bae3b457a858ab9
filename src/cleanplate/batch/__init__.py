"""Planner, manifest and executors for many pictures."""
