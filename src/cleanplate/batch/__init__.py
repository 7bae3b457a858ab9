"""Assignments, planner, manifest and executors for many pictures."""
