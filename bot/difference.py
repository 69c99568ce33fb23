"""What a picture's request changed in that of the picture it came from, in few words."""

from bot.receipt import SHAPES
from bot.request import Request
from bot.sheet import difference as rewording
from bot.wording import say


def difference(before: Request, after: Request) -> str:
    """Return what was changed, as －猫 ＋狗; never empty."""
    told = _ways(before, after)
    if after.prompt != before.prompt:
        told.append(rewording(before.prompt, after.prompt) or after.prompt)
    if after.styles != before.styles:
        told.append("＋".join(after.styles) or say("不用风格"))
    here = " ".join(told)
    avoided = [thing for thing in after.avoid.split(",") if thing not in before.avoid.split(",")]
    told += [say("不要{thing}", thing=thing) for thing in avoided if f"－{thing}" not in here]
    if not told and after.aspect != before.aspect:
        told.append(_shape(after.aspect))
    return " ".join(told) or (say("再来一张") if after.seed != before.seed else say("再画一次"))


def _ways(before: Request, after: Request) -> list[str]:
    """Return how it was drawn, where that is another way."""
    told: list[str] = []
    if after.mask and after.mask != before.mask:
        told.append(say("局部重画"))
    elif after.expand is not None and after.expand != before.expand:
        told.append(say("扩展"))
    elif after.source and after.source != before.source:
        told.append(say("变化"))
    if after.upscale > before.upscale:
        told.append(say("放大 {scale}×", scale=after.upscale // before.upscale))
    return told


def _shape(aspect: str | None) -> str:
    shape = SHAPES.get(aspect or "")
    return say(shape) if shape else aspect or say("换形状")
