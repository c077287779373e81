"""The HTTP door: Litestar, and nothing that an order depends on but the way in and out."""
