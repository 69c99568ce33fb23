"""Super-resolution: a finished picture made larger by a network, tile by tile.

Networks are ESRGAN, its kin and its successors, as spandrel knows them by their weights' names.
"""

import sys
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, cast

import torch
from PIL import Image
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from generation import memory
from generation.aside import Aside, Later
from generation.decode import pixels
from generation.errors import BrokenUpscaler, OutOfMemory
from generation.zoo import upscaler as file

MARGIN = 16
"""Pixels around a tile that the network sees too: more than ten layers of 3×3 look at."""
TILE_CPU, TILE_CUDA = 96, 256
"""Side of a tile, pixels: on the CPU, where others wait for it, the embedded network is done with
one in about the time of a step."""
LEAST_TILE = 32
"""Where even such a one does not fit, the picture does not."""
WIDE = 3
"""Of the widest layer, how many are held at once: its input, its output, its activation."""
STAND_INS = ("torchvision", "torchvision.transforms", "torchvision.transforms.functional")

Tiles = Generator[Tensor, Tensor, Tensor]
"""Yields parts of a picture, is sent each as the network enlarges it, and returns the whole; all
(h, w, 3) uint8 on the CPU."""


@dataclass(frozen=True, slots=True)
class Network:
    """A network in memory."""

    descriptor: Any
    """spandrel's: (1, 3, h, w) from 0 to 1 in, the same larger by scale out."""
    floats: int
    """About what it holds at once, for each pixel that it is given."""

    @property
    def scale(self) -> int:
        """How much larger its pictures are: 2 or more."""
        return self.descriptor.scale

    @property
    def tiles(self) -> bool:
        """Whether parts of a picture come out as in the whole."""
        return self.descriptor.tiling is spandrel().ModelTiling.SUPPORTED

    def enlarge(self, rgb: Tensor) -> tuple[Tensor, Tensor]:
        """Return pixels (h · scale, w · scale, 3) uint8 of such, and whether all are numbers."""
        given = rgb.to(self.descriptor.device).permute(2, 0, 1)[None]
        larger = self.descriptor(given.to(self.descriptor.dtype) / 255)[0].float()
        return pixels(larger * 2 - 1), larger.isfinite().all()


class Upscaler:
    """Enlarges pictures by one network, which is loaded when it is first asked for."""

    def __init__(
        self, name: str, path: Path | None, *, device: torch.device, memory_mb: int = 0
    ) -> None:
        """Begin without loading anything.

        Args:
            name: What the operator calls it.
            path: Of its weights; None: there is none.
            device: Where it computes.
            memory_mb: What drawing may take, MiB; 0 is what the device has free.
        """
        self._name, self._path = name, path
        self._device, self._memory_mb = device, memory_mb
        self._network: Network | None = None
        self._tile_px = TILE_CUDA if device.type == "cuda" else TILE_CPU

    def load(self) -> Network:
        """Return the network.

        Raises:
            BrokenUpscaler: There is none, or it cannot be loaded.
        """
        if self._network is None:
            if self._path is None:
                raise BrokenUpscaler("没有放大用的网络")
            try:
                self._network = load(self._path, self._device)
            except BrokenUpscaler as error:
                raise BrokenUpscaler(f"放大用的 {self._name} 不能用：{error}") from error
        return self._network

    def begin(self, rgb: Tensor, by: int) -> "Enlargement":
        """Begin to enlarge a picture, (h, w, 3) uint8 on the CPU.

        Raises:
            BrokenUpscaler: The network cannot be loaded.
            OutOfMemory: Not even its smallest tile fits.
        """
        return Enlargement(self, rgb, by)

    def tile_px(self, height: int, width: int) -> int:
        """Return the side of the tiles of such a picture, by what fits now.

        Raises:
            OutOfMemory: Nothing does.
        """
        network, room = self.load(), memory.free(self._device, self._memory_mb)
        if not network.tiles:
            return max(height, width)
        side = self._tile_px
        each = network.floats * network.descriptor.dtype.itemsize
        while side > LEAST_TILE and each * (side + 2 * MARGIN) ** 2 > room:
            side //= 2
        if each * (side + 2 * MARGIN) ** 2 > room:
            raise OutOfMemory("内存不够，放大不了")
        return side

    def shrink(self) -> None:
        """Take smaller tiles from now on, as those of now did not fit.

        Raises:
            OutOfMemory: There are none.
        """
        if self._tile_px <= LEAST_TILE or not self.load().tiles:
            raise OutOfMemory("内存不够，放大不了")
        self._tile_px //= 2


class Enlargement:
    """One picture on its way to be larger."""

    def __init__(self, upscaler: Upscaler, rgb: Tensor, by: int) -> None:
        self._upscaler, self._rgb, self._by = upscaler, rgb, by
        self._later: Later | None = None
        self.picture: Tensor | None = None
        """The larger one, (h, w, 3) uint8, once it is whole."""
        self._restart()

    def advance(self, aside: Aside, *, wait: bool) -> bool:
        """Have one tile enlarged, and return whether it is; it may not be without waiting.

        Raises:
            BrokenUpscaler: The network gives what is no number.
            OutOfMemory: Not even the smallest tile fits.
        """
        later = self._later
        try:
            with memory.named():
                if later is None:
                    wanted, enlarge = self._wanted, self._upscaler.load().enlarge
                    later = self._later = aside.begin(lambda: enlarge(wanted))
                if not wait and not later.ready:
                    return False
                later.wait()
        except OutOfMemory:
            later = None
        self._later = None
        if later is None:  # not within except: there the error still holds what filled the memory
            self._upscaler.shrink()
            self._restart()
            return True
        larger, finite = later.values
        if not finite:
            raise BrokenUpscaler("放大算出来的不是数")
        self._give(larger)
        return True

    def _restart(self) -> None:
        height, width = self._rgb.shape[:2]
        self._tiles = tiles(
            self._rgb,
            scale=self._upscaler.load().scale,
            by=self._by,
            side=self._upscaler.tile_px(height, width),
        )
        self._wanted = next(self._tiles)

    def _give(self, larger: Tensor) -> None:
        try:
            self._wanted = self._tiles.send(larger)
        except StopIteration as end:
            self.picture = end.value


class _Span(NamedTuple):
    """A tile along one axis, pixels."""

    start: int
    """Of what it answers for."""
    end: int
    seen_start: int
    """Of what the network sees, the margins with it."""
    seen_end: int


def tiles(rgb: Tensor, *, scale: int, by: int, side: int) -> Tiles:
    """Enlarge a picture, (h, w, 3) uint8, with a network that is asked for one tile at a time.

    It is enlarged as often as it takes; what is then larger than asked for is reduced, by Lanczos'
    filter. Tiles overlap by margins, which are cut off, so that no seams are seen.

    Args:
        rgb: The picture.
        scale: Of the network, 2 or more.
        by: How much larger the picture is to be, 2 or more.
        side: Of a tile without its margins, pixels.
    """
    reached = 1
    while reached < by:
        after = min(reached * scale, by)
        rgb = yield from _pass(rgb, scale, Fraction(after, reached), side)
        reached = after
    return rgb


def _pass(rgb: Tensor, scale: int, by: Fraction, side: int) -> Tiles:
    """Enlarge by the network once, and reduce what is more than asked for."""
    height, width = rgb.shape[:2]
    side = max(1, side // by.denominator) * by.denominator  # tiles end on whole pixels of both
    larger = torch.empty(int(height * by), int(width * by), 3, dtype=torch.uint8)
    for down in _spans(height, side):
        for across in _spans(width, side):
            seen = rgb[down.seen_start : down.seen_end, across.seen_start : across.seen_end]
            given = yield seen
            rows, columns = (
                slice(int(span.start * by), int(span.end * by)) for span in (down, across)
            )
            larger[rows, columns] = _core(given, scale, by, down, across)
    return larger


def _spans(size: int, side: int) -> Iterator[_Span]:
    for start in range(0, size, side):
        end = min(start + side, size)
        yield _Span(start, end, max(0, start - MARGIN), min(size, end + MARGIN))


def _core(given: Tensor, scale: int, by: Fraction, down: _Span, across: _Span) -> Tensor:
    """Return what a tile answers for, reduced if it is larger than asked for."""
    top, bottom, left, right = (
        (px - span.seen_start) * scale
        for span, px in ((down, down.start), (down, down.end), (across, across.start),
                         (across, across.end))
    )  # fmt: skip
    if by == scale:
        return given[top:bottom, left:right]
    size = int((across.end - across.start) * by), int((down.end - down.start) * by)
    # the filter sees what is around the box too
    reduced = Image.fromarray(given.numpy()).resize(
        size, Image.Resampling.LANCZOS, box=(left, top, right, bottom)
    )
    return torch.frombuffer(bytearray(reduced.tobytes()), dtype=torch.uint8).view(*size[::-1], 3)


def load(path: Path, device: torch.device) -> Network:
    """Return the network of a safetensors file, in half precision where it and the device can.

    Raises:
        BrokenUpscaler: The file is missing, damaged or unsafe, or holds no such network.
    """
    if fault := file.fault(path):
        raise BrokenUpscaler(fault)
    try:
        library = spandrel()
    except ImportError as error:
        raise BrokenUpscaler("没有安装 spandrel：pip install --no-deps spandrel einops") from error
    try:
        found = library.MAIN_REGISTRY.load(cast("dict[str, Any]", load_file(path)))
    except library.UnsupportedModelError as error:
        raise BrokenUpscaler("认不出这是哪种网络") from error
    # what a detected network asks its weights for may not be there, or have other shapes
    except (SafetensorError, OSError, LookupError, ValueError, TypeError, AttributeError,
            ArithmeticError, AssertionError, RuntimeError) as error:  # fmt: skip
        raise BrokenUpscaler(f"权重读不出来：{str(error).partition(chr(10))[0][:200]}") from error
    if not isinstance(found, library.ImageModelDescriptor) or found.purpose != "SR":
        raise BrokenUpscaler(f"{found.architecture.name} 不是放大用的网络")
    if found.scale < 2 or (found.input_channels, found.output_channels) != (3, 3):  # noqa: PLR2004
        raise BrokenUpscaler("不是把彩色图放大 2 倍以上的网络")
    weights = dict(found.model.named_parameters())
    if odd := [name for name, value in weights.items() if not value.isfinite().all()]:
        raise BrokenUpscaler(f"有 {len(odd)} 组权重不是数，例如 {odd[0]}")
    found = found.to(device, _dtype(found, device)).eval()
    found.model.requires_grad_(requires_grad=False)
    return Network(found, _floats(weights.values(), found.scale))


def _dtype(found: Any, device: torch.device) -> torch.dtype:
    """Return float32 on the CPU; else fp16, as the eight bits of bf16 make bands of a sky."""
    if device.type == "cpu":
        return torch.float32
    if found.supports_half:
        return torch.float16
    return torch.bfloat16 if found.supports_bfloat16 else torch.float32


def _floats(weights: Any, scale: int) -> int:
    """Return about what a network holds for each pixel, the worst taken for granted.

    That is that its widest layer works on the enlarged picture, as the last ones of ESRGAN do.
    """
    widest = max(value.shape[0] for value in weights)
    return WIDE * widest * scale**2


def spandrel() -> ModuleType:
    """Return the library, imported without torchvision.

    Only its networks for faces and for holes use that, which enlarge nothing. It would take a
    second to import; and one that was built for another torch, as PyPI's is beside a torch for the
    CPU, keeps transformers from being imported at all, so that it had better not be installed.

    Raises:
        ImportError: It is not installed.
    """
    if "spandrel" not in sys.modules and STAND_INS[0] not in sys.modules:
        for name in STAND_INS:
            sys.modules[name] = ModuleType(name)
        wanted = ("InterpolationMode", "rotate", "normalize")
        vars(sys.modules[STAND_INS[-1]]).update(dict.fromkeys(wanted))
        try:
            import spandrel as library
        finally:
            for name in STAND_INS:
                del sys.modules[name]
        return library
    import spandrel as library

    return library
