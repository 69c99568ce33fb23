"""Memory: what a picture needs, what a device has, and want of it by one name."""

import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import torch

from generation.errors import OutOfMemory
from generation.zoo.model import Model

MIB = 2**20
GIB = 2**30
SLACK = 1.5
"""Share that is added for what the device's libraries take: the workspace of convolutions, a
layout of their own.

Tensors alone take 8339 floats for each position of a latent in a step of Stable Diffusion 1.5, and
768 for each pixel in its decoding; estimated without slack, 8980 and 896. With it, estimates are
1.1 to 1.6 times what the embedded model was measured to take on two cores in float32, for pictures
of 256×256 to 512×512, 1 to 8 rows and decodings; tests/generation/test_memory.py measures it.
"""
FLOOR = 8 * MIB
"""What the libraries keep from the first passes on: code, weights in a layout of their own."""
WIDENED = 21
"""Buffers as wide as its input that a transformer's feed-forward holds: 8 for the gated
projection, 4 and 4 for the gate and the product, the rest for residuals and norms."""
V1_LIMIT, V1_USED = "memory.limit_in_bytes", "memory.usage_in_bytes"
V2_LIMIT, V2_USED = "memory.max", "memory.current"


@contextmanager
def named() -> Generator[None]:
    """Turn what a device says when its memory is full into OutOfMemory."""
    try:
        yield
    except RuntimeError as error:
        # the CPU's has no class of its own
        if isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error):
            raise OutOfMemory("这张图太大，内存不够") from error
        raise


def check(model: Model, width_px: int, height_px: int, *, rows: int, room: int) -> None:
    """Refuse a picture that does not fit, with the size that would.

    Args:
        model: That draws it.
        width_px: Of the picture.
        height_px: Of the picture.
        rows: That it takes in a batch.
        room: What the device has for it, bytes.

    Raises:
        OutOfMemory: In words for who asked.
    """
    if fits(model, width_px, height_px, rows=rows, room=room):
        return
    kind = "显存" if model.device.type == "cuda" else "内存"
    needed = most_needed(model, width_px, height_px, rows=rows)
    size = largest(model, width_px, height_px, rows=rows, room=room)
    instead = f"最大可以画 {size[0]}×{size[1]}" if size else "多小的图都画不了"
    raise OutOfMemory(f"这张图要 {_words(needed)} {kind}，只有 {_words(room)}；{instead}")


def fits(model: Model, width_px: int, height_px: int, *, rows: int, room: int) -> bool:
    """Return whether a picture of so many rows can be drawn in so many bytes."""
    return most_needed(model, width_px, height_px, rows=rows) <= room


def largest(
    model: Model, width_px: int, height_px: int, *, rows: int, room: int
) -> tuple[int, int] | None:
    """Return width and height of the largest picture of about this shape that fits, if any."""
    multiple = model.folder.multiple_px
    longest = max(width_px, height_px)
    for side in range(longest // multiple * multiple, 0, -multiple):
        width, height = (
            max(1, round(px * side / longest / multiple)) * multiple for px in (width_px, height_px)
        )
        if fits(model, width, height, rows=rows, room=room):
            return width, height
    return None


def most_needed(model: Model, width_px: int, height_px: int, *, rows: int) -> int:
    """Return bytes that a picture of so many rows takes at most, beside the model's weights."""
    step = needs(model, width_px, height_px, rows=rows)
    return max(step, needs_decode(model, width_px, height_px))


def needs(model: Model, width_px: int, height_px: int, *, rows: int) -> int:
    """Return bytes that a step of so many rows takes at its worst, about.

    No more than what is kept for the way up and the widest layer: attention keeps no matrix of all
    pairs (Dao et al. 2022, arXiv:2205.14135).
    """
    positions = width_px * height_px / model.folder.latent_px**2
    floats = positions * rows * _floats_of_step(model.unet.config)
    return FLOOR + int(floats * model.dtype.itemsize * SLACK)


def needs_decode(model: Model, width_px: int, height_px: int, *, pictures: int = 1) -> int:
    """Return bytes that decoding so many pictures takes at its worst, about."""
    channels: Sequence[int] = model.vae.config["block_out_channels"]
    floats = max(
        # the input of a level, which comes from the wider one below, its norm and its activation
        (3 * wide + own) / 4**level
        for level, (own, wide) in enumerate(
            zip(channels, [*channels[1:], channels[-1]], strict=True)
        )
    )
    pixels = width_px * height_px * pictures
    return FLOOR + int(pixels * floats * model.vae.dtype.itemsize * SLACK)


def free(device: torch.device, limit_mb: int) -> int:
    """Return bytes that drawing may still take.

    Args:
        device: Where.
        limit_mb: Most that drawing may take, MiB; 0 is what the device has free.
    """
    if device.type == "cuda":
        # what torch keeps for reuse is free to us
        kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        room = torch.cuda.mem_get_info(device)[0] + kept
    else:
        room = host_free()
    return min(room, limit_mb * MIB) if limit_mb else room


def host_free(proc: Path = Path("/proc"), cgroups: Path = Path("/sys/fs/cgroup")) -> int:
    """Return bytes of memory that this process may still take.

    Args:
        proc: Where the kernel tells of memory; where it does not, nothing is known to be short.
        cgroups: Where it tells of the limits that containers run under.
    """
    rooms = [sys.maxsize]
    if (proc / "meminfo").is_file():
        rooms.append(_counts(proc / "meminfo")["MemAvailable:"] * 1024)
    if (proc / "self/cgroup").is_file():
        for line in (proc / "self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if not controllers:
                rooms += _cgroup_rooms(cgroups, path, V2_LIMIT, V2_USED)
            elif "memory" in controllers.split(","):
                rooms += _cgroup_rooms(cgroups / "memory", path, V1_LIMIT, V1_USED)
    return max(0, min(rooms))


def _cgroup_rooms(root: Path, path: str, limit: str, used: str) -> list[int]:
    """Return what each limit on the way from a cgroup up to the root leaves."""
    # a container may see its own cgroup as the root, while the path is that of the host
    own = root / path.lstrip("/")
    folders = [folder for folder in (own, *own.parents) if folder.is_relative_to(root)]
    rooms: list[int] = []
    for folder in folders:
        if not (folder / limit).is_file():
            continue
        most = (folder / limit).read_text().strip()
        if most != "max":
            # pages of files that nobody has read of late are given up first
            idle = _counts(folder / "memory.stat").get("inactive_file", 0)
            rooms.append(int(most) - int((folder / used).read_text()) + idle)
    return rooms


def _counts(file: Path) -> dict[str, int]:
    """Return the numbers of a file of the kernel, by the word before each."""
    lines = (line.split() for line in file.read_text().splitlines())
    return {words[0]: int(words[1]) for words in lines}


def _floats_of_step(config: Mapping[str, Any]) -> float:
    """Return how many numbers a step holds at its worst, for each position of a latent."""
    channels = cast("Sequence[int]", config["block_out_channels"])
    layers = config["layers_per_block"]
    each = [layers] * len(channels) if isinstance(layers, int) else layers
    attends = ["Attn" in kind for kind in config["down_block_types"]]
    skips, widest = float(channels[0]), 0.0
    for level, own in enumerate(channels):
        area = 4.0**-level
        last = level == len(channels) - 1
        wide = own if last else channels[level + 1]
        skips += own * area * each[level] + (0 if last else own * area / 4)
        joined = 4 * (wide + own)  # what comes from below beside what was kept, norm, activation
        transformer = wide + WIDENED * own if attends[level] else 0
        widest = max(widest, area * max(joined, transformer))
    return skips + widest


def _words(size: int) -> str:
    return f"{size / GIB:.1f} GiB" if size >= GIB else f"{size / MIB:.0f} MiB"
