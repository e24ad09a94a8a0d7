"""Plain extensions.conf: read, and walked in thought from each number, branch by branch, into routes."""
