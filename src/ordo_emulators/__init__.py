"""Broker emulators on loopback sockets: a second reading of the documents of each broker."""
