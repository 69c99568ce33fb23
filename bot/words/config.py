"""How an operator sets the words that are not wanted."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict


class WordsConfig(BaseModel):
    """[words] of config.toml: what is not drawn."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    enabled: bool = True
    """Whether prompts are judged at all."""
    file: Path | None = None
    """The operator's own words; None: words.toml in the data folder, if there is one."""
