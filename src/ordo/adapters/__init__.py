"""The outside words: what speaks to brokers, stores and the network on behalf of the ports."""
