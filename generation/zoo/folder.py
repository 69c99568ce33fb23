"""A model on disk, in the layout of StableDiffusionPipeline; free of torch.

What can be known without loading the weights is known here, so that the chat process can list its
models and `danqing check` can name what is wrong with one.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from generation.errors import BrokenModel
from generation.zoo import header
from generation.zoo.noising import Noising

WEIGHTS = {
    "text_encoder": "model",
    "unet": "diffusion_pytorch_model",
    "vae": "diffusion_pytorch_model",
}
"""Stem of the weight file in each part that has one."""


class _Index(msgspec.Struct):
    """model_index.json: the allow-list of what is loaded."""

    tokenizer: tuple[
        Literal["transformers"],
        Literal["BertTokenizer", "BertTokenizerFast", "CLIPTokenizer", "CLIPTokenizerFast"],
    ]
    text_encoder: tuple[Literal["transformers"], Literal["BertModel", "CLIPTextModel"]]
    unet: tuple[Literal["diffusers"], Literal["UNet2DConditionModel"]]
    vae: tuple[Literal["diffusers"], Literal["AutoencoderKL"]]


class _Unet(msgspec.Struct):
    in_channels: int
    sample_size: int | tuple[int, int]
    block_out_channels: list[int]
    out_channels: int = 4
    addition_embed_type: Literal["text"] | None = None
    """text_time is SDXL, whose extra inputs we do not make."""
    class_embed_type: None = None
    time_cond_proj_dim: None = None
    """Set in models that take guidance as an input."""


class _Vae(msgspec.Struct):
    block_out_channels: list[int]
    latent_channels: int = 4
    scaling_factor: float = 0.18215


class _TextEncoder(msgspec.Struct):
    max_position_embeddings: int = 77


class _Tokenizer(msgspec.Struct):
    model_max_length: float = float("inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """What is known of a model without loading it."""

    path: Path
    tokenizer: str
    """Class name, as are the next."""
    text_encoder: str
    noising: Noising
    native_px: int
    """Side of the pictures it was trained on."""
    multiple_px: int
    """What width and height must be multiples of."""
    latent_px: int
    """Pixels on a side that one latent stands for."""
    latent_channels: int
    inpaint: bool
    """Whether the UNet also sees a mask and the latents of what is kept of the source."""
    latent_scale: float
    """What the VAE's latents are multiplied by for the UNet."""
    tokens: int
    """Length of one chunk of a prompt, its two marks included."""
    size_bytes: int
    """Of its weights on disk."""


Config = TypeVar("Config", bound=msgspec.Struct)


def read(path: Path) -> Folder:
    """Return what the folder holds.

    Raises:
        BrokenModel: It cannot be loaded; the words name each fault.
    """
    if found := faults(path):
        raise BrokenModel(f"模型 {path.name} 不能用：" + "；".join(found))
    index = _config(path / "model_index.json", _Index)
    unet = _config(path / "unet/config.json", _Unet)
    vae = _config(path / "vae/config.json", _Vae)
    text = _config(path / "text_encoder/config.json", _TextEncoder)
    words = _config(path / "tokenizer/tokenizer_config.json", _Tokenizer)
    latent_px = 2 ** (len(vae.block_out_channels) - 1)
    side = unet.sample_size if isinstance(unet.sample_size, int) else unet.sample_size[0]
    return Folder(
        path=path,
        tokenizer=index.tokenizer[1].removesuffix("Fast"),
        text_encoder=index.text_encoder[1],
        noising=_config(path / "scheduler/scheduler_config.json", Noising),
        native_px=side * latent_px,
        multiple_px=latent_px * 2 ** (len(unet.block_out_channels) - 1),
        latent_px=latent_px,
        latent_channels=vae.latent_channels,
        inpaint=unet.in_channels == _inpaint_channels(vae),
        latent_scale=vae.scaling_factor,
        tokens=int(min(words.model_max_length, text.max_position_embeddings)),
        size_bytes=sum(_weights(path, part).stat().st_size for part in WEIGHTS),
    )


def faults(path: Path) -> list[str]:
    """Return what keeps the folder from being loaded, one line each; [] when it looks whole."""
    if not path.is_dir():
        return ["没有这个文件夹"]
    found = [
        _config_fault(path, name, kind)
        for name, kind in (
            ("model_index.json", _Index),
            ("unet/config.json", _Unet),
            ("vae/config.json", _Vae),
            ("text_encoder/config.json", _TextEncoder),
            ("tokenizer/tokenizer_config.json", _Tokenizer),
            ("scheduler/scheduler_config.json", Noising),
        )
    ]
    if not any(found):
        found.append(_channels_fault(path))
    found += [_weights_fault(path, part) for part in WEIGHTS]
    found.append(_words_fault(path / "tokenizer"))
    return [fault for fault in found if fault]


def _config(file: Path, kind: type[Config]) -> Config:
    return msgspec.json.decode(file.read_bytes(), type=kind)


def _config_fault(path: Path, name: str, kind: type[msgspec.Struct]) -> str | None:
    try:
        config = _config(path / name, kind)
    except OSError:
        return f"{name} 缺失或读不出"
    except msgspec.ValidationError as error:
        return f"{name} 里有不支持的内容（{error}）"
    except (msgspec.DecodeError, UnicodeDecodeError):
        return f"{name} 不是完整的 JSON"
    if isinstance(config, Noising) and not config.drawable:
        return f"{name} 自相矛盾：从纯噪声（rescale_betas_zero_snr）起步的模型只能预测 v_prediction"
    return None


def _inpaint_channels(vae: _Vae) -> int:
    """Return what an inpainting UNet takes in: latents, a mask, and latents of the kept part."""
    return 2 * vae.latent_channels + 1


def _channels_fault(path: Path) -> str | None:
    """Name the channels of the UNet that do not fit the VAE; both configurations are whole."""
    unet = _config(path / "unet/config.json", _Unet)
    vae = _config(path / "vae/config.json", _Vae)
    taken = (vae.latent_channels, _inpaint_channels(vae))
    if unet.in_channels not in taken:
        return f"unet 的 in_channels 是 {unet.in_channels}，配这个 vae 要 {taken[0]} 或 {taken[1]}"
    if unet.out_channels != vae.latent_channels:
        return f"unet 的 out_channels 是 {unet.out_channels}，配这个 vae 要 {taken[0]}"
    return None


def _weights(path: Path, part: str) -> Path:
    return path / part / f"{WEIGHTS[part]}.safetensors"


def _weights_fault(path: Path, part: str) -> str | None:
    file = _weights(path, part)
    if file.is_file():
        fault = header.fault(file)
        return fault and f"{part}/{file.name} {fault}"
    if any((path / part).glob("*.bin")):
        return f"{part} 只有 .bin 权重；.bin 能执行代码，请先用 danqing model convert 转换"
    return f"{part}/{file.name} 缺失"


def _words_fault(folder: Path) -> str | None:
    if any((folder / name).is_file() for name in ("tokenizer.json", "vocab.txt", "vocab.json")):
        return None
    return "tokenizer 里没有词表"
