"""What one may do, as bits."""

BITS = {
    "CREATE_INSTANT_INVITE": 0, "KICK_MEMBERS": 1, "BAN_MEMBERS": 2, "ADMINISTRATOR": 3,
    "MANAGE_CHANNELS": 4, "MANAGE_GUILD": 5, "ADD_REACTIONS": 6, "VIEW_AUDIT_LOG": 7,
    "VIEW_CHANNEL": 10, "SEND_MESSAGES": 11, "SEND_TTS_MESSAGES": 12, "MANAGE_MESSAGES": 13,
    "EMBED_LINKS": 14, "ATTACH_FILES": 15, "READ_MESSAGE_HISTORY": 16, "MENTION_EVERYONE": 17,
    "USE_EXTERNAL_EMOJIS": 18, "CHANGE_NICKNAME": 26, "MANAGE_ROLES": 28, "MANAGE_WEBHOOKS": 29,
    "USE_APPLICATION_COMMANDS": 31, "MANAGE_THREADS": 34, "CREATE_PUBLIC_THREADS": 35,
    "CREATE_PRIVATE_THREADS": 36, "USE_EXTERNAL_STICKERS": 37, "SEND_MESSAGES_IN_THREADS": 38,
    "SEND_POLLS": 49, "USE_EXTERNAL_APPS": 50, "PIN_MESSAGES": 51, "BYPASS_SLOWMODE": 52,
}  # fmt: skip


def bits(*names: str) -> int:
    """Return permissions by their names."""
    unknown = set(names) - BITS.keys()
    assert not unknown, f"no such permissions: {sorted(unknown)}"
    return sum(1 << BITS[name] for name in set(names))


EVERYONE = bits(
    "CREATE_INSTANT_INVITE", "ADD_REACTIONS", "VIEW_CHANNEL", "SEND_MESSAGES", "EMBED_LINKS",
    "ATTACH_FILES", "READ_MESSAGE_HISTORY", "USE_EXTERNAL_EMOJIS", "CHANGE_NICKNAME",
    "USE_APPLICATION_COMMANDS", "CREATE_PUBLIC_THREADS", "CREATE_PRIVATE_THREADS",
    "USE_EXTERNAL_STICKERS", "SEND_MESSAGES_IN_THREADS", "SEND_POLLS", "USE_EXTERNAL_APPS",
)  # fmt: skip
ALL = sum(1 << bit for bit in BITS.values())
DIRECT = bits("EMBED_LINKS", "ATTACH_FILES", "MENTION_EVERYONE", "USE_EXTERNAL_EMOJIS")
"""What an app may do in a talk with it, as it is told."""
ABROAD = bits("EMBED_LINKS", "ATTACH_FILES", "USE_EXTERNAL_EMOJIS")
"""What an app may do in a server that it is not in, through somebody who installed it."""


def has(permissions: int, name: str) -> bool:
    """Say if one may do something; administrators may do all."""
    return bool(permissions & (1 << BITS[name] | 1 << BITS["ADMINISTRATOR"]))
