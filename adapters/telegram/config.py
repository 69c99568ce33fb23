"""[telegram]: whether and how the bot speaks on Telegram."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints

Url = Annotated[str, StringConstraints(pattern=r"^https?://\S+$")]
Mode = Literal["polling", "webhook"]


class TelegramConfig(BaseModel):
    """[telegram] of config.toml."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    token: SecretStr = SecretStr("")
    """From @BotFather, by DANQING_TELEGRAM__TOKEN; without it the platform is off."""
    base_url: Url = "https://api.telegram.org/bot"
    """Of the Bot API; a server of one's own: http://127.0.0.1:8081/bot."""
    base_file_url: Url = "https://api.telegram.org/file/bot"
    """Where files come from."""
    proxy: str = ""
    """http://…; empty: that of HTTPS_PROXY, if any."""
    mode: Mode = "polling"
    """Whether updates are asked for, or brought to webhook_url."""
    webhook_url: str = ""
    """Where Telegram brings updates to, from outside: https://…, at port 443, 80, 88 or 8443."""
    webhook_listen: str = "127.0.0.1:8443"
    """Host and port on this machine that webhook_url leads to, behind a proxy that speaks TLS."""
    webhook_secret: SecretStr = SecretStr("")
    """What Telegram has to say to be believed; empty: made from the token."""
    chats: tuple[int, ...] = ()
    """Where the bot serves everybody, by id as -1001234567890; empty, as users: everywhere."""
    users: tuple[int, ...] = ()
    """Whom it serves wherever they are, by id."""
    poll_s: int = Field(default=50, ge=0, le=50)
    """How long a question for updates may wait for one."""

    @property
    def on(self) -> bool:
        """Whether the platform is on."""
        return bool(self.token.get_secret_value())
