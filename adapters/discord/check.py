"""What Discord says of the bot, for `danqing check`."""

from urllib.parse import urlencode

from discord import LoginFailure, Permissions

from adapters.discord import fault
from adapters.discord.adapter import READS
from adapters.discord.config import DiscordConfig
from adapters.discord.wire import Wire
from adapters.findings import Findings
from adapters.locale import said

NEEDED = Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    create_public_threads=True,
    attach_files=True,
    embed_links=True,
    read_message_history=True,
    use_external_emojis=True,
    pin_messages=True,
)
"""What the bot needs in a server."""


def invitation(application: int) -> str:
    """Return the link by which a bot is let into a server, with what it needs there."""
    asked = {
        "client_id": application,
        "scope": "bot applications.commands",
        "permissions": NEEDED.value,
    }
    return f"https://discord.com/oauth2/authorize?{urlencode(asked)}"


async def findings(config: DiscordConfig) -> Findings:
    """Ask Discord who the bot is, and what it hears."""
    wire = Wire(config)
    try:
        me = await wire.open()
    except LoginFailure:
        words = said(
            "discord.token: Discord does not know it; get it from the developer portal",
            "discord.token：Discord 不认这个令牌，请到开发者后台重新拿",
        )
        return Findings([words], [])
    except fault.Failure as error:
        words = said(f"discord: out of reach: {error}", f"discord：连不上：{error}")
        return Findings([words], [])
    finally:
        await wire.close()
    link = invitation(me.application)
    told = [
        said(
            f"discord: {me.username}; into a server: {link}",
            f"discord：{me.username}；拉进服务器：{link}",
        )
    ]
    if not int(wire.application.get("flags", 0)) & READS:
        told.append(
            said(
                "discord: it hears commands, mentions and private messages; to be called by name, "
                "switch Message Content Intent on in the developer portal, Bot",
                "discord：听得到斜杠命令、@ 和私聊；想叫名字，"
                "就在开发者后台 Bot 那一页打开 Message Content Intent",
            )
        )
    if wire.application.get("interactions_endpoint_url"):
        return Findings(
            [
                said(
                    "discord: the application has an Interactions Endpoint URL; take it out, or no "
                    "command comes here",
                    "discord：应用里填了 Interactions Endpoint URL，命令到不了这里，请删掉它",
                )
            ],
            told,
        )
    return Findings([], told)
