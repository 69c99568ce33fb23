"""Latents and text embeddings on disk, made when they are first needed.

One safetensors file each, named for all that decides its content, with a checksum; one that is
broken is made anew.
"""

import logging
import os
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from generation.errors import BadData
from generation.training.bucket import Bucket, Crop, Place, cut, place
from generation.training.checkpoint import write_whole
from generation.training.dataset import Sample
from generation.training.errors import NotSaved

log = logging.getLogger(__name__)

_FORM = "1"
"""Changes when what is in the files does."""
_CHUNK = 1 << 20


class Cache:
    """What the frozen parts of a model make of the data, each once."""

    def __init__(
        self,
        folder: Path,
        *,
        encode: Callable[[Tensor], tuple[Tensor, Tensor]],
        embed: Callable[[str], Tensor],
        vae_digest: str,
        text_digest: str,
        dtype: torch.dtype = torch.float32,
        crop: Crop = "center",
    ) -> None:
        """Read and write in a folder, which several trainings may share.

        Args:
            folder: Is made when something is first kept.
            encode: Gives mean and deviation, (1, C, H, W) each, of the VAE's posterior for an
                image (1, 3, h, w) float32 on the CPU, -1 to 1.
            embed: Gives the text encoder's features (N, D) for a caption.
            vae_digest: Of the VAE's weights, as weights_digest gives it.
            text_digest: Of the text encoder's weights and its tokenizer's files.
            dtype: In which both work.
            crop: Whether the middle of each picture is learned, or a part that is drawn by chance
                from the picture's digest, the same in each training.
        """
        self._folder = folder
        self._encode = encode
        self._embed = embed
        self._vae = (vae_digest, str(dtype))
        self._text = (text_digest, str(dtype))
        self._crop: Crop = crop

    def place(self, sample: Sample, bucket: Bucket) -> Place:
        """Return which part of a picture is learned."""
        rng = np.random.default_rng(int(sample.digest, 16))
        return place((sample.width, sample.height), bucket, crop=self._crop, rng=rng)

    def latent(self, sample: Sample, bucket: Bucket, *, flip: bool) -> tuple[Tensor, Tensor]:
        """Return mean and deviation, (C, H, W) float32 on the CPU, of a picture's latent.

        Args:
            sample: The picture.
            bucket: The size it is learned at.
            flip: Left and right changed.

        Raises:
            BadData: The picture has changed since it was read, or its latent is not finite.
            NotSaved: The disk does not take it.
        """
        spot = self.place(sample, bucket)
        key = _key("latent", *self._vae, sample.digest, str(spot), str(flip))

        def make() -> dict[str, Tensor]:
            with torch.no_grad():
                mean, std = self._encode(_tensor(cut(sample.open(), spot), flip=flip))
            tensors = {"mean": mean.float().cpu().squeeze(0), "std": std.float().cpu().squeeze(0)}
            return _finite(tensors, f"图片 {sample.name} 的潜变量")

        tensors = self._kept("latent", key, make)
        return tensors["mean"], tensors["std"]

    def text(self, caption: str) -> Tensor:
        """Return the features (N, D) of a caption, on the CPU, as the text encoder gives them.

        Raises:
            BadData: They are not finite.
            NotSaved: The disk does not take them.
        """

        def make() -> dict[str, Tensor]:
            with torch.no_grad():
                features = self._embed(caption).cpu()
            return _finite({"features": features}, f"“{caption[:40]}”的文字特征")

        return self._kept("text", _key("text", *self._text, caption), make)["features"]

    def _kept(
        self, kind: str, key: str, make: Callable[[], dict[str, Tensor]]
    ) -> dict[str, Tensor]:
        path = self._folder / kind / key[:2] / f"{key}.safetensors"
        found = _load(path, key)
        if found is None:
            found = {name: tensor.contiguous() for name, tensor in make().items()}
            _save(path, key, found)
        return found


def weights_digest(folder: Path) -> str:
    """Return the SHA-256 of the files of a part of a model: weights, configuration, tokenizer.

    Raises:
        OSError: One cannot be read.
    """
    digest = sha256()
    for path in sorted(path for path in folder.iterdir() if path.is_file()):
        digest.update(f"{path.name} {path.stat().st_size} ".encode())
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    return digest.hexdigest()


def _key(*parts: str) -> str:
    framed = "".join(f"{len(part)}:{part}" for part in (_FORM, *parts))
    return sha256(framed.encode()).hexdigest()


def _tensor(picture: Image.Image, *, flip: bool) -> Tensor:
    """Return an image (1, 3, h, w) float32, -1 to 1."""
    levels = np.array(ImageOps.mirror(picture) if flip else picture)  # (h, w, 3) uint8
    return torch.from_numpy(levels).permute(2, 0, 1)[None].float() / 127.5 - 1


def _finite(tensors: dict[str, Tensor], what: str) -> dict[str, Tensor]:
    if all(bool(torch.isfinite(tensor).all()) for tensor in tensors.values()):
        return tensors
    raise BadData(f"{what}算出了无穷大或非数，多半是半精度不够，请用 float32 编码")


def _load(path: Path, key: str) -> dict[str, Tensor] | None:
    """Return what a file holds, or None if there is none or it is broken."""
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        log.warning("%s cannot be read and is made anew: %s", path.name, error)
        return None
    if metadata != {"key": key, "sum": _sum(tensors)}:
        log.warning("%s is damaged and is made anew", path.name)
        return None
    return tensors


def _save(path: Path, key: str, tensors: dict[str, Tensor]) -> None:
    metadata = {"key": key, "sum": _sum(tensors)}
    try:
        _sweep(path)
        # save_file writes a file of its own beside, and a kill would leave it there for ever
        write_whole(path, lambda beside: beside.write_bytes(save(tensors, metadata)))
    except OSError as error:
        path.with_name(f".{path.name}.{os.getpid()}").unlink(missing_ok=True)
        raise NotSaved(
            f"缓存写不进 {path.parent}（{error}），请腾出空间或换一个文件夹，已写的缓存还能用"
        ) from error


def _sweep(path: Path) -> None:
    """Remove what killed processes left of a file."""
    for leaving in path.parent.glob(f".{path.name}.*"):
        try:
            os.kill(int(leaving.suffix[1:]), 0)
        except ProcessLookupError:
            leaving.unlink(missing_ok=True)
        except PermissionError:  # somebody else's, and alive
            pass


def _sum(tensors: Mapping[str, Tensor]) -> str:
    digest = sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {list(tensor.shape)} ".encode())
        digest.update(tensor.contiguous().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
