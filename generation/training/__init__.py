"""Teaching a model what it does not know: LoRAs, new words, whole models."""
