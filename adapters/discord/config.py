"""[discord]: whether and how the bot speaks on Discord."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints

Url = Annotated[str, StringConstraints(pattern=r"^https?://\S+$")]
Socket = Annotated[str, StringConstraints(pattern=r"^(wss?://\S+)?$")]


class DiscordConfig(BaseModel):
    """[discord] of config.toml."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    token: SecretStr = SecretStr("")
    """Of the bot, from the developer portal, by DANQING_DISCORD__TOKEN; without it the platform is
    off."""
    api_base: Url = "https://discord.com/api/v10"
    """Of the REST API; another one for a proxy of one's own."""
    gateway_url: Socket = ""
    """Where events come from: wss://…; empty: where the REST API says."""
    cdn_base: Url = "https://cdn.discordapp.com"
    """Where avatars come from."""
    proxy: str = ""
    """http://…; empty: none."""
    servers: tuple[int, ...] = ()
    """Where the bot serves everybody, by id; empty, as users: everywhere."""
    users: tuple[int, ...] = ()
    """Whom it serves wherever they are, by id."""
    shards: int = Field(default=0, ge=0)
    """Connections that events come by; 0: as many as Discord recommends."""

    @property
    def on(self) -> bool:
        """Whether the platform is on."""
        return bool(self.token.get_secret_value())
