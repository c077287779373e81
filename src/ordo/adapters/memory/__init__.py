"""Everything in this process alone: the reference implementation of the ports, and the small default."""
