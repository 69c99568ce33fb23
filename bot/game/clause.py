"""What may be said in a turn; pure."""

from bot.errors import NotNow
from bot.parsing.text import fold
from bot.session import MOST_CHARS, Session, Terms
from bot.wording import say


def clause(session: Session, text: str) -> str:
    """Return what is said in a turn, cleaned.

    Raises:
        NotNow: It is empty or too long, or breaks the session's rules for words.
    """
    said = " ".join(text.split())
    if not said:
        raise NotNow(say("一句空话可画不出来，说点什么吧"))
    if len(said) > MOST_CHARS:
        raise NotNow(say("太长了，一句最多 {most} 个字", most=MOST_CHARS))
    check_unwanted(session.terms, said)
    wanted = session.terms.wanted
    if wanted and not any(fold(word) in fold(said) for word in wanted):
        raise NotNow(say("这一局每句里要有：{words}", words=say("、").join(wanted)))
    return said


def check_unwanted(terms: Terms, said: str) -> None:
    """See that none of the words that nobody is to say is said, however it is written.

    Raises:
        NotNow: One is.
    """
    for word in terms.unwanted:
        if fold(word) in fold(said):
            raise NotNow(say("这一局说好了不用“{word}”，换一句吧", word=word))
