"""Mail: kept on disk until a mail server has taken it."""
