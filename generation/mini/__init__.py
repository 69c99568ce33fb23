"""The embedded Chinese model: a StableDiffusionPipeline folder of a few megabytes."""

from pathlib import Path

FOLDER = Path(__file__).parent / "weights"
"""The diffusers folder: tokenizer, text_encoder, unet, vae, scheduler; safetensors only."""
