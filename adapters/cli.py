"""The command line. Heavy imports wait for the command that needs them."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from adapters.locale import said

DONE, REFUSED, USAGE = 0, 1, 2
"""Exit codes."""

Command = Callable[[argparse.Namespace], int]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = _parser().parse_args(argv)
    command: Command = arguments.command
    from adapters.terms import in_words, tellable

    try:
        return command(arguments)
    except tellable() as error:
        for line in in_words(error):
            print(line, file=sys.stderr)
        return REFUSED
    except KeyboardInterrupt:
        return DONE
    except BrokenPipeError:  # whoever read us has left; keep the interpreter from saying so
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="danqing",
        description=said("Danqing, a drawing studio for chat groups", "丹青：聊天群里的画室"),
    )
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help=said("the data folder (default: data/)", "数据目录（默认 data/）"),
    )
    json = argparse.ArgumentParser(add_help=False)
    json.add_argument(
        "--json", action="store_true", help=said("JSON, a line each", "每行一个 JSON")
    )
    commands = parser.add_subparsers(required=True, metavar=said("COMMAND", "命令"))

    def add(
        name: str, words: str, run: Command, *parents: argparse.ArgumentParser
    ) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=words, description=words, parents=[shared, *parents])
        made.set_defaults(command=run)
        return made

    add("run", said("start what config.toml enables", "启动 config.toml 里开启的平台"), _run)
    chat = add("chat", said("the studio in the terminal", "终端里的画室"), _chat, json)
    chat.add_argument("--user", metavar="NAME", help=said("who types", "谁在说话"))
    draw = add("draw", said("one request, start to end", "画一次就走"), _draw, json)
    draw.add_argument("text", nargs="+", help=said("what to draw", "要画什么"))
    draw.add_argument("--out", type=Path, metavar="FILE", help=said("copy to", "另存为"))
    draw.add_argument("--seed", metavar="N", help=said("seed of the first", "第一张的种子"))
    for name, metavar, words in (
        ("source", "FILE", said("the picture to draw on", "在哪张图上画")),
        ("mask", "FILE", said("where to draw anew: white", "重画哪里：白色的地方")),
    ):
        draw.add_argument(f"--{name}", type=Path, metavar=metavar, help=words)
    for name, metavar, words in (
        ("strength", "0-1", said("how much is drawn anew", "重画多少")),
        ("expand", "N|L,U,R,D", said("margins to add, pixels", "向外扩画多少像素：左,上,右,下")),
        ("hires", "1-4", said("how much larger", "放大几倍")),
    ):
        draw.add_argument(f"--{name}", metavar=metavar, help=words)
    draw.add_argument(
        "--fast", action="store_true", help=said("sooner, a little less alike", "更快，略有差别")
    )
    draw.add_argument("--user", metavar="NAME", help=argparse.SUPPRESS)
    parse = add("parse", said("the request in a sentence, as JSON", "把一句话读成请求"), _parse)
    parse.add_argument(
        "text", nargs="*", help=said("else: lines of standard input", "不写就逐行读")
    )
    for name, words, run in (
        ("jobs", said("what was asked for", "任务列表"), _jobs),
        ("history", said("what was drawn", "作品列表"), _history),
    ):
        listing = add(name, words, run, json)
        listing.add_argument(
            "--limit", type=int, default=50, metavar="N", help=said("newest N", "最新 N 条")
        )
    add("styles", said("the styles", "画风列表"), _styles, json)
    add("models", said("the models", "模型列表"), _models, json)
    add("loras", said("the LoRAs, and what each fits", "LoRA 列表"), _loras, json)
    add("check", said("find faults in config, models and styles", "检查配置、模型和画风"), _check)
    bench = add("bench", said("measure this machine", "测一测这台机器"), _bench, json)
    bench.add_argument(
        "what", choices=["knee"], help=said("rows of a batch that pay", "一批多少行合算")
    )
    bench.add_argument("--model", metavar="M", help=said("else: the first", "不写就是第一个"))
    engine = add("engine", said("the engine process by itself", "单独运行引擎进程"), _engine)
    engine.add_argument(
        "--listen", metavar="ADDRESS", help=said("as unix:/path", "例如 unix:/路径")
    )
    return parser


def _run(arguments: argparse.Namespace) -> int:
    from adapters.serve import run

    return run(arguments.data)


def _chat(arguments: argparse.Namespace) -> int:
    from adapters.serve import chat

    return chat(arguments.data, user=arguments.user, json=arguments.json)


def _draw(arguments: argparse.Namespace) -> int:
    from adapters.serve import draw

    text = " ".join(arguments.text)
    said_too = {name: getattr(arguments, name) for name in ("seed", "strength", "expand", "hires")}
    text += "".join(f" --{name} {value}" for name, value in said_too.items() if value is not None)
    text += " --fast" if arguments.fast else ""
    return draw(
        arguments.data,
        text,
        {role: path for role in ("source", "mask") if (path := getattr(arguments, role))},
        out=arguments.out,
        user=arguments.user,
        json=arguments.json,
    )


def _parse(arguments: argparse.Namespace) -> int:
    from adapters.listing import parse

    return parse(" ".join(arguments.text) if arguments.text else None)


def _jobs(arguments: argparse.Namespace) -> int:
    from adapters.listing import jobs

    return jobs(arguments.data, arguments.limit, json=arguments.json)


def _history(arguments: argparse.Namespace) -> int:
    from adapters.listing import history

    return history(arguments.data, arguments.limit, json=arguments.json)


def _styles(arguments: argparse.Namespace) -> int:
    from adapters.listing import styles

    return styles(json=arguments.json)


def _models(arguments: argparse.Namespace) -> int:
    from adapters.listing import models

    return models(json=arguments.json)


def _loras(arguments: argparse.Namespace) -> int:
    from adapters.listing import loras

    return loras(json=arguments.json)


def _check(arguments: argparse.Namespace) -> int:
    from adapters.listing import check

    return check(arguments.data)


def _bench(arguments: argparse.Namespace) -> int:
    from adapters.bench import knee

    return knee(arguments.data, arguments.model, json=arguments.json)


def _engine(arguments: argparse.Namespace) -> int:
    from adapters.serve import engine

    return engine(arguments.listen)


if __name__ == "__main__":
    sys.exit(main())
