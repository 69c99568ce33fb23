"""The commands about the operator's own styles: style add, style remove."""

import math
import os
import shutil
import sys
import tempfile
import unicodedata
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from adapters import own_style
from adapters.config import LORAS, Config, load
from adapters.locale import said
from adapters.sampling import labelled, recipe_of, small
from bot.errors import LabelMissing
from bot.request import Request
from bot.store.samples import Samples, drop, keep
from bot.style import FILE as PROGRAMS
from bot.style import BrokenStyles, Style, Styles, merged, parsed, read
from generation.config import EngineConfig
from generation.errors import BrokenLora, EngineError
from generation.lora.file import Fit, inspect
from generation.recipe import Picture
from generation.zoo import folder

SEEN = 2
"""Levels of 255 by which a pixel must differ to count as changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What `style add` is asked for."""

    file: Path
    name: str
    aliases: Sequence[str] = ()
    weight: float = 1.0
    model: str | None = None
    """None: the first model that the LoRA fits."""
    settings: Mapping[str, object]
    """Keys of a style that were said: phrase, avoid, steps, guidance, sampler, levels."""
    prompt: str = "一只猫"
    """Of the test picture."""
    seed: int = 0
    """Of the test picture."""
    replace: bool = False


def add(data: Path | None, wish: Wish) -> int:
    """Check a LoRA, draw with it, and make a style of it; whatever is wrong, nothing is changed.

    Raises:
        BrokenStyles: A name is taken or no name, or the file of styles cannot be written.
        EngineError: The LoRA cannot be used.
    """
    config = load(data)
    text = own_style.text_of(config.own_styles)
    place = config.data_dir / LORAS / f"{wish.name}.safetensors"
    _check_weight(wish.weight)
    (style,) = parsed(own_style.entry(_table(wish, "")), "style add")
    replaces = _check_names(config, style, replace=wish.replace)
    _check_place(config, wish, place)
    model, fit = _fit(config.engine, wish)
    table = {**_table(wish, model), **({"replaces": True} if replaces else {})}
    (style,) = parsed(own_style.entry(table), "style add")
    if old := _own(config, style.name):
        text = own_style.removed(config.own_styles, text, old)
    longer = own_style.appended(config.own_styles, text, table)
    with _staged(place) as stage:
        copy = stage / place.name
        _copy(wish.file, copy)
        pictures = _tried(config.engine, style, copy, wish)
        png = labelled(config, pictures[1])
        (stage / "picture.png").write_bytes(png)
        with _in_place({copy: place, stage / "picture.png": place.with_suffix(".png")}, stage):
            own_style.write(config.own_styles, longer)
    _tell_added(config, style, fit, place, pictures[:2])
    _sample(config, style, pictures[2])
    return 0


def remove(data: Path | None, name: str, *, delete: bool) -> int:
    """Cut one of the operator's own styles out of its file.

    Args:
        data: The data folder, if the command line names one.
        name: Of the style, or an alias.
        delete: Whether its LoRA goes too, if it lies in the data folder and nobody else wears it.

    Raises:
        BrokenStyles: There is no such style, or it is the program's.
    """
    config = load(data)
    path = config.own_styles
    style = _own(config, name)
    if style is None:
        taken = _key(name) in {_key(known) for known in Styles.load(own=path).names()}
        words = (
            said(f"{name}: comes with the program", f"“{name}”是随程序来的画风，不能删")
            if taken
            else said(f"{name}: no such style of yours", f"没有“{name}”这种自己的画风")
        )
        raise BrokenStyles([words])
    own_style.write(path, own_style.removed(path, own_style.text_of(path), style))
    drop(Samples(config.data_dir).own, style.name)
    _say(said(f"style {style.name} removed from {path}", f"画风 {style.name} 已从 {path} 删掉"))
    others = {lora for other in Styles.load(own=path) for lora in other.loras}
    for lora in style.loras:
        file = config.data_dir / LORAS / f"{lora}.safetensors"
        if not file.is_file() or lora in others:
            continue
        if delete:
            file.unlink()
            file.with_suffix(".png").unlink(missing_ok=True)
            _say(said(f"{file} deleted", f"{file} 已删除"))
        else:
            _say(said(f"its LoRA stays: {file}", f"它的 LoRA 还在：{file}"))
    return 0


def _table(wish: Wish, model: str) -> own_style.Table:
    return {
        "name": wish.name,
        **({"aliases": list(wish.aliases)} if wish.aliases else {}),
        "model": model,
        **wish.settings,
        "loras": {wish.name: wish.weight},
    }


def _own(config: Config, name: str) -> Style | None:
    """Return the operator's own style of a name or alias."""
    if not config.own_styles.exists():
        return None
    for style in read(config.own_styles):
        if _key(name) in {_key(known) for known in (style.name, *style.aliases)}:
            return style
    return None


def _check_weight(weight: float) -> None:
    if not math.isfinite(weight) or weight == 0:
        raise BrokenStyles([said(f"weight {weight}: no use", f"权重 {weight} 不行，要不是 0 的数")])


def _check_names(config: Config, style: Style, *, replace: bool) -> bool:
    """Refuse names that are taken; return whether a style of the program is to be replaced."""
    path = config.own_styles
    program, own = read(PROGRAMS), read(path) if path.exists() else ()
    same = _key(style.name)
    replaces = replace and any(_key(other.name) == same for other in program)
    left = merged(program, own)
    if replace:
        left = [other for other in left if _key(other.name) != same]
    owners = {_key(name): other for other in left for name in (other.name, *other.aliases)}
    faults: list[str] = []
    for name in dict.fromkeys((style.name, *style.aliases)):
        if other := owners.get(_key(name)):
            hint = _key(other.name) == same
            faults.append(
                said(
                    f"{name}: a name of the style {other.name} already"
                    + ("; --replace takes its place" if hint else ""),
                    f"“{name}”已经是画风“{other.name}”的名字"
                    + ("，要换掉它请加 --replace" if hint else "，请换一个"),
                )
            )
    if faults:
        raise BrokenStyles(faults)
    return replaces


def _check_place(config: Config, wish: Wish, place: Path) -> None:
    """Refuse a LoRA that could not be known by its name, or would take another's place."""
    known = config.engine.loras.get(wish.name)
    if known is not None and known != place.absolute():
        raise BrokenLora(f"engine.loras 里已经有叫 {wish.name} 的 LoRA（{known}），请换个名字")
    if not wish.file.is_file():
        raise BrokenLora(f"{wish.file}：没有这个文件")
    if place.is_file() and not wish.replace and place.read_bytes() != wish.file.read_bytes():
        raise BrokenLora(f"已经有另一个 {place}，要换掉它请加 --replace")


def _fit(config: EngineConfig, wish: Wish) -> tuple[str, Fit]:
    """Return the model that a LoRA is for, and how it fits.

    Raises:
        EngineError: It fits none, or not the one that was named.
    """
    if wish.model is not None and wish.model not in config.models:
        known = "、".join(config.models)
        raise BrokenLora(f"engine.models 里没有叫 {wish.model} 的模型，有：{known}")
    faults: list[str] = []
    for name, path in config.models.items():
        if wish.model in (None, name):
            try:
                return name, inspect(wish.file, folder.read(path))
            except EngineError as error:
                faults.append(str(error))
    raise BrokenLora("；".join(dict.fromkeys(faults)))


@contextmanager
def _staged(place: Path) -> Generator[Path]:
    """Have a folder beside a place, on the same disk, as long as something is made there."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".adding-", dir=place.parent) as stage:
            yield Path(stage)
    except OSError as error:
        raise BrokenLora(f"{place.parent} 写不进去：{error.strerror or error}") from error


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as file, target.open("wb") as copy:
        shutil.copyfileobj(file, copy)
        copy.flush()
        os.fsync(copy.fileno())


@contextmanager
def _in_place(files: Mapping[Path, Path], stage: Path) -> Generator[None]:
    """Move files to their places, and back again if what follows fails."""
    olds = {place: stage / f"old{number}" for number, place in enumerate(files.values())}
    done: list[Path] = []
    try:
        for made, place in files.items():
            if place.exists():
                place.replace(olds[place])
            done.append(place)
            made.replace(place)
        yield
    except (OSError, BrokenStyles):
        for place in done:
            place.unlink(missing_ok=True)
            with suppress(FileNotFoundError):
                olds[place].replace(place)
        raise


def _tried(
    config: EngineConfig, style: Style, file: Path, wish: Wish
) -> tuple[Picture, Picture, Picture]:
    """Return a picture in the style without its LoRA and with it, and the style's sample.

    Raises:
        EngineError: It cannot be drawn, or is the same.
    """
    from dataclasses import replace

    from generation.trial import draw

    side = folder.read(config.models[style.model]).native_px
    request = Request(prompt=wish.prompt, seed=wish.seed, width=side, height=side)
    (worn,) = style.recipes(request)
    trying = config.model_copy(update={"loras": {style.name: file}})
    recipes = [replace(worn, loras={}), worn, recipe_of(config, style)]
    without, with_it, sample = draw(trying, recipes)
    changed = sum(
        abs(one - other) > SEEN for one, other in zip(without.rgb, with_it.rgb, strict=True)
    )
    if not changed:
        raise BrokenLora(f"LoRA {file.name} 不能用：画出来和不用它一样")
    return without, with_it, sample


def _sample(config: Config, style: Style, picture: Picture) -> None:
    """Keep the style's sample; the style is there whether that can be kept or not."""
    try:
        path = keep(Samples(config.data_dir).own, style, small(labelled(config, picture)))
    except (OSError, EngineError, LabelMissing) as error:
        words = f"danqing style samples {style.name}"
        _say(said(f"no sample ({error}); try: {words}", f"样图没画成（{error}），可再试：{words}"))
    else:
        _say(said(f"sample: {path}", f"样图：{path}"))


def _tell_added(
    config: Config, style: Style, fit: Fit, place: Path, pictures: tuple[Picture, Picture]
) -> None:
    layers = " + ".join(str(count) for count in fit.matched.values())
    ranks = ", ".join(map(str, fit.ranks))
    one, other = (picture.rgb for picture in pictures)
    levels = sum(map(lambda a, b: abs(a - b), one, other)) / len(one)
    _say(
        said(
            f"style {style.name} added to {config.own_styles}, with {style.model}",
            f"画风 {style.name} 已写入 {config.own_styles}，用模型 {style.model}",
        ),
        said(
            f"LoRA: {place} ({fit.form}, rank {ranks}, layers {layers})",
            f"LoRA：{place}（{fit.form}，秩 {ranks}，对上 {layers} 层）",
        ),
        said(
            f"test picture: {place.with_suffix('.png')} "
            f"(differs by {levels:.1f} of 255 from the one without)",
            f"试画：{place.with_suffix('.png')}（和不用它的相差 {levels:.1f}/255）",
        ),
        said(
            "a studio that is running knows it after its next start",
            "正在运行的画室重新启动后就认识它",
        ),
    )


def _key(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold().strip()


def _say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
