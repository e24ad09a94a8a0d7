"""What must outlive the server, on disk."""
