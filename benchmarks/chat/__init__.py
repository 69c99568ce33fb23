"""The studio on chat platforms, as it runs: the real program against a strict server."""
