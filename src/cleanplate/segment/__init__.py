"""RGB to masks."""
