"""Both sides of a webhook, played for whoever writes the other one: a receiver to ask, and an exchange that asks."""
