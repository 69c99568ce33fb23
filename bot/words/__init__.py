"""Words not wanted in a prompt: what may be drawn is judged before anything is queued."""
