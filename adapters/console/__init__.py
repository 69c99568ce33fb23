"""A terminal as a chat: a studio at a prompt, or lines through a pipe."""
