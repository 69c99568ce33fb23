"""The command line. Heavy imports wait for the command that needs them."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

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


class _Commands:
    """The commands, and what several of them take."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self.data = argparse.ArgumentParser(add_help=False)
        self.data.add_argument(
            "--data",
            type=Path,
            metavar="DIR",
            help=said("the data folder (default: data/)", "数据目录（默认 data/）"),
        )
        self.json = argparse.ArgumentParser(add_help=False)
        self.json.add_argument(
            "--json", action="store_true", help=said("JSON, a line each", "每行一个 JSON")
        )
        self._all = parser.add_subparsers(required=True, metavar=said("COMMAND", "命令"))

    def add(
        self, name: str, words: str, run: Command, *parents: argparse.ArgumentParser
    ) -> argparse.ArgumentParser:
        """Add a command, and return its parser."""
        made = self._all.add_parser(
            name, help=words, description=words, parents=[self.data, *parents]
        )
        made.set_defaults(command=run)
        return made

    def group(self, name: str, words: str) -> Any:
        """Add a command that has verbs, and return what they are added to."""
        made = self._all.add_parser(name, help=words, description=words)
        return made.add_subparsers(required=True, metavar=said("VERB", "动作"))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="danqing",
        description=said("Danqing, a drawing studio for chat groups", "丹青：聊天群里的画室"),
    )
    commands = _Commands(parser)
    _add_studio(commands)
    _add_draw(commands)
    _add_listings(commands)
    _add_keeping(commands)
    _add_style(commands)
    _add_model(commands)
    _add_machine(commands)
    _add_training(commands)
    _add_engine(commands)
    return parser


def _add_studio(commands: _Commands) -> None:
    words = said("start what config.toml enables", "启动 config.toml 里开启的平台")
    commands.add("run", words, _run)
    words = said("the studio in the terminal", "终端里的画室")
    chat = commands.add("chat", words, _chat, commands.json)
    chat.add_argument("--user", metavar="NAME", help=said("who types", "谁在说话"))


def _add_draw(commands: _Commands) -> None:
    words = said("one request, start to end", "画一次就走")
    draw = commands.add("draw", words, _draw, commands.json)
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
        ("upscale", "2|4", said("enlarge what is drawn", "画好再放大几倍")),
    ):
        draw.add_argument(f"--{name}", metavar=metavar, help=words)
    draw.add_argument(
        "--fast", action="store_true", help=said("sooner, a little less alike", "更快，略有差别")
    )
    draw.add_argument("--user", metavar="NAME", help=argparse.SUPPRESS)


def _add_listings(commands: _Commands) -> None:
    parse = commands.add(
        "parse", said("the request in a sentence, as JSON", "把一句话读成请求"), _parse
    )
    parse.add_argument(
        "text", nargs="*", help=said("else: lines of standard input", "不写就逐行读")
    )
    words = said("as in a group: only what addresses the bot", "当作群里的话：只听叫到它的")
    parse.add_argument("--group", action="store_true", help=words)
    words = said("what becomes of a prompt, as JSON", "看这句话能不能画")
    judge = commands.add("words", words, _words)
    judge.add_argument(
        "text", nargs="*", help=said("else: lines of standard input", "不写就逐行读")
    )
    for name, words, run in (
        ("jobs", said("what was asked for", "任务列表"), _jobs),
        ("history", said("what was drawn", "作品列表"), _history),
    ):
        listing = commands.add(name, words, run, commands.json)
        listing.add_argument(
            "--limit", type=int, default=50, metavar="N", help=said("newest N", "最新 N 条")
        )
    for name, words, run in (
        ("styles", said("the styles", "画风列表"), _styles),
        ("models", said("the models", "模型列表"), _models),
        ("loras", said("the LoRAs, and what each fits", "LoRA 列表"), _loras),
    ):
        commands.add(name, words, run, commands.json)


def _add_keeping(commands: _Commands) -> None:
    words = said("the data folder into one file, while it is in use", "备份数据目录，不用停")
    backup = commands.add("backup", words, _backup)
    backup.add_argument("file", type=Path, metavar="FILE")
    words = said("a backup into an empty data folder", "把备份恢复到空的数据目录")
    restore = commands.add("restore", words, _restore)
    restore.add_argument("file", type=Path, metavar="FILE")
    who = said("as platform:id, console:me", "平台:编号，例如 console:阿青")
    words = said("all that is kept of a user", "导出一个人的全部数据")
    export = commands.add("export", words, _export)
    export.add_argument("user", metavar="USER", help=who)
    export.add_argument(
        "--to", type=Path, metavar="DIR", required=True, help=said("a new folder", "新的文件夹")
    )
    words = said("remove all that is kept of a user", "删除一个人的全部数据")
    forget = commands.add("forget", words, _forget)
    forget.add_argument("user", metavar="USER", help=who)


def _add_training(commands: _Commands) -> None:
    from adapters.train import arrange

    words = said("teach a model your own style", "训练自己的画风")
    arrange(commands.add("train", words, _train))
    words = said("how well a model listens", "模型听得懂多少")
    evaluate = commands.add("eval", words, _eval)
    evaluate.add_argument("what", choices=["mini"], help=said("the embedded one", "内置模型"))
    evaluate.add_argument(
        "--model", type=Path, metavar="DIR", help=said("another of its recipe", "同配方的另一个")
    )
    evaluate.add_argument("--quick", action="store_true", help=said("fewer prompts", "少画一些"))
    evaluate.add_argument("--json", type=Path, metavar="FILE", help=said("also", "另存为 JSON"))


def _add_machine(commands: _Commands) -> None:
    words = said("find faults in config, models and styles", "检查配置、模型和画风")
    commands.add("check", words, _check)
    words = said("measure this machine", "测一测这台机器")
    bench = commands.add("bench", words, _bench, commands.json)
    bench.add_argument(
        "what", choices=["knee"], help=said("rows of a batch that pay", "一批多少行合算")
    )
    bench.add_argument("--model", metavar="M", help=said("else: the first", "不写就是第一个"))


def _add_engine(commands: _Commands) -> None:
    words = said("the engine process by itself", "单独运行引擎进程")
    engine = commands.add("engine", words, _engine)
    engine.add_argument(
        "--listen", metavar="ADDRESS", help=said("as unix:/path", "例如 unix:/路径")
    )


def _add_style(commands: _Commands) -> None:
    words = said("styles: add, list, samples, remove", "画风：add、list、samples、remove")
    verbs = commands.group("style", words)
    words = said("check a LoRA, draw with it, make a style of it", "检查 LoRA、试画、做成画风")
    add = verbs.add_parser("add", help=words, description=words, parents=[commands.data])
    add.set_defaults(command=_style_add)
    add.add_argument("file", type=Path, metavar="FILE", help="LoRA.safetensors")
    add.add_argument("--name", required=True, help=said("its name", "画风的名字"))
    add.add_argument("--alias", default="", help=said("other names: a,b", "别名：国风,墨韵"))
    add.add_argument("--weight", type=float, default=1.0, help=said("of the LoRA", "LoRA 的权重"))
    add.add_argument("--model", metavar="M", help=said("else: that it fits", "不写就是对得上的"))
    for name, kind in (
        ("phrase", str), ("avoid", str), ("steps", int), ("guidance", float), ("sampler", str),
        ("levels", str),
    ):  # fmt: skip
        metavar = "'{prompt}，水墨风'" if name == "phrase" else None
        add.add_argument(
            f"--{name}", type=kind, metavar=metavar, help=said("as in a style", "同画风文件")
        )
    add.add_argument("--prompt", default="一只猫", help=said("of the test picture", "试画什么"))
    add.add_argument("--seed", type=int, default=0, help=said("of the test picture", "试画的种子"))
    add.add_argument(
        "--replace", action="store_true", help=said("the style of this name", "换掉同名的")
    )
    words = said("all styles", "所有画风")
    listing = verbs.add_parser(
        "list", help=words, description=words, parents=[commands.data, commands.json]
    )
    listing.set_defaults(command=_styles)
    words = said("draw sample pictures of styles", "给画风画样图")
    samples = verbs.add_parser("samples", help=words, description=words, parents=[commands.data])
    samples.set_defaults(command=_style_samples)
    words = said("else: all that have none", "不写就是还没有样图的")
    samples.add_argument("names", nargs="*", metavar="NAME", help=words)
    words = said("else: in the data folder", "不写就在数据目录里")
    samples.add_argument("--to", type=Path, metavar="DIR", help=words)
    words = said("take one of yours out", "删掉一个自己的画风")
    remove = verbs.add_parser("remove", help=words, description=words, parents=[commands.data])
    remove.set_defaults(command=_style_remove)
    remove.add_argument("name", help=said("of the style", "画风的名字"))
    remove.add_argument("--delete", action="store_true", help=said("its LoRA too", "连 LoRA 文件"))


def _add_model(commands: _Commands) -> None:
    words = said("models on the disk: pack, convert", "磁盘上的模型：pack、convert")
    verbs = commands.group("model", words)
    words = said("the tar.gz that a model service takes", "打成模型服务要的 tar.gz")
    pack = verbs.add_parser("pack", help=words, description=words, parents=[commands.data])
    pack.set_defaults(command=_model_pack)
    pack.add_argument("dir", type=Path, metavar="DIR")
    pack.add_argument("--to", type=Path, metavar="FILE.tar.gz")
    words = said(".bin weights to safetensors, safely", "把 .bin 权重安全地转换成 safetensors")
    convert = verbs.add_parser("convert", help=words, description=words, parents=[commands.data])
    convert.set_defaults(command=_model_convert)
    convert.add_argument("dir", type=Path, metavar="DIR|FILE.bin")
    convert.add_argument(
        "--to", type=Path, metavar="DIR2", help=said("else: beside", "不写就在原处")
    )
    convert.add_argument(
        "--dtype", choices=["fp16", "bf16", "fp32"], help=said("else: kept", "不写不变")
    )
    convert.add_argument(
        "--delete",
        action="store_true",
        help=said("the pickles, when all is whole", "全部成功后删 .bin"),
    )


def _style_add(arguments: argparse.Namespace) -> int:
    import re

    from adapters.styling import Wish, add

    keys = ("phrase", "avoid", "steps", "guidance", "sampler", "levels")
    given = {key: getattr(arguments, key) for key in keys}
    wish = Wish(
        file=arguments.file,
        name=arguments.name,
        aliases=[alias.strip() for alias in re.split("[,，、]", arguments.alias) if alias.strip()],
        weight=arguments.weight,
        model=arguments.model,
        settings={key: value for key, value in given.items() if value is not None},
        prompt=arguments.prompt,
        seed=arguments.seed,
        replace=arguments.replace,
    )
    return add(arguments.data, wish)


def _style_samples(arguments: argparse.Namespace) -> int:
    from adapters.sampling import samples

    return samples(arguments.data, arguments.names, arguments.to)


def _style_remove(arguments: argparse.Namespace) -> int:
    from adapters.styling import remove

    return remove(arguments.data, arguments.name, delete=arguments.delete)


def _model_pack(arguments: argparse.Namespace) -> int:
    from adapters.modelling import pack

    return pack(arguments.dir, arguments.to)


def _model_convert(arguments: argparse.Namespace) -> int:
    from adapters.modelling import to_safetensors

    return to_safetensors(arguments.dir, arguments.to, arguments.dtype, delete=arguments.delete)


def _run(arguments: argparse.Namespace) -> int:
    from adapters.serve import run

    return run(arguments.data)


def _chat(arguments: argparse.Namespace) -> int:
    from adapters.serve import chat

    return chat(arguments.data, user=arguments.user, json=arguments.json)


def _draw(arguments: argparse.Namespace) -> int:
    from adapters.serve import draw

    text = " ".join(arguments.text)
    names = ("seed", "strength", "expand", "hires", "upscale")
    said_too = {name: getattr(arguments, name) for name in names}
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

    text = " ".join(arguments.text) if arguments.text else None
    return parse(arguments.data, text, group=arguments.group)


def _words(arguments: argparse.Namespace) -> int:
    from adapters.wording import judge

    return judge(arguments.data, " ".join(arguments.text) if arguments.text else None)


def _jobs(arguments: argparse.Namespace) -> int:
    from adapters.listing import jobs

    return jobs(arguments.data, arguments.limit, json=arguments.json)


def _history(arguments: argparse.Namespace) -> int:
    from adapters.listing import history

    return history(arguments.data, arguments.limit, json=arguments.json)


def _styles(arguments: argparse.Namespace) -> int:
    from adapters.listing import styles

    return styles(arguments.data, json=arguments.json)


def _models(arguments: argparse.Namespace) -> int:
    from adapters.listing import models

    return models(json=arguments.json)


def _loras(arguments: argparse.Namespace) -> int:
    from adapters.listing import loras

    return loras(arguments.data, json=arguments.json)


def _check(arguments: argparse.Namespace) -> int:
    from adapters.listing import check

    return check(arguments.data)


def _backup(arguments: argparse.Namespace) -> int:
    from adapters.keeping import backup

    return backup(arguments.data, arguments.file)


def _restore(arguments: argparse.Namespace) -> int:
    from adapters.keeping import restore

    return restore(arguments.data, arguments.file)


def _export(arguments: argparse.Namespace) -> int:
    from adapters.keeping import export

    return export(arguments.data, arguments.user, arguments.to)


def _forget(arguments: argparse.Namespace) -> int:
    from adapters.keeping import forget

    return forget(arguments.data, arguments.user)


def _bench(arguments: argparse.Namespace) -> int:
    from adapters.bench import knee

    return knee(arguments.data, arguments.model, json=arguments.json)


def _train(arguments: argparse.Namespace) -> int:
    from adapters.train import train

    return train(arguments)


def _eval(arguments: argparse.Namespace) -> int:
    from adapters.evaluate import evaluate

    return evaluate(
        arguments.data, model=arguments.model, quick=arguments.quick, file=arguments.json
    )


def _engine(arguments: argparse.Namespace) -> int:
    from adapters.serve import engine

    return engine(arguments.listen)


if __name__ == "__main__":
    sys.exit(main())
