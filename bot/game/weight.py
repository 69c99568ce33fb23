"""Words with a weight, as models read it."""


def weighed(words: str, weight: float) -> str:
    """Return words as a model reads their weight."""
    plain = words.replace("(", "（").replace(")", "）").replace(":", "：")
    return f"({plain}:{weight:g})" if weight != 1 else plain
