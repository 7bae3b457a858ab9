"""File or bytes to arrays."""
