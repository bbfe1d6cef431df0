"""A key leaves this machine only for a host that the user named; a scenario from somebody else names none."""

from pathlib import Path

import pytest

from sandbox.cli.main import main
from sandbox.errors import ConfigError
from sandbox.key_hosts import KEY_HOSTS_VARIABLE, allow_named_hosts, check_key_hosts

SCENARIO = """# @package _global_
# A study of somebody else
defaults: [{override /world: rumor}, {override /mind: server}]
mind: {urls: ["http://192.0.2.1:9/v1"], api_key_env: MY_KEY, timeout_s: 0.2, retries: 0}
"""
"""Its host is of a network that is reserved for documentation."""
RUN = ["run", "experiment=strange", "steps=1", "population.size=10"]


@pytest.fixture
def _in_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_HOSTS_VARIABLE, "")
    monkeypatch.setenv("MY_KEY", "secret-value")
    (tmp_path / "conf" / "experiment").mkdir(parents=True)
    (tmp_path / "conf" / "experiment" / "strange.yaml").write_text(SCENARIO)
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("_in_own_folder")
def test_a_scenario_cannot_send_a_key_to_a_host_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(RUN) == 1
    said = capsys.readouterr().err
    assert "send the key in MY_KEY to 192.0.2.1" in said
    assert f"{KEY_HOSTS_VARIABLE}=192.0.2.1" in said
    assert "secret-value" not in said
    assert not Path("runs").exists()


@pytest.mark.usefixtures("_in_own_folder")
@pytest.mark.parametrize("way", ["command line", "own mind", "variable"])
def test_the_user_may_name_that_host(
    way: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The host is asked, and cannot be reached."""
    arguments = [*RUN, "mind.urls=[http://192.0.2.1:9/v1]"] if way == "command line" else RUN
    if way == "own mind":
        Path("conf/mind").mkdir()
        Path("conf/mind/mine.yaml").write_text("# Mine\nurls: ['http://192.0.2.1:9/v1']\n")
    elif way == "variable":
        monkeypatch.setenv(KEY_HOSTS_VARIABLE, "api.example, 192.0.2.1")
    assert main(arguments) == 1
    said = capsys.readouterr().err
    assert "prompts and the key in MY_KEY leave this machine, for http://192.0.2.1:9/v1" in said
    assert "no server can be reached" in said


@pytest.mark.parametrize(
    ("argument", "host"),
    [
        ("mind.urls=[https://API.example/v1]", "api.example"),
        ("mind.urls=[https://a.example/v1, 'https://api.example:8000/v1']", "api.example"),
        ("extra_minds.b={_target_: agents.minds.server.ServerMind, urls: ['http://api.example/v1']}", "api.example"),
        ("mind.urls=[http://[2001:db8::1]:8000/v1]", "2001:db8::1"),
    ],
)
def test_hosts_of_urls_on_the_command_line_are_named(argument: str, host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_HOSTS_VARIABLE, "")
    with pytest.raises(ConfigError, match=host):
        check_key_hosts([host], "MY_KEY")
    allow_named_hosts([argument, "experiment=https"])
    check_key_hosts([host, "localhost", "127.0.0.1", "::1"], "MY_KEY")


@pytest.mark.parametrize("argument", ["Why did you post https://evil.example ?", "world.text=https://evil.example"])
def test_other_urls_on_a_command_line_name_no_host(argument: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_HOSTS_VARIABLE, "")
    allow_named_hosts([argument])
    with pytest.raises(ConfigError, match=r"evil\.example"):
        check_key_hosts(["evil.example"], "MY_KEY")
