"""FYERS, API v3. Facts and their sources are in docs/brokers/fyers.md."""
