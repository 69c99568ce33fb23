"""Requests of many users, all unlike, through diffusers and through our engine."""
