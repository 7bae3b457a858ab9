"""What stands between a request and the routes; one danger a file (see SECURITY.md)."""
