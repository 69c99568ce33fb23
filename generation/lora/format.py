"""Names of tensors in files of LoRAs, in all the ways they are written; free of torch.

    diffusers 2023  [unet.]down_blocks.0…attn1.processor.to_q_lora.down.weight
                    text_encoder.text_model…self_attn.to_q_lora.up.weight
    diffusers       [unet.]down_blocks.0…attn1.to_q.lora.down.weight
                    text_encoder.text_model…self_attn.q_proj.lora_linear_layer.up.weight
    peft            [unet.|base_model.model.]down_blocks.0…attn1.to_q.lora_A[.default].weight
    kohya           lora_unet_down_blocks_0…attn1_to_q.lora_down.weight, .alpha; lora_te_…

down is (rank, inputs), up is (outputs, rank); peft calls them A and B.
"""

import re
from dataclasses import dataclass
from typing import Literal

Part = Literal["unet", "text_encoder"]
Role = Literal["down", "up", "alpha"]

PARTS: tuple[Part, ...] = ("unet", "text_encoder")
LONGEST = 256
"""Characters of a name."""

_PLAIN = re.compile(r"[A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*")
_PREFIX = r"(?:(?P<part>unet|text_encoder)\.)?(?:base_model\.model\.)?"
_LAYER = r"(?P<layer>[\w.]+?)"
_FORMS = {
    form: re.compile(pattern, re.ASCII)
    for form, pattern in {
        "kohya": r"lora_(?P<part>unet|te)_(?P<layer>\w+)\.(?:lora_(?P<role>down|up)\.weight|alpha)",
        "diffusers 2023": _PREFIX
        + _LAYER
        + r"(?:\.processor)?\.to_(?P<projection>q|k|v|out)_lora\.(?P<role>down|up)\.weight",
        "peft": _PREFIX + _LAYER + r"\.lora_(?P<role>A|B)(?:\.\w+)?\.weight",
        "diffusers": _PREFIX
        + _LAYER
        + r"\.(?:(?:lora|lora_linear_layer)\.(?P<role>down|up)\.weight|(?:lora\.)?alpha)",
    }.items()
}
_ROLES: dict[str | None, Role] = {
    "down": "down", "A": "down", "up": "up", "B": "up", None: "alpha",
}  # fmt: skip
_PROJECTIONS: dict[Part, dict[str, str]] = {
    "unet": {"q": "to_q", "k": "to_k", "v": "to_v", "out": "to_out.0"},
    "text_encoder": {"q": "q_proj", "k": "k_proj", "v": "v_proj", "out": "out_proj"},
}
_FOREIGN = ("hada_", "lokr_", "lora_mid", "dora_", "lora_magnitude_vector", "oft_")
_FOREIGN_WORDS = frozenset({"diff", "diff_b", "w_norm", "b_norm", "on_input"})
_ENCODER = frozenset({"text_model", "encoder", "embeddings", "final_layer_norm"})
"""First words of layers that only a text encoder has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What the name of a tensor says."""

    form: str
    """Which way it is written."""
    part: Part
    layer: str
    """As in the model's tree; of kohya, with all dots made underscores."""
    role: Role


def is_plain(name: str) -> bool:
    """Return whether a name is made of words and dots, and not too long."""
    return len(name) <= LONGEST and _PLAIN.fullmatch(name) is not None


def is_foreign(name: str) -> bool:
    """Return whether a plain name is of a kind of adapter that is not loaded: LyCORIS, DoRA."""
    words = name.split(".")
    return any(word.startswith(_FOREIGN) or word in _FOREIGN_WORDS for word in words)


def read(name: str) -> Key | None:
    """Return what a plain name says; None: it is no tensor of a LoRA."""
    for form, pattern in _FORMS.items():
        if found := pattern.fullmatch(name):
            return _key(form, found.groupdict())
    return None


def bare(part: Part, layer: str) -> str:
    """Return the name of a layer without what only some versions put before it."""
    if part == "unet":
        return layer
    return layer.removeprefix("text_model.").removeprefix("bert.")


def flat(layer: str) -> str:
    """Return the name of a layer as kohya writes it."""
    return layer.replace(".", "_")


def _key(form: str, found: dict[str, str | None]) -> Key:
    layer = found["layer"] or ""
    part = _part(found["part"], layer)
    if projection := found.get("projection"):
        layer = f"{layer}.{_PROJECTIONS[part][projection]}"
    layer = layer.removeprefix("text_model_") if form == "kohya" else bare(part, layer)
    return Key(form=form, part=part, layer=layer, role=_ROLES[found["role"]])


def _part(named: str | None, layer: str) -> Part:
    if named is None:
        return "text_encoder" if layer.partition(".")[0] in _ENCODER else "unet"
    return "unet" if named == "unet" else "text_encoder"
