"""The market's hours from files: the data that Ordo ships, and an operator's override of it."""
