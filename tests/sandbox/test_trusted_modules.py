"""Settings name only modules of the project, of the current folder, or of packages that the user trusts."""

from pathlib import Path

import pytest

from sandbox.composition import resolve_target
from sandbox.errors import ConfigError
from sandbox.trusted_modules import TRUSTED_VARIABLE


def test_an_installed_module_is_not_imported_unless_the_user_trusts_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "elsewhere"
    site.mkdir()
    (site / "stranger_package.py").write_text("from pathlib import Path\nPath('trace').touch()\nclass World: ...\n")
    monkeypatch.syspath_prepend(site)
    monkeypatch.chdir(tmp_path)
    node = {"_target_": "stranger_package.World"}
    with pytest.raises(ConfigError, match=f"{TRUSTED_VARIABLE}=stranger_package"):
        resolve_target(node, "world")
    assert not Path("trace").exists()
    monkeypatch.setenv(TRUSTED_VARIABLE, "other, stranger_package")
    assert resolve_target(node, "world")[0].__name__ == "World"


@pytest.mark.parametrize("name", ["own_module.py", "own_package/__init__.py", "own_folder/worlds.py"])
def test_a_module_in_the_current_folder_is_the_users_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("class World: ...\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    module = name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    assert resolve_target({"_target_": f"{module}.World"}, "world")[0].__name__ == "World"
