"""Plans out of what other exchanges keep, and a list of what could not be carried over."""
