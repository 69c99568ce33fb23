"""The command line, as real processes: what a user types, and what an operator gets wrong."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

import pytest
from PIL import Image

from bot.label import check, recipe_of
from generation.recipe import Expand
from tests.flow.killing import environment

PROGRAM = [sys.executable, "-m", "adapters.cli"]


def run(
    *arguments: str, cwd: Path, said: bytes = b"", timeout_s: float = 120, **variables: str
) -> subprocess.CompletedProcess[bytes]:
    environ = {**environment(), "LC_ALL": "C.UTF-8", "DANQING_ENGINE__THREADS": "1", **variables}
    return subprocess.run(
        [*PROGRAM, *arguments], cwd=cwd, env=environ, input=said, capture_output=True,
        check=False, timeout=timeout_s,
    )  # fmt: skip


class Started(NamedTuple):
    """The program, running, with both of its pipes."""

    process: subprocess.Popen[bytes]
    said: IO[bytes]
    heard: IO[bytes]


@contextmanager
def started(cwd: Path) -> Generator[Started]:
    environ = {**environment(), "DANQING_ENGINE__THREADS": "1"}
    with subprocess.Popen(
        [*PROGRAM, "chat", "--json"], cwd=cwd, env=environ,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        yield Started(process, process.stdin, process.stdout)


def lines(done: subprocess.CompletedProcess[bytes]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_lines_in_replies_out_and_the_end_waits_for_all(tmp_path: Path) -> None:
    words = "画一只猫 --steps 2\n\n画两张雪地里的企鹅，水墨风 --steps 2 --seed 5\n"
    done = run("chat", "--json", "--user", "阿青", cwd=tmp_path, said=words.encode())
    assert done.returncode == 0, done.stderr
    replies = [line for line in lines(done) if line["event"] == "reply"]
    pictures = {r["job"]: r["artworks"] for r in replies if r["artworks"]}
    assert {job: len(found) for job, found in pictures.items()} == {1: 1, 2: 2}
    assert [artwork["seed"] for artwork in pictures[2]] == [5, 6]
    for artwork in pictures[2]:
        png = (tmp_path / artwork["path"]).read_bytes()
        check(png)
        assert recipe_of(png).prompt == "雪地里的企鹅，水墨风"
    progress = [line for line in lines(done) if line["event"] == "progress"]
    assert {line["job"] for line in progress} == {1, 2}
    assert all(set(line) >= {"job", "step", "steps"} for line in progress)

    jobs = lines(run("jobs", "--json", cwd=tmp_path))
    assert [(job["id"], job["state"]) for job in jobs] == [(2, "delivered"), (1, "delivered")]
    assert len(lines(run("history", "--json", cwd=tmp_path))) == 3


def test_draw_makes_the_same_picture_from_the_same_seed(tmp_path: Path) -> None:
    one, two = (
        run("draw", "一只猫 --steps 3", "--seed", "7", "--out", name, "--json", cwd=tmp_path)
        for name in ("a.png", "b.png")
    )
    assert (one.returncode, two.returncode) == (0, 0), one.stderr
    (found,) = lines(one)
    assert found["files"] == ["a.png"]
    assert found["artworks"][0]["seed"] == 7
    assert set(found["seconds"]) == {"queued", "claimed", "drawn", "delivered"}
    pixels = [Image.open(tmp_path / name).tobytes() for name in ("a.png", "b.png")]
    assert pixels[0] == pixels[1]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "想画什么呢"),
        ("   \u200b\u3000", "想画什么呢"),
        ("啊" * 100_000, "这段话有 100000 个字，最多 1000 个"),
        ("一座山 --style 没有的风", "没有"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_chinese(tmp_path: Path, text: str, words: str) -> None:
    done = run("chat", "--json", cwd=tmp_path, said=(text + "\n").encode())
    assert done.returncode == 0
    (reply,) = lines(done)
    assert words in reply["text"]
    assert lines(run("jobs", "--json", cwd=tmp_path)) == []


def test_draw_says_one_when_refused_and_two_when_misused(tmp_path: Path) -> None:
    done = run("draw", "。", cwd=tmp_path)
    assert done.returncode == 1
    assert "想画什么呢" in done.stdout.decode()
    assert run("draw", cwd=tmp_path).returncode == 2
    assert run("paint", "x", cwd=tmp_path).returncode == 2


def test_bytes_that_are_no_text_harm_nothing(tmp_path: Path) -> None:
    words = b"\xff\xfe\x00\x1b[31m\xed\xa0\x80\n" + "画一只猫 --steps 1\n".encode()
    done = run("chat", "--json", cwd=tmp_path, said=words)
    assert done.returncode == 0, done.stderr
    assert [r for r in lines(done) if r.get("artworks")]
    assert b"\x1b" not in done.stdout


def test_parse_answers_every_line_whatever_it_is(tmp_path: Path) -> None:
    words = "画两张猫\n\n\x00\x01\n你好\n".encode() + b"\xff\xff\n" + b"\xed\xa0\x80" + b"\n"
    done = run("parse", cwd=tmp_path, said=words)
    assert done.returncode == 0, done.stderr
    found = lines(done)
    assert len(found) == words.count(b"\n")
    assert (found[0]["intent"], found[0]["count"]) == ("draw", 2)
    assert found[1]["intent"] == "none"


def test_a_second_studio_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    with started(tmp_path) as first:
        first.said.write("！\n".encode())
        first.said.flush()
        first.heard.readline()  # it is up
        done = run("chat", "--json", cwd=tmp_path)
        assert done.returncode == 1
        told = f"in use by another danqing (process {first.process.pid})"
        assert told in done.stderr.decode()
        assert run("jobs", "--json", cwd=tmp_path).returncode == 0
        first.said.close()
        assert first.process.wait(60) == 0


def test_sigterm_ends_it_cleanly_and_loses_nothing(tmp_path: Path) -> None:
    with started(tmp_path) as first:
        first.said.write("画一只猫 --steps 50\n".encode())
        first.said.flush()
        first.heard.readline()
        first.process.send_signal(signal.SIGTERM)
        assert first.process.wait(60) == 0
    done = run("chat", "--json", cwd=tmp_path)
    assert done.returncode == 0
    assert [r for r in lines(done) if r.get("artworks")]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[queue]\nwaiting_per_users = 1", "did you mean waiting_per_user?"),
        ("[queue", "config.toml"),
    ],
)
def test_a_broken_config_is_one_clear_line(tmp_path: Path, content: str, words: str) -> None:
    (tmp_path / "config.toml").write_text(content, encoding="utf-8")
    for command in (["draw", "猫"], ["check"], ["chat"]):
        done = run(*command, cwd=tmp_path)
        assert done.returncode == 1
        said = (done.stderr + done.stdout).decode()
        assert words in said
        assert "Traceback" not in said


def test_a_missing_and_a_broken_model_are_named_and_fail_only_their_jobs(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    (broken / "unet").mkdir(parents=True)
    (broken / "model_index.json").write_text("{", encoding="utf-8")
    models = json.dumps({"mini": str(broken), "gone": str(tmp_path / "gone")})
    done = run("check", cwd=tmp_path, DANQING_ENGINE__MODELS=models)
    assert done.returncode == 1
    said = done.stdout.decode()
    assert "model mini" in said
    assert "model gone" in said
    done = run("draw", "一只猫", cwd=tmp_path, DANQING_ENGINE__MODELS=models)
    assert done.returncode == 1
    assert "模型坏了" in done.stdout.decode()


def test_an_engine_that_does_not_start_is_said_to_be_so(tmp_path: Path) -> None:
    done = run("draw", "一只猫", cwd=tmp_path, DANQING_ENGINE__DEVICE="bogus")
    assert done.returncode == 1
    assert "#1 没画成：引擎起不来" in done.stdout.decode()
    assert "bogus" in (tmp_path / "data" / "danqing.log").read_text(encoding="utf-8")


def test_a_newer_folder_and_a_damaged_one_are_refused_by_name(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "danqing.db").write_bytes(b"not a database" * 1000)
    done = run("chat", cwd=tmp_path)
    assert done.returncode == 1
    assert "danqing.db: cannot be read" in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()
    assert run("jobs", cwd=tmp_path).returncode == 1


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    done = run("draw", "猫", cwd=tmp_path, LC_ALL="zh_CN.UTF-8")
    assert done.returncode == 1
    assert "不能写入" in done.stderr.decode()


def test_the_engine_dies_with_the_bot(tmp_path: Path) -> None:
    with started(tmp_path) as bot:
        bot.said.write("画一只猫 --steps 1\n".encode())
        bot.said.flush()
        while b'"artworks":[{' not in bot.heard.readline():
            pass
        children = children_of(bot.process.pid)
        assert children
        bot.process.kill()
        bot.process.wait()
    deadline = time.monotonic() + 20
    while any(Path(f"/proc/{child}").exists() for child in children):
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.slow
def test_a_job_that_kills_the_engine_three_times_fails_and_the_other_is_drawn(
    tmp_path: Path,
) -> None:
    kills, ends = 0, dict[int, str]()
    with started(tmp_path) as bot:
        bot.said.write("画一朵毒蘑菇 --steps 50\n画一只猫 --steps 2\n".encode())
        bot.said.close()
        for line in map(json.loads, bot.heard):
            if line["event"] == "reply" and not line["text"].startswith("收到"):
                ends[line["job"]] = line["text"]
            if line["event"] == "progress" and line["job"] == 1 and line["step"] > 0:
                for child in children_of(bot.process.pid):
                    os.kill(child, signal.SIGKILL)
                    kills += 1
        assert bot.process.wait(60) == 0
    assert ends[1] == "#1 没画成：画了几次，引擎都中途停了，换个说法试试"
    assert ends[2].startswith("画好了 #2")
    assert kills >= 3


def children_of(pid: int) -> list[int]:
    return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_python_files_that_lie_where_it_is_started_are_not_run(tmp_path: Path) -> None:
    for name in ("queue", "torch", "PIL", "generation"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('somebody else runs here')")
    program = str(Path(sys.executable).with_name("danqing"))
    environ = {k: v for k, v in environment().items() if k != "PYTHONPATH"}
    done = subprocess.run(
        [program, "draw", "一只猫 --steps 1"], cwd=tmp_path, env=environ, capture_output=True,
        check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_draw_refuses_what_cannot_be_drawn_on_before_anything_is_drawn(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("no picture")
    for flags, words in (
        (["--source", "gone.png"], "原图打不开：没有文件 gone.png"),
        (["--source", "a.txt"], "原图不是能用的图片"),
        (["--mask", "a.txt"], "遮罩不是能用的图片"),
    ):
        done = run("draw", "一只猫", *flags, cwd=tmp_path)
        assert done.returncode == 1
        assert words in done.stderr.decode()
    assert lines(run("jobs", "--json", cwd=tmp_path)) == []


def test_lines_from_elsewhere_open_no_file(tmp_path: Path) -> None:
    Image.new("RGB", (64, 64)).save(tmp_path / "a.png")
    words = "画一只猫 --source a.png --steps 1\n"
    done = run("chat", "--json", cwd=tmp_path, said=words.encode())
    assert "从这里打不开文件" in lines(done)[0]["text"]
    assert not (tmp_path / "data" / "sources").exists()


def test_draw_draws_on_a_picture_and_beyond_its_edges(tmp_path: Path) -> None:
    Image.new("RGB", (192, 128), (200, 40, 40)).save(tmp_path / "a.png")
    Image.new("L", (64, 48), 255).save(tmp_path / "mask.png")
    done = run(
        "draw", "一只猫", "--source", "a.png", "--mask", "mask.png", "--strength", "0.5",
        "--expand", "64,0,0,64", "--fast", "--json", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout
    (found,) = lines(done)
    recipe = recipe_of(Path(tmp_path / found["files"][0]).read_bytes())
    assert (recipe.width, recipe.height, recipe.strength, recipe.fast) == (256, 192, 0.5, True)
    assert recipe.expand == Expand(left=64, down=64)
    assert recipe.source
    assert recipe.mask
    assert "遮罩" in found["text"]
