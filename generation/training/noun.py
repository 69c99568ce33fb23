"""What a scene can hold: nouns with their emoji and measure words, so many, in a colour."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Noun:
    """One kind of thing that can be drawn."""

    name: str
    """What people call it; the Chinese name of the emoji, shortened to what is said in a chat."""
    emoji: str
    """The glyph of Noto Color Emoji that it is drawn with."""
    measures: str = "只"
    """Measure words of one character each, the usual one first."""
    aliases: tuple[str, ...] = ()
    """Other names of it; used now and then."""


def _noun(name: str, emoji: str, measures: str = "只", *aliases: str) -> Noun:
    return Noun(name=name, emoji=emoji, measures=measures, aliases=aliases)


NOUNS: dict[str, Noun] = {
    noun.name: noun
    for noun in (
        _noun("企鹅", "🐧", "只", "小企鹅"),
        _noun("猫", "🐱", "只", "小猫", "猫咪"),
        _noun("狗", "🐶", "只", "小狗"),
        _noun("兔子", "🐰", "只", "小兔子", "兔"),
        _noun("熊猫", "🐼", "只", "大熊猫"),
        _noun("老虎", "🐯", "只", "虎"),
        _noun("狐狸", "🦊", "只", "小狐狸"),
        _noun("马", "🐎", "匹", "小马"),
        _noun("牛", "🐄", "头", "奶牛"),
        _noun("猪", "🐷", "只头", "小猪"),
        _noun("鸡", "🐓", "只", "公鸡"),
        _noun("鸭子", "🦆", "只", "小鸭子", "鸭"),
        _noun("鸟", "🐦", "只", "小鸟"),
        _noun("猫头鹰", "🦉", "只"),
        _noun("大象", "🐘", "头只", "象"),
        _noun("鱼", "🐟", "条", "小鱼"),
        _noun("鲸鱼", "🐳", "头条只", "鲸"),
        _noun("海豚", "🐬", "只条"),
        _noun("章鱼", "🐙", "只"),
        _noun("螃蟹", "🦀", "只"),
        _noun("乌龟", "🐢", "只", "海龟"),
        _noun("蝴蝶", "🦋", "只"),
        _noun("蜜蜂", "🐝", "只", "小蜜蜂"),
        _noun("龙", "🐉", "条", "中国龙"),
        _noun("树", "🌳", "棵", "大树"),
        _noun("花", "🌸", "朵", "樱花"),
        _noun("玫瑰", "🌹", "朵枝", "玫瑰花"),
        _noun("向日葵", "🌻", "朵棵"),
        _noun("蘑菇", "🍄", "朵个"),
        _noun("苹果", "🍎", "个"),
        _noun("西瓜", "🍉", "块个"),
        _noun("草莓", "🍓", "颗个"),
        _noun("蛋糕", "🎂", "个块", "生日蛋糕"),
        _noun("汽车", "🚗", "辆", "小汽车", "车"),
        _noun("飞机", "✈️", "架"),
        _noun("火箭", "🚀", "枚个"),
        _noun("船", "⛵", "艘条只", "帆船"),
        _noun("房子", "🏠", "座间个", "小屋"),
        _noun("月亮", "🌙", "个轮", "弯月"),
        _noun("太阳", "☀️", "个轮"),
        _noun("雪人", "⛄", "个"),
        _noun("气球", "🎈", "个只"),
        _noun("雨伞", "☂️", "把", "伞"),
        _noun("灯笼", "🏮", "盏个"),
    )
}

COLOURS = ("红", "蓝", "绿", "黄", "紫", "黑", "白", "粉")
"""Colours that a thing or a plain background can have, as one character."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """Some of one noun, all alike."""

    noun: str
    count: int
    """From 1 to 4."""
    colour: str | None = None
    """One of COLOURS, or None for the glyph's own."""
