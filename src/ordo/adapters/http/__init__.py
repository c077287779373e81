"""The one door to the brokers' hosts."""
