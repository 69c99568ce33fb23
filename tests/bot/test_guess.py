"""A guessing game as a machine: what is right, what comes up, and that it ends."""

from dataclasses import replace

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bot.errors import NotNow
from bot.game.guess import MOST_ROUNDS, Guess
from bot.game.match import graded, orders
from bot.game.riddle import Riddle, Table, alone, knows, riddle
from bot.session import Pressed, Reveal, Score, Spoke, Turn
from bot.style import Style
from bot.veil import veiled
from generation.mini.caption import BACKDROPS
from generation.mini.noun import COLOURS, NOUNS
from tests.bot.machine import KEYS, Machine, opened

CAT = Riddle(text="猫", parts=(("猫", "小猫", "猫咪"),))
PENGUIN = Riddle(
    text="雪地里的企鹅", parts=(("雪地里", "雪地上", "雪中", "雪地"), ("企鹅", "小企鹅"))
)
TABLES: tuple[Table, ...] = ("easy", "normal", "hard", "poem")


@pytest.mark.parametrize(
    ("guess", "one", "grade"),
    [
        ("猫", CAT, "right"),
        ("我猜是一只猫吧！", CAT, "right"),
        ("是不是小貓？", CAT, "right"),
        (" ＣＡＴ ", CAT, "wrong"),
        ("mao", CAT, "sound"),
        ("小毛", CAT, "sound"),
        ("毛", CAT, "wrong"),
        ("熊猫", CAT, "wrong"),
        ("猫和狗", CAT, "wrong"),
        ("企鹅在雪地里", PENGUIN, "right"),
        ("一只小企鹅，雪地", PENGUIN, "right"),
        ("起鹅在雪地", PENGUIN, "sound"),
        ("企鹅", PENGUIN, "near"),
        ("草地上的企鹅", PENGUIN, "near"),
        ("雪人", PENGUIN, "wrong"),
        ("画蛇添足", alone("画蛇添足"), "right"),
        ("話蛇添足", alone("画蛇添足"), "sound"),
        ("huashetianzu", alone("画蛇添足"), "sound"),
        ("画蛇", alone("画蛇添足"), "near"),
        ("画龙点睛", alone("画蛇添足"), "wrong"),
        ("床前明月光", alone("床前明月光"), "right"),
        ("明月光", alone("床前明月光"), "near"),
        ("", CAT, "wrong"),
        ("！？😀", CAT, "wrong"),
        ("猫" * 10_000, CAT, "wrong"),
    ],
)
def test_how_good_a_guess_is(guess: str, one: Riddle, grade: str) -> None:
    assert graded(guess, one) == grade


@given(st.text(max_size=30))
def test_any_words_can_be_said(said: str) -> None:
    assert graded(said, PENGUIN) in {"right", "sound", "near", "wrong"}
    orders(said)


@given(st.sampled_from(TABLES), st.integers(0, 2**63 - 1))
def test_no_word_comes_twice_and_each_is_guessed_by_itself(table: Table, seed: int) -> None:
    used: list[str] = []
    for _ in range(MOST_ROUNDS):
        one = riddle(table, seed, used)
        assert one is not None
        assert one.text not in used
        assert graded(one.text, one) == "right"
        assert one == riddle(table, seed, used)
        used.append(one.text)
    assert riddle(table, seed, ()) != riddle(table, seed, used)


def test_the_embedded_model_knows_the_words_that_it_is_asked_for() -> None:
    nouns = {name for noun in NOUNS.values() for name in noun.names}
    places = {name for place, ways in BACKDROPS.items() for name in (place, *ways)}
    colours = {name for colour, ways in COLOURS.items() for name in (colour, *ways)}
    for seed in range(300):
        (easy,) = [riddle("easy", seed, ())]
        assert easy is not None
        assert set(easy.parts[0]) <= nouns
        (pair,) = [riddle("normal", seed, ())]
        assert pair is not None
        assert {name for part in pair.parts for name in part} <= nouns | places | colours
        assert knows(easy.text)
        assert knows(pair.text)


@pytest.mark.parametrize(
    ("said", "rest", "table", "goal"),
    [
        (" 水墨风，8 轮", " 水墨风，8 轮", "easy", 0),
        (" 成语，水墨风", "水墨风", "hard", 0),
        (" 水墨风 古诗 5题", "水墨风，5轮", "poem", 0),
        (" 15 分，每题 2 分钟", "每题2分钟，16轮", "easy", 15),
        (" 先到十分 3 轮", "3轮", "easy", 10),
        (" 每轮 2 分", "每轮2分", "easy", 0),
        (" 普通人的一天", "普通人的一天", "easy", 0),
    ],
)
def test_how_hard_it_is_and_how_far_it_goes_is_said_with_the_theme(
    said: str, rest: str, table: Table, goal: int
) -> None:
    left, game = Guess.read(said)
    bare = left.replace(" ", "").strip("，")
    assert (bare, game.table, game.goal) == (rest.replace(" ", ""), table, goal)


def test_idioms_and_poems_take_a_model_that_knows_them() -> None:
    mini, other = Style(name="彩绘", model="mini"), Style(name="工笔", model="sdxl", steps=30)
    with pytest.raises(NotNow, match="画不了成语"):
        Guess(table="hard").suited(mini)
    suited = Guess(table="hard").suited(other)
    assert (suited.small, suited.steps) == (False, 30)
    assert suited.anew() == suited


def test_noise_hides_a_picture_the_same_each_time() -> None:
    image = Image.new("RGB", (96, 64), "red")
    image.paste("white", (20, 20, 60, 60))
    assert veiled(image, 0.0, "a") is image
    assert veiled(image, 0.5, "a") == veiled(image, 0.5, "a")
    assert veiled(image, 0.5, "a") != veiled(image, 0.5, "b")
    assert veiled(image, 0.5, "a").size == image.size


# ── whatever happens ────────────────────────────────────────────────────────────────────────────

PEOPLE = st.sampled_from(KEYS)
VALUES = st.sampled_from(
    [
        "word",
        "whisper",
        "whisper",
        "join",
        "leave",
        "skip",
        "skip",
        "undo",
        "pause",
        "resume",
        "lock",
    ]
)


def game_of(table: Machine) -> Guess:
    assert isinstance(table.session.game, Guess)
    return table.session.game


def says(table: Machine, key: str, *, right: bool) -> None:
    """Somebody guesses."""
    game = game_of(table)
    word = game.round.riddle.text if right and game.round else "不是这个"
    spoke = Spoke(key=key, name=key, text=word, message="1")
    if game.wants(table.session, spoke):
        table.take(spoke)


def people() -> st.SearchStrategy[tuple[str, str, bool] | tuple[str, Turn] | bool]:
    """Yield what people do, and moments in which something happens by itself."""
    guesses = st.tuples(st.just("says"), PEOPLE, st.booleans())
    words = st.integers(0, 30).map("密语{}".format)
    pressed = st.builds(Pressed, key=PEOPLE, name=st.just("某"), value=VALUES, text=words)
    return st.one_of(guesses, st.tuples(st.just("does"), pressed), *[st.booleans()] * 4)


@settings(max_examples=120, deadline=None)
@given(
    turns=st.lists(people(), min_size=10, max_size=60),
    rounds=st.integers(1, 6),
    pictures=st.integers(1, 9),
)
def test_whatever_happens_it_ends_within_its_budget_and_nothing_is_lost(
    turns: list[tuple[str, str, bool] | tuple[str, Turn] | bool], rounds: int, pictures: int
) -> None:
    terms = replace(Guess.usual, turns=rounds, pictures=pictures)
    table = opened(Guess(), terms, looks=5, walls_fail=True)
    for turn in turns:
        match turn:
            case bool():
                table.goes_on("fails" if not turn and len(table.asked) % 3 == 0 else "well")
            case (_, str(key), right):
                says(table, key, right=right)
            case (_, happens):
                table.take(happens)
        kept = msgspec.to_builtins(game_of(table))
        assert msgspec.convert(kept, Guess) == game_of(table)
    table.ends()
    session = table.session
    assert session.phase == "closed"
    game, asked = game_of(table), [draw.mark for draw in table.asked]
    assert len(asked) == len(set(asked)) <= pictures
    assert all(draw.held for draw in table.asked)
    assert len(session.steps) == len(game.ends) <= rounds
    revealed = [one.mark for _, one in table.effects if isinstance(one, Reveal) and one.mark]
    assert revealed == [step.mark for step in session.steps]
    assert len(set(game.used)) == len(game.used)
    scores = [(one.member, one.points) for _, one in table.effects if isinstance(one, Score)]
    assert sorted(scores) == sorted(game.points.items())
    assert table.session.pending == ()
