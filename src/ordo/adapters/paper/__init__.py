"""A broker that lives here: a matching engine, an account and a generated market, for trading without money."""
