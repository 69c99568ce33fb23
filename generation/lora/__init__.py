"""LoRAs: their files, and rows that each wear their own. Formats and file are free of torch."""
