"""A Discord for tests: its HTTP API and its gateway, and people."""
