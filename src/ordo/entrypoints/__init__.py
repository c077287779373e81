"""How the outside gets in: over HTTP, from the command line, or from another Python program."""
