"""The settings of a gateway: environment first, then a TOML file, then small defaults."""
