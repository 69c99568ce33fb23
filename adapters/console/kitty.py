"""Pictures by kitty's graphics protocol.

Source: https://sw.kovidgoyal.net/kitty/graphics-protocol/
"""

from base64 import b64encode

CHUNK = 4096
"""Most characters of payload in one escape."""


def to_kitty(png: bytes, columns: int, lines: int) -> str:
    """Return the escapes that show a PNG file as it is in so many cells; nothing answers them."""
    payload = b64encode(png).decode("ascii")
    chunks = [payload[start : start + CHUNK] for start in range(0, len(payload), CHUNK)]
    first = f"a=T,f=100,q=2,c={columns},r={lines},"
    return "".join(
        f"\x1b_G{first if n == 0 else 'q=2,'}m={int(n < len(chunks) - 1)};{chunk}\x1b\\"
        for n, chunk in enumerate(chunks)
    )
