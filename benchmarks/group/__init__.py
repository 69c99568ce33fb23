"""Group sessions under load and under kill -9."""
