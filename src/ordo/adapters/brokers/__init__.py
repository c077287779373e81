"""The brokers out there, one package each, all with the same rooms."""
