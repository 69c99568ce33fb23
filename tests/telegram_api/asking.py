"""The methods that ask who, what and where, and those that say what the bot can do."""

import re
from collections import defaultdict
from typing import cast

from tests.telegram_api import body
from tests.telegram_api.body import Method
from tests.telegram_api.params import Params
from tests.telegram_api.refusal import Json, bad
from tests.telegram_api.world import World

COMMAND = re.compile(r"[a-z0-9_]{1,32}")
SCOPES: dict[str, set[str]] = defaultdict(
    set,
    {
        "chat": {"chat_id"},
        "chat_administrators": {"chat_id"},
        "chat_member": {"chat_id", "user_id"},
    },
)
SIMPLE_SCOPES = {
    "default", "all_private_chats", "all_group_chats", "all_chat_administrators",
}  # fmt: skip


def get_me(world: World, _params: Params) -> Json:
    return {
        **world.bot.raw,
        "can_join_groups": True,
        "can_read_all_group_messages": world.setting.can_read_all,
        "supports_inline_queries": world.setting.supports_inline,
        "can_connect_to_business": False,
        "has_main_web_app": False,
        "has_topics_enabled": False,
        "allows_users_to_create_topics": False,
        "can_manage_bots": False,
        "supports_guest_queries": False,
        "supports_join_request_queries": False,
    }


def get_chat(world: World, params: Params) -> Json:
    chat = body.chat_of(world, params)
    if not chat.private:
        chat.check_open()
    full: Json = {
        **chat.raw,
        "accent_color_id": 0,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys(
            (
                "unlimited_gifts",
                "limited_gifts",
                "unique_gifts",
                "premium_subscription",
                "gifts_from_channels",
            ),
            False,
        ),
    }
    portrait = world.portrait(chat.id)
    if portrait is not None:
        full["photo"] = {
            f"{name}_file_{field}": stored.file_id if field == "id" else stored.unique_id
            for name, stored in (("small", portrait.files[0]), ("big", portrait.largest))
            for field in ("id", "unique_id")
        }
    if chat.pinned:
        pinned = dict(chat.pinned[-1].raw)
        pinned.pop("reply_to_message", None)
        full["pinned_message"] = pinned
    if chat.kind in {"group", "supergroup"}:
        full["permissions"] = {
            "can_send_messages": "text" not in chat.forbids,
            "can_send_photos": not {"photos", "media"} & chat.forbids,
            "can_send_documents": not {"documents", "media"} & chat.forbids,
        }
    return full


def get_chat_member(world: World, params: Params) -> Json:
    chat = body.chat_of(world, params)
    chat.check_open()
    user_id = params.integer("user_id")
    if user_id is None or user_id not in world.users:
        raise bad("invalid user_id specified", benign=True)
    if user_id not in chat.users:
        return {"status": "left", "user": world.users[user_id].raw}
    return chat.member(user_id)


def get_chat_administrators(world: World, params: Params) -> list[Json]:
    chat = body.chat_of(world, params)
    chat.check_open()
    if chat.private:
        raise bad("there are no administrators in the private chat")
    admins = chat.members("creator", "administrator")
    return [chat.member(user) for user in admins if not chat.users[user].is_bot]


def get_chat_member_count(world: World, params: Params) -> int:
    chat = body.chat_of(world, params)
    chat.check_open()
    return len(chat.members("creator", "administrator", "member"))


def get_user_profile_photos(world: World, params: Params) -> Json:
    user_id = params.integer("user_id")
    if user_id is None or user_id not in world.users:
        raise bad("user not found", benign=True)
    portrait = world.portrait(user_id)
    limit = params.integer("limit")
    if limit is not None and not 1 <= limit <= 100:
        raise bad("limit must be 1-100")
    if portrait is None or (params.integer("offset") or 0) > 0:
        return {"total_count": 0 if portrait is None else 1, "photos": []}
    return {"total_count": 1, "photos": [portrait.raw["photo"]]}


def get_file(world: World, params: Params) -> Json:
    return world.files.lend(params.text("file_id"))


def set_my_commands(world: World, params: Params) -> bool:
    commands = cast("list[Json]", params.array("commands"))
    if len(commands) > 100:
        raise bad("BOT_COMMANDS_TOO_MUCH")
    for command in commands:
        if not COMMAND.fullmatch(str(command.get("command", ""))):
            raise bad("BOT_COMMAND_INVALID")
        if not 1 <= len(str(command.get("description", ""))) <= 256:
            raise bad("BOT_COMMAND_DESCRIPTION_INVALID")
    key = _scope(world, params)
    if commands:
        world.commands[key] = commands
    else:
        world.commands.pop(key, None)
    return True


def get_my_commands(world: World, params: Params) -> list[Json]:
    return world.commands.get(_scope(world, params), [])


def delete_my_commands(world: World, params: Params) -> bool:
    world.commands.pop(_scope(world, params), None)
    return True


def _scope(world: World, params: Params) -> tuple[str, str]:
    scope = params.mapping("scope") or {"type": "default"}
    kind = str(scope.get("type"))
    if kind not in SIMPLE_SCOPES and kind not in SCOPES:
        raise bad(f"can't parse BotCommandScope: unsupported type {kind}")
    if scope.keys() - {"type"} != SCOPES[kind]:
        raise bad(f"can't parse BotCommandScope: {kind} needs {sorted(SCOPES[kind])}")
    if "chat_id" in scope:
        world.chat(scope["chat_id"]).check_open()
    language = params.text("language_code")
    if language and not re.fullmatch(r"[a-z]{2}", language):
        raise bad("invalid language code specified")
    joined = "/".join(str(scope[name]) for name in ("type", "chat_id", "user_id") if name in scope)
    return joined, language


METHODS: dict[str, Method] = {
    "getMe": get_me,
    "getChat": get_chat,
    "getChatMember": get_chat_member,
    "getChatAdministrators": get_chat_administrators,
    "getChatMemberCount": get_chat_member_count,
    "getUserProfilePhotos": get_user_profile_photos,
    "getFile": get_file,
    "setMyCommands": set_my_commands,
    "getMyCommands": get_my_commands,
    "deleteMyCommands": delete_my_commands,
}
