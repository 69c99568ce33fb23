"""长卷: what a part is drawn on, and that it comes out as large as it was asked for."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.event import Chat, Image
from bot.game.scroll import Scroll
from bot.play import take
from bot.policy import PolicyConfig, settle
from bot.request import Request
from bot.session import Hanging, Hung, Member, Say, Session, Step, Terms
from bot.size import ModelShape
from bot.start import SessionConfig, start
from bot.style import Styles
from generation.recipe import Expand

STYLES = Styles.load()
EMBEDDED = ModelShape(native_px=256, multiple_px=64, max_px=512)
LARGE = ModelShape(native_px=512, multiple_px=64, max_px=1024)
LARGER = ModelShape(native_px=1024, multiple_px=64, max_px=2048)
UNKNOWN = ModelShape()
SHAPES = st.sampled_from([EMBEDDED, LARGE, LARGER, UNKNOWN])
ASPECTS = st.sampled_from([None, "1:1", "3:2", "16:9", "21:9", "2:3", "9:16"])
SIDES = st.one_of(st.none(), st.integers(64, 2048))


def session(game: Scroll, theme: Request) -> Session:
    return Session(
        id=1,
        chat=Chat("chat", "群", group=True),
        place=Chat("chat", "群", group=True),
        host="chat:甲",
        members=(Member(key="chat:甲", name="甲"),),
        theme="雨",
        request=theme,
        terms=Terms(),
        game=game,
        opened_at=0.0,
    )


def drawn(game: Scroll, theme: Request, shape: ModelShape) -> tuple[Request, Request]:
    """Return the first two parts of a scroll as they are drawn."""
    config = PolicyConfig(models={"mini": shape})
    played = session(game, theme)
    first = settle(game.request(played, "石桥", None), STYLES, config)
    assert first.width and first.height  # noqa: PT018  one thing: it is settled
    left, upper, right, lower = game.cut(first.width, first.height)
    canvas = Image(role="source", sha256="c" * 64, width=right - left, height=lower - upper)
    step = Step(mark=1, member="chat:甲", words="石桥", artworks=(1,), job_id=1, canvas=canvas)
    played = replace(played, steps=(step,), marks=1)
    assert game.overlap(played) == canvas.width
    return first, settle(game.request(played, "小船", step), STYLES, config)


@given(SHAPES, ASPECTS, SIDES, SIDES, st.sampled_from([Scroll(), Scroll(leftwards=True)]))
def test_no_part_is_scaled_and_each_goes_on(
    shape: ModelShape, aspect: str | None, width: int | None, height: int | None, game: Scroll
) -> None:
    theme = Request(prompt="雨", aspect=aspect, width=width, height=height, upscale=2)
    first, second = drawn(game, theme, shape)
    assert first.width and first.height and second.width  # noqa: PT018  they are settled
    assert second.source_px and second.expand  # noqa: PT018
    overlap, tall = second.source_px
    new = second.expand.left if game.leftwards else second.expand.right
    assert second.height == tall == first.height
    assert second.expand == (Expand(left=new) if game.leftwards else Expand(right=new))
    assert second.width == overlap + new
    assert new >= overlap
    assert second.width % shape.multiple_px == 0
    assert second.upscale == 1
    assert second.notes == ()
    assert first.width >= first.height


@pytest.mark.parametrize(
    ("shape", "overlap", "new"), [(EMBEDDED, 32, 224), (LARGE, 256, 256), (LARGER, 512, 512)]
)
def test_how_much_a_part_sees_of_the_last(shape: ModelShape, overlap: int, new: int) -> None:
    _, second = drawn(Scroll(), Request(prompt="雨", seed=7), shape)
    assert second.source_px
    assert second.source_px[0] == overlap
    assert second.expand == Expand(right=new)
    assert second.prompt == "雨，(小船:1.3)"
    assert second.seed == 8  # the same noise would draw the same again


def test_where_it_grows_to_is_said_with_the_theme() -> None:
    def opened(said: str) -> tuple[str, bool]:
        wanted = start(said, STYLES, SessionConfig())
        assert isinstance(wanted.game, Scroll)
        return wanted.theme, wanted.game.leftwards

    assert opened("长卷 江南烟雨，水墨风，向左，8 段") == ("江南烟雨", True)
    assert opened("长卷 向左展开，江南烟雨") == ("江南烟雨", True)
    assert opened("长卷 江南烟雨 向右") == ("江南烟雨", False)
    assert opened("长卷 江南烟雨") == ("江南烟雨", False)
    assert opened("长卷 向左看的猫") == ("向左看的猫", False)
    assert opened("scroll misty canals, leftwards") == ("misty canals", True)
    assert Scroll(leftwards=True, at="chat:甲").anew() == Scroll(leftwards=True)


@pytest.mark.parametrize(("width", "file"), [(2600, True), (1500, False)])
def test_a_long_scroll_goes_out_as_a_file(width: int, *, file: bool) -> None:
    step = Step(mark=1, member="chat:甲", words="石桥", artworks=(1,), job_id=1)
    over = replace(session(Scroll(), Request(prompt="雨")), steps=(step,), phase="closing")
    over = over.exhibited("finale")
    plates = (Hanging("pan.gif", 900, 500), Hanging("scroll.png", width, 759))
    _, said = take(over, Hung(over.exhibits[0].mark, plates), 9.0)
    assert [one.file for one in said if isinstance(one, Say) and one.plate] == [False, file]
