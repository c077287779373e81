"""The brokers. Each is a package with the same rooms, and none knows of another."""
