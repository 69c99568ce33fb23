"""What Telegram says of the bot, for `danqing check`."""

from telegram import User
from telegram.error import InvalidToken, TelegramError

from adapters.findings import Findings
from adapters.locale import said
from adapters.telegram.config import TelegramConfig
from adapters.telegram.wire import Wire


async def findings(config: TelegramConfig) -> Findings:
    """Ask Telegram who the bot is, and what it hears."""
    faults = _faults(config)
    wire = Wire(config)
    try:
        me = await wire.bot.get_me()
    except InvalidToken:
        words = said(
            "telegram.token: Telegram does not know it; get it from @BotFather",
            "telegram.token：Telegram 不认这个令牌，请到 @BotFather 那里重新拿",
        )
        return Findings([*faults, words], [])
    except TelegramError as error:
        words = said(f"telegram: out of reach: {error}", f"telegram：连不上：{error}")
        return Findings([*faults, words], [])
    finally:
        await wire.close()
    return Findings(faults, _remarks(me))


def _faults(config: TelegramConfig) -> list[str]:
    if config.mode == "webhook" and not config.webhook_url:
        return [
            said(
                "telegram.webhook_url: say where Telegram reaches this machine: https://…",
                "telegram.webhook_url：要写 Telegram 从外面怎么访问这台机器，https://…",
            )
        ]
    return []


def _remarks(me: User) -> list[str]:
    """Return where the bot is to be found, and what @BotFather may still be told."""
    at = f"https://t.me/{me.username}"
    told = [
        said(
            f"telegram: @{me.username}; start it: {at}; into a group: {at}?startgroup=true",
            f"telegram：@{me.username}；开始：{at}；拉进群：{at}?startgroup=true",
        )
    ]
    if not me.can_read_all_group_messages:
        told.append(
            said(
                "telegram: privacy mode is on: in groups it hears /draw, answers to it, and "
                "@username; to be called by name, /setprivacy at @BotFather",
                "telegram：隐私模式开着：群里只听得到 /draw、对它的回复和 @用户名；"
                "想叫名字就在 @BotFather 那里 /setprivacy 关掉",
            )
        )
    if not me.supports_inline_queries:
        told.append(
            said(
                "telegram: inline mode is off: /setinline and /setinlinefeedback at @BotFather",
                "telegram：内联模式没开：在 @BotFather 那里 /setinline 和 /setinlinefeedback",
            )
        )
    return told
