"""The use cases: what a trader can do, told in the domain's words and carried out through ports."""
