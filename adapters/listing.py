"""The commands that look and do not draw: parse, jobs, history, styles, models, loras, check."""

import asyncio
import json as json_
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from adapters.config import Config, ConfigError, load
from adapters.locale import said
from adapters.terms import in_words
from bot.address import Address
from bot.artwork import Artwork
from bot.errors import StoreError
from bot.job import Job
from bot.parsing.outline import outline
from bot.store.reader import reading
from bot.store.store import FILE
from bot.style import BrokenStyles, Styles, read
from bot.words.entry import BrokenWords
from bot.words.judge import Words
from generation.config import EngineConfig
from generation.errors import EngineError
from generation.language import folder as language
from generation.lora.file import Fit, inspect
from generation.zoo import embedding, folder, upscaler

Row = Mapping[str, object]


def parse(data: Path | None, text: str | None, *, group: bool) -> int:
    """Print what is understood of a text, or of each line of standard input.

    Args:
        data: The data folder, if the command line names one.
        text: What was said; None: lines of standard input.
        group: Whether it was said in a group, where only what addresses the bot counts.
    """
    config = load(data)
    styles = Styles.load(own=config.own_styles)
    chat = config.chat
    address = Address(names=chat.names, prefixes=chat.prefixes) if group else None
    if text is not None:
        print(_json(outline(text, styles, address)))
        return 0
    sys.stdin.reconfigure(errors="replace")  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  a text stream, when it is ours
    for line in sys.stdin:
        print(_json(outline(line.rstrip("\n"), styles, address)), flush=True)
    return 0


def jobs(data: Path | None, limit: int, *, json: bool) -> int:
    """Print the newest jobs."""
    found = asyncio.run(_jobs(load(data).data_dir, limit))
    _print_rows([_job_row(job) for job in found], json=json)
    return 0


def history(data: Path | None, limit: int, *, json: bool) -> int:
    """Print the newest artworks."""
    found = asyncio.run(_artworks(load(data).data_dir, limit))
    _print_rows([_artwork_row(artwork) for artwork in found], json=json)
    return 0


def styles(data: Path | None, *, json: bool) -> int:
    """Print the styles."""
    path = load(data).own_styles
    own = read(path) if path.exists() else ()
    _print_rows(
        [
            {
                "name": style.name,
                "aliases": list(style.aliases),
                "model": style.model,
                "sampler": style.sampler,
                "steps": style.steps,
                "guidance": style.guidance,
                "loras": list(style.loras),
                "own": style in own,
            }
            for style in Styles.load(own=path)
        ],
        json=json,
    )
    return 0


def models(*, json: bool) -> int:
    """Print the models, and whether each can be loaded; 1 if one cannot."""
    found = {name: (path, folder.faults(path)) for name, path in load().engine.models.items()}
    _print_rows(
        [
            {
                "name": name,
                "folder": str(path),
                "megabytes": round(_bytes(path) / 1e6, 1),
                "faults": faults,
            }
            for name, (path, faults) in found.items()
        ],
        json=json,
    )
    return 1 if any(faults for _, faults in found.values()) else 0


def loras(data: Path | None, *, json: bool) -> int:
    """Print the LoRAs, and which models each fits; 1 if one fits none."""
    engine = load(data).engine
    found = {name: _fits(path, engine) for name, path in engine.loras.items()}
    _print_rows([_lora_row(name, engine.loras[name], *of) for name, of in found.items()], json=json)
    return 0 if all(fits for fits, _ in found.values()) else 1


def check(data: Path | None) -> int:
    """Print one line for each fault of config, models and styles; 1 if there is one."""
    try:
        config = load(data)
    except ConfigError as error:
        _print_lines(error.faults)
        return 1
    faults = [
        *_style_faults(config),
        *_word_faults(config),
        *_model_faults(config),
        *_lora_faults(config),
        *_embedding_faults(config),
        *_upscaler_faults(config),
        *_writer_faults(config),
        *_data_faults(config),
    ]
    remarks = _remarks(config)
    if config.telegram.on:
        from adapters.telegram import check as telegram  # with its library, on use

        found = asyncio.run(telegram.findings(config.telegram))
        faults, remarks = [*faults, *found.faults], [*found.remarks, *remarks]
    if config.discord.on:
        from adapters.discord import check as discord  # with its library, on use

        found = asyncio.run(discord.findings(config.discord))
        faults, remarks = [*faults, *found.faults], [*found.remarks, *remarks]
    _print_lines(faults)
    _print_lines(remarks)
    if not faults:
        _print_lines([said("no fault found", "没有发现问题")])
    return 1 if faults else 0


def _style_faults(config: Config) -> list[str]:
    named = config.styles_file
    if named is not None and not named.is_file():
        return [said(f"styles_file: no file {named}", f"styles_file：没有文件 {named}")]
    try:
        found = Styles.load(own=config.own_styles)
    except BrokenStyles as error:
        return error.faults
    models = [
        said(
            f"style {style.name}: its model {style.model} is not in engine.models",
            f"画风 {style.name}：engine.models 里没有它的模型 {style.model}",
        )
        for style in found
        if style.model not in config.engine.models
    ]
    loras = [
        said(
            f"style {style.name}: there is no LoRA {lora}; `danqing loras` lists them",
            f"画风 {style.name}：没有叫 {lora} 的 LoRA，danqing loras 列出有哪些",
        )
        for style in found
        for lora in style.loras
        if lora not in config.engine.loras
    ]
    return models + loras


def _word_faults(config: Config) -> list[str]:
    named = config.words.file
    if named is not None and not named.is_file():
        return [said(f"words.file: no file {named}", f"words.file：没有文件 {named}")]
    try:
        Words.load(config.own_words)
    except BrokenWords as error:
        return error.faults
    return []


def _model_faults(config: Config) -> list[str]:
    return [
        said(f"model {name}: {fault}", f"模型 {name}：{fault}")
        for name, path in config.engine.models.items()
        for fault in folder.faults(path)
    ]


def _lora_faults(config: Config) -> list[str]:
    """Return why a LoRA fits no model; those that are for one of several are right."""
    found = {name: _fits(path, config.engine) for name, path in config.engine.loras.items()}
    return [
        said(f"LoRA {name}: {fault}", f"LoRA {name}：{fault}")
        for name, (fits, faults) in found.items()
        if not fits
        for fault in faults
    ]


def _embedding_faults(config: Config) -> list[str]:
    """Return why a taught word can be used with no model."""
    widths = {
        embedding.width_of(folder.read(path))
        for path in config.engine.models.values()
        if not folder.faults(path)
    }
    found: list[str] = []
    for name, path in config.engine.embeddings.items():
        try:
            words = embedding.inspect(path)
        except EngineError as error:
            found.append(str(error))
            continue
        found += [
            said(
                f"embedding {name}: {word} is {of.width} wide, the models are {_listed(widths)}",
                f"词向量 {name}：{word} 宽 {of.width}，模型的是 {_listed(widths)}",
            )
            for word, of in words.items()
            if of.width not in widths
        ]
    return found


def _upscaler_faults(config: Config) -> list[str]:
    return [
        said(f"upscaler {name}: {fault}", f"放大网络 {name}：{fault}")
        for name, path in config.engine.upscalers.items()
        if (fault := upscaler.fault(path))
    ]


def _writer_faults(config: Config) -> list[str]:
    kinds = {"translate": ("translator", "翻译模型"), "polish": ("polisher", "润色模型")}
    return [
        said(f"{kinds[task][0]} {name}: {fault}", f"{kinds[task][1]} {name}：{fault}")
        for task, folders in config.engine.writers.items()
        for name, path in folders.items()
        for fault in language.faults(path, task)
    ]


def _listed(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(numbers)))


def _fits(path: Path, engine: EngineConfig) -> tuple[dict[str, Fit], list[str]]:
    """Return how a LoRA fits each model that it fits, and why not the others, each cause once."""
    fits: dict[str, Fit] = {}
    faults: list[str] = []
    for name, model in engine.models.items():
        try:
            fits[name] = inspect(path, folder.read(model))
        except EngineError as error:
            faults.append(str(error))
    return fits, list(dict.fromkeys(faults))


def _lora_row(name: str, path: Path, fits: Mapping[str, Fit], faults: list[str]) -> Row:
    fit = next(iter(fits.values()), None)
    return {
        "name": name,
        "file": str(path),
        "format": fit and fit.form,
        "rank": list(fit.ranks) if fit else [],
        "layers": fit and " + ".join(str(count) for count in fit.matched.values()),
        "megabytes": fit and round(fit.size_bytes / 1e6, 1),
        "models": list(fits),
        "faults": [] if fits else faults,
    }


def _data_faults(config: Config) -> list[str]:
    if not (config.data_dir / FILE).exists():
        return []
    try:
        asyncio.run(_jobs(config.data_dir, 1))
    except StoreError as error:
        return in_words(error)
    return []


def _remarks(config: Config) -> list[str]:
    """Return what is no fault, but has to be known."""
    unnamed = said(
        "note: label.operator_code is empty, so the label names no producer; "
        "whoever offers this to the public must register and set it",
        "提示：label.operator_code 为空，标识里没有生成者；面向公众提供服务前须登记并填写",
    )
    return [] if config.label.operator_code else [unnamed]


async def _jobs(data: Path, limit: int) -> list[Job]:
    if not (data / FILE).exists():
        return []
    async with reading(data) as reader:
        return await reader.jobs(limit)


async def _artworks(data: Path, limit: int) -> tuple[Artwork, ...]:
    if not (data / FILE).exists():
        return ()
    async with reading(data) as reader:
        return await reader.artworks(limit)


def _job_row(job: Job) -> Row:
    held = job.share is not None and job.share.held  # who runs the studio may play along
    return {
        "id": job.id,
        "state": job.state.value,
        "user": job.user.key,
        "chat": job.chat.key,
        "prompt": "" if held else job.request.prompt,
        "count": job.request.count,
        "styles": list(job.request.styles),
        "seed": job.request.seed,
        "attempts": job.attempts,
        "created_at": _time(job.created_at),
        "ended_at": None if job.ended_at is None else _time(job.ended_at),
    }


def _artwork_row(artwork: Artwork) -> Row:
    recipe = artwork.recipe
    width, height = recipe.picture_px
    return {
        "id": artwork.id,
        "job": artwork.job_id,
        "owner": artwork.owner,
        "prompt": recipe.prompt,
        "width": width,
        "height": height,
        "seed": recipe.seed,
        "path": str(artwork.path),
        "sha256": artwork.sha256,
        "made_at": _time(artwork.made_at),
    }


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _bytes(path: Path) -> int:
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


def _json(value: object) -> str:
    return json_.dumps(value, ensure_ascii=False)


def _print_rows(rows: list[Row], *, json: bool) -> None:
    """Print JSON, a line each; or a table for people."""
    if json:
        _print_lines(_json(row) for row in rows)
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if not rows:
        _print_lines([said("nothing yet", "还没有")])
        return
    table = Table(*rows[0], box=None, header_style="bold")
    for row in rows:
        table.add_row(*(Text(_cell(value)) for value in row.values()))
    Console(soft_wrap=False).print(table)


def _cell(value: object) -> str:
    if isinstance(value, list):
        return "、".join(str(part) for part in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return "" if value is None else str(value)


def _print_lines(lines: Iterable[str]) -> None:
    for line in lines:
        print(line)
