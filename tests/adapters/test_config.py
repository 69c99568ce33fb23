from pathlib import Path

import pytest

from adapters.config import ConfigError, load

ROOT = Path(__file__).parents[2]


def test_the_config_that_we_ship_loads() -> None:
    config = load(environ={}, file=ROOT / "config.toml")
    assert config.data_dir == Path("data")
    assert config.queue.waiting_per_user == 20


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[queue]\nwaiting_per_users = 1", "did you mean waiting_per_user?"),
        ("[queue]\nwaiting_per_user = 0", "queue.waiting_per_user"),
        ("[queu]\nwaiting_per_user = 1", "did you mean queue?"),
        ('[engine]\ndtype = "fp8"', "engine.dtype"),
        ('[label]\noperator_code = "me"', "label.operator_code"),
        ("[queue\n", "config.toml"),
        ("data_dir = 5", "data_dir"),
    ],
)
def test_a_mistake_is_named_with_its_place(
    tmp_path: Path, text: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        load(environ={}, file=path)
    assert len(refused.value.faults) == 1
    assert said in refused.value.faults[0]


def test_several_mistakes_are_several_lines(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[queue]\na = 1\nb = 2\n", encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        load(environ={}, file=path)
    assert len(refused.value.faults) == 2


def test_an_operator_reads_chinese_in_a_chinese_locale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    path = tmp_path / "config.toml"
    path.write_text("[queue]\nwaiting_per_users = 1", encoding="utf-8")
    with pytest.raises(ConfigError, match="没有这个配置项，是不是 waiting_per_user？"):
        load(environ={}, file=path)


def test_what_is_passed_wins_over_the_environment_and_that_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "config.toml"
    path.write_text('data_dir = "a"\n[queue]\nwaiting_per_user = 3\n', encoding="utf-8")
    monkeypatch.setenv("DANQING_DATA_DIR", "b")
    monkeypatch.setenv("DANQING_QUEUE__WAITING_PER_USER", "7")
    config = load(file=path)
    assert (config.data_dir, config.queue.waiting_per_user) == (Path("b"), 7)
    assert load(Path("c"), file=path).data_dir == Path("c")


def test_a_misspelt_variable_is_named() -> None:
    with pytest.raises(ConfigError, match="DANQING_QUEUE__WAITING_PER_USER"):
        load(environ={"DANQING_QUEUE__WAITING_PER_USERS": "7"})


def test_a_config_that_is_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no\.toml"):
        load(environ={"DANQING_CONFIG": str(tmp_path / "no.toml")})


@pytest.mark.parametrize(
    ("text", "english", "chinese"),
    [
        (
            "[quota]\npictures_per_day = -1",
            "quota.pictures_per_day: must be at least 0, not -1",
            "quota.pictures_per_day: 不能小于 0，现在是 -1",
        ),
        (
            "[quota]\ncooldown_s = -0.5",
            "quota.cooldown_s: must be at least 0, not -0.5",
            "quota.cooldown_s: 不能小于 0，现在是 -0.5",
        ),
        (
            "[roles.vip]\nseconds_per_day = -1",
            "roles.vip.seconds_per_day: must be at least 0, not -1",
            "roles.vip.seconds_per_day: 不能小于 0，现在是 -1",
        ),
        (
            "[roles.vip]\nwaiting = 0",
            "roles.vip.waiting: must be above 0, not 0",
            "roles.vip.waiting: 要大于 0，现在是 0",
        ),
    ],
)
def test_less_than_nothing_is_refused_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, english: str, chinese: str
) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    for locale, words in (("C.UTF-8", english), ("zh_CN.UTF-8", chinese)):
        monkeypatch.setenv("LC_ALL", locale)
        with pytest.raises(ConfigError) as refused:
            load(environ={}, file=path)
        assert refused.value.faults == [f"{path}: {words}"]


def test_an_operators_role_by_what_a_platform_says_names_its_chats(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('[roles.staff]\noperator = true\nplatform_roles = ["owner"]', "utf-8")
    with pytest.raises(ConfigError, match="needs chats, 还要写 chats"):
        load(environ={}, file=path)
    path.write_text(
        '[roles.staff]\noperator = true\nplatform_roles = ["owner"]\nchats = ["telegram:-1"]',
        "utf-8",
    )
    assert load(environ={}, file=path).roles["staff"].chats == ("telegram:-1",)
