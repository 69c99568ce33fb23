"""The embedded Chinese model: a StableDiffusionPipeline folder, and its styles."""

from pathlib import Path

FOLDER = Path(__file__).parent / "weights"
"""The diffusers folder: tokenizer, text_encoder, unet, vae, scheduler; safetensors only."""

UPSCALER = Path(__file__).parent / "upscale" / "x4.safetensors"
"""The super-resolution network, made by generation.mini.upscaler."""

STYLES = Path(__file__).parent / "styles"
"""A LoRA of each style, 水墨.safetensors and so on, made by the trainer."""


def styles(folder: Path = STYLES) -> dict[str, Path]:
    """Return the LoRA of each style by its name."""
    return {path.stem: path for path in sorted(folder.glob("*.safetensors"))}
