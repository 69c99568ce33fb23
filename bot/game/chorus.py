"""众笔: for a while everybody shouts words, and one picture is drawn of all of them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

from bot.errors import NotNow
from bot.game import rota
from bot.game.clause import check_unwanted
from bot.game.shout import MOST_CHARS, heard, orders
from bot.game.weight import weighed
from bot.session import (
    Caption,
    Game,
    Kind,
    Move,
    Pending,
    Say,
    Session,
    Spoke,
    Step,
    Terms,
    Wall,
)
from bot.wording import say

TIME = "words"
"""The timer until which words are shouted."""
MOST_WORDS, MOST_OWN, MOST_DRAWN = 40, 10, 12
"""Words that are kept; those that one member may bring; and those that are drawn."""
LEAST, MOST = 0.8, 1.5
"""Weights of words; one with as many voices as usual has 1."""
TRIES = 2
"""How often it is drawn, where that fails."""
ROWS, BARS = 8, 10
"""Words that have a line of their own on the board, and marks of such a line."""
ROW_CHARS = 58


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A word, and who wants it."""

    text: str
    voices: tuple[str, ...]
    """Keys of those who said it, each once, in order."""
    message: str = ""
    """In which it was said first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chorus(Game):
    """A chorus, and what was shouted in it."""

    kind: ClassVar[Kind] = "chorus"
    usual: ClassVar[Terms] = Terms(turns=1, turn_s=60.0)
    wall: ClassVar[Wall] = "grid"
    words: tuple[Word, ...] = ()
    """In the order in which they came."""
    last: tuple[str, ...] = ()
    """Those that were said last: a +1 means them."""
    prolonged: bool = False
    tries: int = 0

    def opened(self, session: Session, now: float) -> Move:
        """Let words be shouted."""
        seconds = session.terms.turn_s
        words = say(
            "众笔开局：{theme}\n{time}内想看见什么就喊什么，别人喊得好就 +1，到时合成一张画。"
            "（我没反应的话，回复这条消息喊）",
            theme=session.subject,
            time=rota.whole(seconds),
        )
        terms = replace(session.terms, turns=1, pictures=min(TRIES, session.terms.pictures))
        return replace(session, terms=terms).timed(TIME, now + seconds), [Say(text=words)]

    def wants(self, session: Session, spoke: Spoke) -> bool:
        """Return whether there are words in it, or it is said to the session itself."""
        if spoke.to == "session":
            return True
        if session.pending or (spoke.to == "bot" and orders(spoke.text)):
            return False
        said = heard(spoke.text)
        return bool(said.words) or said.plus

    def spoke(self, session: Session, spoke: Spoke, now: float) -> Move:
        """Take words, each with the voice of whoever says them."""
        del now
        if session.pending:
            raise NotNow(say("时间到了，正在画"))
        if len(spoke.text) > MOST_CHARS:
            raise NotNow(say("太长了，喊词就行，最多 {most} 个字", most=MOST_CHARS))
        check_unwanted(session.terms, spoke.text)
        said = heard(spoke.text)
        words = said.words or (self._meant(spoke.answers) if said.plus else ())
        if not words:
            raise NotNow(say("没听出能画的词，喊一样东西吧，例如：竹林"))
        game = self
        for word in words:
            game = game._raised(word, spoke)
        known = tuple(word for word in words if _found(game.words, word))
        if game == self:
            raise NotNow(say("这个你喊过了") if known else say("词够多了，给喜欢的 +1 吧"))
        return replace(session, game=replace(game, last=known)), []

    def _meant(self, message: str) -> tuple[str, ...]:
        """Return what a +1 means: the words of the message that it answers, or the last."""
        answered = tuple(word.text for word in self.words if message and word.message == message)
        return answered or self.last

    def _raised(self, text: str, spoke: Spoke) -> "Chorus":
        """Return the chorus with a voice for a word; as it was, if that is nothing new."""
        word = _found(self.words, text)
        if word is None:
            own = sum(one.voices[0] == spoke.key for one in self.words)
            if len(self.words) >= MOST_WORDS or own >= MOST_OWN:
                return self
            new = Word(text=text, voices=(spoke.key,), message=spoke.message)
            return replace(self, words=(*self.words, new))
        if spoke.key in word.voices:
            return self
        raised = replace(word, voices=(*word.voices, spoke.key))
        return replace(self, words=tuple(raised if one == word else one for one in self.words))

    @property
    def ranked(self) -> list[Word]:
        """The words, those with the most voices first."""
        return sorted(self.words, key=lambda word: -len(word.voices))

    def due(self, session: Session, name: str, now: float) -> Move:
        """Draw what was shouted; if nothing was, wait a little longer, once."""
        del name
        if self.words:
            return self._draw(session)
        if self.prolonged:
            return session.closed(say("没有人喊词")), []
        seconds = session.terms.turn_s / 2
        words = say("还没有人喊词，再等 {time}", time=rota.whole(seconds))
        session = replace(session, game=replace(self, prolonged=True))
        return session.timed(TIME, now + seconds), [Say(text=words)]

    def skipped(self, session: Session, by: str, now: float) -> Move:
        """Draw at once, if the host wants it."""
        del now
        session.check_host(by)
        if session.pending:
            raise NotNow(say("时间到了，正在画"))
        if not self.words:
            raise NotNow(say("还没有词可画，先喊几个"))
        return self._draw(session)

    def _draw(self, session: Session) -> Move:
        """Have the words drawn, as the host's."""
        if session.spent:
            return session.closed(session.spent), []
        request = replace(session.request, prompt=self._prompt(session))
        session = replace(session.untimed(TIME), game=replace(self, tries=self.tries + 1))
        words = say("、").join(word.text for word in self._drawn)
        after, draw = session.asked(session.host, words, request)
        return after, [draw]

    @property
    def _drawn(self) -> list[Word]:
        return self.ranked[:MOST_DRAWN]

    def _prompt(self, session: Session) -> str:
        words = self._drawn
        usual = sum(len(word.voices) for word in words) / len(words)
        parts = [session.request.prompt, *session.terms.wanted]
        parts += [weighed(word.text, _weight(len(word.voices) / usual)) for word in words]
        return "，".join(part for part in parts if part)

    def drawn(self, session: Session, step: Step, now: float) -> Move:
        """Show the picture with whose words it was drawn of."""
        del now
        session = replace(session, steps=(*session.steps, step))
        people = {key for word in self.words for key in word.voices}
        why = say("{people} 个人喊了 {count} 个词", people=len(people), count=len(self.words))
        text = "\n".join([say("大家喊出来的画："), *self.credits(session)])
        shown = Say(text=text, artworks=step.artworks, job_id=step.job_id)
        return session.closed(why), [shown]

    def undrawn(self, session: Session, pending: Pending, words: str, now: float) -> Move:
        """Let more be shouted, and try again; not for ever."""
        del pending
        if self.tries >= TRIES:
            return session.closed(say("没画成：{words}", words=words)), []
        seconds = session.terms.turn_s / 2
        time = rota.whole(seconds)
        told = say("没画成：{words}。{time}后再画一次，还可以接着喊", words=words, time=time)
        return session.timed(TIME, now + seconds), [Say(text=told)]

    def told(self, session: Session, now: float) -> list[str]:
        """Return the words with their weight, and how long they may be shouted."""
        ranked = self.ranked
        rows = [word for word in ranked[:ROWS] if len(word.voices) > 1]
        lines = [f"{_counted(word)} {'▮' * min(len(word.voices), BARS)}" for word in rows]
        lines += _packed(map(_counted, ranked[len(rows) :]))
        if session.pending:
            return [*lines, f"🖌 {say('时间到了，正在画')}"]
        if TIME not in session.timers:
            return lines
        time = rota.lasting(session.timers[TIME] - now)
        if not lines:
            lines = [say("想看见什么就喊什么，例如：竹林")]
        return [*lines, f"⏳ {say('还有约 {time}', time=time)}"]

    def buttons(self, session: Session) -> list[tuple[str, str]]:
        """Return that the host may have it drawn now."""
        return [] if session.pending else [(say("🖌 现在就画"), "skip")]

    def captions(self, session: Session) -> list[Caption]:
        """Return the picture with all that it was drawn of."""
        words = say("、").join(map(_counted, self._drawn))
        return [Caption(artwork=step.artworks[-1], words=words) for step in session.steps]

    def authors(self, session: Session) -> list[str]:
        """Return who has shouted a word that was drawn."""
        keys = dict.fromkeys(key for word in self._drawn for key in word.voices)
        return [session.name_of(key) for key in keys]

    def credits(self, session: Session) -> list[str]:
        """Return who said what first, and how many wanted it."""
        return [
            say("{name}：{words}", name=session.name_of(word.voices[0]), words=_counted(word))
            for word in self._drawn
        ]


def _found(words: Iterable[Word], text: str) -> Word | None:
    return next((word for word in words if word.text == text), None)


def _weight(share: float) -> float:
    return round(max(LEAST, min(MOST, share)), 1)


def _counted(word: Word) -> str:
    return f"{word.text} ×{len(word.voices)}" if len(word.voices) > 1 else word.text


def _packed(words: Iterable[str]) -> Iterator[str]:
    """Yield lines with as many words as go in each."""
    line = ""
    for word in words:
        longer = f"{line}{say('、')}{word}" if line else word
        if len(longer) > ROW_CHARS:
            yield line
            longer = word
        line = longer
    if line:
        yield line
