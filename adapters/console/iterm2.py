"""Pictures by iTerm2's inline images, which WezTerm and others know too.

Source: https://iterm2.com/documentation-images.html
"""

from base64 import b64encode


def to_iterm2(png: bytes, columns: int, lines: int) -> str:
    """Return the escape that shows a PNG file as it is in so many cells."""
    payload = b64encode(png).decode("ascii")
    return (
        f"\x1b]1337;File=inline=1;size={len(png)};width={columns};height={lines};"
        f"preserveAspectRatio=1:{payload}\a"
    )
