"""Arrays to files: metadata kept, atomic writes."""
