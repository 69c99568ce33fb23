"""config.toml and the environment, typed. A misspelt key is an error that names the right one."""

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from adapters.console.config import ConsoleConfig
from adapters.discord.config import DiscordConfig
from adapters.locale import said
from adapters.logs import LogConfig
from adapters.monitor import MonitorConfig
from adapters.telegram.config import TelegramConfig
from bot.address import ChatConfig
from bot.label import LabelConfig
from bot.policy import PolicyConfig
from bot.quota import QuotaConfig
from bot.role import RoleConfig
from bot.start import SessionConfig
from bot.store.limits import GalleryConfig, QueueConfig
from bot.words.config import WordsConfig
from generation.config import EngineConfig, files

PREFIX = "DANQING_"
FILE = Path("config.toml")
FILE_VARIABLE = "DANQING_CONFIG"
STYLES, WORDS, LORAS, EMBEDDINGS = "styles.toml", "words.toml", "loras", "embeddings"
"""The operator's own, in the data folder."""


class ConfigError(Exception):
    """The config cannot be used; one line for each fault."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class Config(BaseSettings):
    """All of config.toml."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        use_attribute_docstrings=True,
    )
    file: ClassVar[Path] = FILE

    data_dir: Path = Path("data")
    """Where the database and the pictures are."""
    styles_file: Path | None = None
    """The operator's own styles; None: styles.toml in the data folder, if there is one."""
    queue: QueueConfig = Field(default_factory=QueueConfig)
    gallery: GalleryConfig = Field(default_factory=GalleryConfig)
    policy: PolicyConfig = Field(default_factory=PolicyConfig)
    quota: QuotaConfig = Field(default_factory=QuotaConfig)
    roles: Mapping[str, RoleConfig] = Field(default_factory=dict[str, RoleConfig])
    """People for whom other limits hold, and operators, by name of the role."""
    chat: ChatConfig = Field(default_factory=ChatConfig)
    sessions: SessionConfig = Field(default_factory=SessionConfig)
    words: WordsConfig = Field(default_factory=WordsConfig)
    label: LabelConfig = Field(default_factory=LabelConfig)
    engine: EngineConfig = Field(default_factory=EngineConfig)
    telegram: TelegramConfig = Field(default_factory=TelegramConfig)
    discord: DiscordConfig = Field(default_factory=DiscordConfig)
    console: ConsoleConfig = Field(default_factory=ConsoleConfig)
    monitor: MonitorConfig = Field(default_factory=MonitorConfig)
    log: LogConfig = Field(default_factory=LogConfig)

    @property
    def platforms(self) -> tuple[str, ...]:
        """The chat platforms that are on."""
        known = {"telegram": self.telegram.on, "discord": self.discord.on}
        return tuple(name for name, on in known.items() if on)

    @property
    def own_styles(self) -> Path:
        """Where the operator's own styles are, or would be."""
        return self.styles_file or self.data_dir / STYLES

    @property
    def own_words(self) -> Path:
        """Where the operator's own words are, or would be."""
        return self.words.file or self.data_dir / WORDS

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is passed wins over the environment, and that over the file."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, cls.file)


def load(
    data: Path | None = None, environ: Mapping[str, str] = os.environ, file: Path | None = None
) -> Config:
    """Read the config.

    Args:
        data: The data folder, if the command line names one.
        environ: Where names that begin with DANQING_ are looked at.
        file: Which file; else DANQING_CONFIG, else config.toml if there is one.

    Raises:
        ConfigError: A key is unknown or a value out of range; says which.
    """
    named = file or (Path(environ[FILE_VARIABLE]) if environ.get(FILE_VARIABLE) else None)
    path = named or FILE
    if named is not None and not named.is_file():
        raise ConfigError([said(f"{named}: no such file", f"{named}：没有这个文件")])
    faults = list(_unknown_variables(environ))
    if faults:
        raise ConfigError(faults)
    source = type("Config", (Config,), {"file": path, "__module__": __name__})
    try:
        found = source() if data is None else source(data_dir=data)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([f"{path}: {error}"]) from error
    except UnicodeDecodeError as error:
        raise ConfigError([said(f"{path}: not UTF-8", f"{path}：不是 UTF-8 编码")]) from error
    except ValidationError as error:
        raise ConfigError([_fault(path, fault) for fault in error.errors()]) from error
    return _with_own_files(found)


def _with_own_files(config: Config) -> Config:
    """Return a config that also names what lies in the data folder; what the file says wins."""
    engine, data = config.engine, config.data_dir.absolute()
    own = {
        "loras": files(data / LORAS) | engine.loras,
        "embeddings": files(data / EMBEDDINGS) | engine.embeddings,
    }
    return config.model_copy(update={"engine": engine.model_copy(update=own)})


def _unknown_variables(environ: Mapping[str, str]) -> Iterator[str]:
    """Yield a fault for each variable of ours that names no key."""
    known = {FILE_VARIABLE}
    for name, field in Config.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, BaseModel):
            known |= {f"{PREFIX}{name}__{key}".upper() for key in section.model_fields}
        else:
            known.add(f"{PREFIX}{name}".upper())
    for name in environ:
        # a key that is a table itself is followed by its own keys
        if not name.startswith(PREFIX) or any(f"{name}__".startswith(f"{key}__") for key in known):
            continue
        yield said(f"{name}: no such setting", f"{name}：没有这个设置") + _nearest(name, known)


def _fault(path: Path, found: Mapping[str, object]) -> str:
    place = tuple(str(part) for part in found["loc"])  # pyright: ignore[reportGeneralTypeIssues, reportUnknownVariableType, reportUnknownArgumentType]
    key = ".".join(place)
    if found["type"] == "extra_forbidden":
        words = said(f"{path}: {key}: no such key", f"{path}：{key}：没有这个配置项")
        return words + _nearest(place[-1], _keys_beside(place))
    return f"{path}: {key}: {_out_of_range(found) or found['msg']}"


def _out_of_range(found: Mapping[str, Any]) -> str:
    """Return what bound a number is beyond; empty if that is not the fault."""
    given: object = found["input"]
    bounds: Mapping[str, float] = found.get("ctx", {})
    match found["type"]:
        case "greater_than_equal":
            least = f"{bounds['ge']:g}"
            return said(
                f"must be at least {least}, not {given}", f"不能小于 {least}，现在是 {given}"
            )
        case "greater_than":
            below = f"{bounds['gt']:g}"
            return said(f"must be above {below}, not {given}", f"要大于 {below}，现在是 {given}")
        case _:
            return ""


def _keys_beside(place: tuple[str, ...]) -> set[str]:
    """Return the keys that stand where a wrong one does."""
    model: type[BaseModel] = Config
    for part in place[:-1]:
        field = model.model_fields.get(part)
        inner = field.annotation if field else None
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            return set()
        model = inner
    return set(model.model_fields)


def _nearest(name: str, known: set[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return said(f"; did you mean {close[0]}?", f"，是不是 {close[0]}？") if close else ""
