"""Test a bot, or a broker adapter, against the real thing: gateways and emulators as pytest fixtures."""
