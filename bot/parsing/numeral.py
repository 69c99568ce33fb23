"""Numbers as people write them: 12, 两, 十二, 三百零五, 1万."""

_DIGITS = {character: value for value, character in enumerate("零一二三四五六七八九")} | {
    "〇": 0,
    "两": 2,
}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_WAN = 10_000

NUMERAL = r"(?:\d{1,20}万?|[零〇一二两三四五六七八九十百千万]{1,9})"
"""A regular expression for what number() reads, in folded text."""


_POINT = "点"
HAN = "[零〇一二两三四五六七八九十百千万]"
REAL = rf"(?:\d{{1,9}}(?:\.\d{{1,9}})?|{HAN}{{1,9}}(?:{_POINT}{HAN}{{1,4}})?)"
"""The same for what real() reads."""


def real(text: str) -> float:
    """Return the number that the numeral means, which may have a fraction: 7.5, 七点五.

    Raises:
        ValueError: This is no numeral.
    """
    whole, point, fraction = text.partition(_POINT)
    if not point:
        return float(text) if text[:1] in "-.0123456789" else number(text)
    return number(whole) + float("0." + "".join(str(number(digit)) for digit in fraction))


def number(text: str) -> int:
    """Return the number that the numeral means.

    Raises:
        ValueError: This is no numeral.
    """
    head, wan, tail = text.partition("万")
    if wan:
        return number(head) * _WAN + (number(tail) if tail else 0)
    if text.isascii():
        return int(text)
    return _below_wan(text)


def _below_wan(text: str) -> int:
    total = 0
    digit: int | None = None
    for character in text:
        if character in _UNITS:
            total += _UNITS[character] * (1 if digit is None else digit)
            digit = None
        elif character in _DIGITS:
            digit = (digit or 0) * 10 + _DIGITS[character]
        else:
            raise ValueError(f"no numeral: {text}")
    return total + (digit or 0)
