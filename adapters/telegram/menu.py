"""The menu of commands that Telegram shows: by language, in private and in groups."""

import asyncio
import logging
import re
from collections.abc import Iterator, Mapping

from telegram import (
    Bot,
    BotCommand,
    BotCommandScope,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
)
from telegram.error import TelegramError

from adapters.telegram import fault
from adapters.telegram.inbound import PLATFORM
from bot.commands import COMMANDS
from bot.progress import spoken
from bot.role import Roles
from bot.wording import Language, later, say

log = logging.getLogger(__name__)

NAME = re.compile(r"[a-z0-9_]{1,32}")
LANGUAGES: Mapping[str, Language] = {"": "en", "zh": "zh"}
"""Of those whose Telegram speaks Chinese, and of all others."""
DRAW = (("draw", later("画一张画，后面说画什么")), ("hua", later("画一张画，和 /draw 一样")))
AGAIN_S, TRIES = 30.0, 5


class Menu:
    """Shows it, where it is not shown yet."""

    def __init__(self, bot: Bot, roles: Roles) -> None:
        self._bot = bot
        self._roles = roles

    async def show(self) -> None:
        """Have every menu be as it should; what cannot be is tried again, and given up then."""
        for _ in range(TRIES):
            try:
                for scope, operator in self._scopes():
                    for code, language in LANGUAGES.items():
                        await self._shown(scope, code, commands(language, operator=operator))
            except TelegramError as error:
                log.warning("telegram: the menu of commands is not shown: %s", error)
                await asyncio.sleep(fault.wait_of(error) or AGAIN_S)
            else:
                return

    def _scopes(self) -> Iterator[tuple[BotCommandScope, bool]]:
        """Yield where a menu is shown, and whether it is an operator's."""
        yield BotCommandScopeAllPrivateChats(), False
        yield BotCommandScopeAllGroupChats(), False
        for user in self._roles.operators:
            platform, _, id_ = user.partition(":")
            if platform == PLATFORM and id_.isdecimal():
                yield BotCommandScopeChat(int(id_)), True

    async def _shown(self, scope: BotCommandScope, code: str, wanted: list[BotCommand]) -> None:
        try:
            there = await self._bot.get_my_commands(scope, language_code=code or None)
            if list(there) != wanted:
                await self._bot.set_my_commands(wanted, scope, language_code=code or None)
        except TelegramError as error:
            # an operator who has never spoken to the bot has no chat to show it in
            if not (isinstance(scope, BotCommandScopeChat) and fault.says(error, fault.GONE)):
                raise


def commands(language: Language, *, operator: bool) -> list[BotCommand]:
    """Return the menu; Telegram takes names in small Latin letters only."""
    with spoken(language):
        found = [BotCommand(name, say(hint)) for name, hint in DRAW]
        for command in COMMANDS:
            name = next(filter(NAME.fullmatch, command.names), None)
            if name and command.listed and (operator or not command.operator):
                found.append(BotCommand(name, say(command.hint)))
    return found
