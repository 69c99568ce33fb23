"""Settings of the engine and of the way to it; free of torch."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from generation.mini import FOLDER, UPSCALER, styles

EMBEDDED = {"mini": FOLDER}
EMBEDDED_UPSCALERS = {"mini": UPSCALER}


def _with_the_embedded(given: dict[str, Path]) -> dict[str, Path]:
    return EMBEDDED | given


def files(folder: Path) -> dict[str, Path]:
    """Return the safetensors files of a folder by their stems; none where there is no folder.

    What lies deeper and what is hidden is left out.
    """
    if not folder.is_dir():
        return {}
    found = (path for path in sorted(folder.glob("*.safetensors")) if path.is_file())
    return {path.stem: path for path in found if not path.name.startswith(".")}


def _embedded_loras() -> dict[str, Path]:
    return {f"mini-{name}": path for name, path in styles().items()}


def _with_the_embedded_loras(given: dict[str, Path]) -> dict[str, Path]:
    return _embedded_loras() | given


def _with_the_embedded_upscaler(given: dict[str, Path]) -> dict[str, Path]:
    return EMBEDDED_UPSCALERS | given


Models = Annotated[dict[str, Path], AfterValidator(_with_the_embedded)]
Loras = Annotated[dict[str, Path], AfterValidator(_with_the_embedded_loras)]
Upscalers = Annotated[dict[str, Path], AfterValidator(_with_the_embedded_upscaler)]

Task = Literal["translate", "polish"]
"""What a text model is for."""
SLOT = "{prompt}"
ASK = (
    "Instruction: Give a simple description of the image to generate a drawing prompt.\n"
    "Input: {prompt}\nOutput:"
)
"""What text2prompt was taught on. Source: Cao et al. 2023, arXiv:2311.06752, and its examples in
EasyNLP."""

Seconds = Annotated[float, Field(gt=0)]


class Card(BaseModel):
    """What a model wants done with words before it reads them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    translator: str = ""
    """Which of the translators, for a model that reads no Chinese; empty: words stay."""
    polisher: str = ""
    """Which of the polishers rewrites prompts where somebody wishes it; empty: none."""
    ask: str = Field(default=ASK, pattern=r"\{prompt\}")
    """What the polisher is given; {prompt} stands for the words. One that ends with {prompt} is for
    a model that continues them: they are kept, with what it adds."""


class EngineConfig(BaseModel):
    """The engine: its models, its device, and how long it is waited for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    models: Models = EMBEDDED
    """Folders in the layout of StableDiffusionPipeline, by name; the first is loaded at start.

    The embedded one, "mini", is always among them, and first, unless another takes its name.
    """
    loras: Loras = Field(default_factory=_embedded_loras)
    """Safetensors files of LoRAs, by name; a style names them with their weights.

    Those of the embedded model, "mini-水墨" and others, are always among them.
    """
    embeddings: dict[str, Path] = Field(default_factory=dict[str, Path])
    """Safetensors files of textual inversion, by name; <name> in a prompt is what they taught."""
    upscalers: Upscalers = EMBEDDED_UPSCALERS
    """Safetensors files of super-resolution networks, by name: ESRGAN, SPAN and others.

    The embedded one, "mini", is always among them, unless another takes its name.
    """
    upscaler: str = "mini"
    """Which of them pictures are enlarged by."""
    translators: dict[str, Path] = Field(default_factory=dict[str, Path])
    """Folders of MarianMT models from Chinese to English, by name."""
    polishers: dict[str, Path] = Field(default_factory=dict[str, Path])
    """Folders of text models that rewrite prompts, as text2prompt, by name."""
    cards: dict[str, Card] = Field(default_factory=dict[str, Card])
    """What each model wants done with words before it reads them, by the model's name."""
    room: int = Field(default=1, ge=1)
    """Models in memory at once."""
    lora_cache_mb: int = Field(default=512, ge=1)
    """LoRAs in memory, MiB; the least used leave first."""
    prompt_cache_mb: int = Field(default=64, ge=1)
    """Encoded prompts in memory, MiB; the least used leave first."""
    memory_mb: int = Field(default=0, ge=0)
    """What drawing may take, MiB; 0 is what the device has free."""
    device: str = "auto"
    """A device of torch, as cpu or cuda:1; auto is cuda where there is one."""
    dtype: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    """What networks compute in; auto is bf16 where the device has it, else fp32 on the
    CPU and fp16 elsewhere."""
    threads: int = Field(default=0, ge=0)
    """CPU threads of one operation; 0 is one for each core."""
    waiting: Literal["auto", "spin", "sleep"] = "auto"
    """How CPU threads wait for each other; spinning is faster on an idle machine, and far slower on
    a busy one. auto spins if the machine is idle when the engine starts."""
    max_batch: int = Field(default=0, ge=0)
    """Rows that step together; a picture with guidance takes 2. 0: by the measured knee."""
    knee_file: Path | None = None
    """Where measured knees are kept, by device; None: knee.json in the data folder."""
    previewer: Path | None = None
    """Folder of a tiny autoencoder (diffusers' AutoencoderTiny) for previews; else a linear map."""
    preview_every_s: float = Field(default=1.0, ge=0)
    """Least seconds between two previews of a picture; 0 is no previews."""
    address: str = Field(default="", pattern=r"^(unix:.+)?$")
    """Empty: the engine is a child of the bot. unix:/path: where the engine listens."""
    start_timeout_s: Seconds = 120.0
    """Until the engine is ready."""
    step_timeout_s: Seconds = 300.0
    """A busy engine without a finished step for so long is killed."""
    heartbeat_s: Seconds = 1.0
    """Between two signs of life."""
    silence_s: Seconds = 20.0
    """A ready engine without a sign of life for so long is killed."""

    @property
    def writers(self) -> dict[Task, dict[str, Path]]:
        """Folders of text models, by what they do and by name."""
        return {"translate": self.translators, "polish": self.polishers}

    @model_validator(mode="after")
    def _has_its_upscaler(self) -> Self:
        if self.upscaler not in self.upscalers:
            known = ", ".join(self.upscalers)
            raise ValueError(f"upscaler: {self.upscaler!r} is not in upscalers, which has: {known}")
        return self

    @model_validator(mode="after")
    def _has_what_its_cards_name(self) -> Self:
        for name, card in self.cards.items():
            named = (
                ("models", name, self.models),
                ("translators", card.translator, self.translators),
                ("polishers", card.polisher, self.polishers),
            )
            for where, wanted, known in named:
                if wanted not in known and (wanted or where == "models"):
                    there = ", ".join(known) or "nothing"
                    raise ValueError(
                        f"cards.{name}: {wanted!r} is not in {where}, which has: {there}"
                    )
        return self
