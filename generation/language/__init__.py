"""What is done with words before a prompt is encoded: translating them, and polishing them."""
