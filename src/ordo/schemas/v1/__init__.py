"""API v1: what a caller sends and sees. A breaking change to anything here is a v2."""
