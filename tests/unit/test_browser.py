"""Which program opens a page, and where there is nobody to see one."""

import pytest

from cone_cli.browser import find_opener

WSL = {"WSL_DISTRO_NAME": "Debian"}
SCREEN = {"DISPLAY": ":0"}


@pytest.fixture(name="directory")
def _directory(tmp_path, monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SSH_CLIENT", "SSH_TTY", "WSL_DISTRO_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")
    return tmp_path


@pytest.mark.parametrize(
    ("environment", "programs", "opener"),
    [
        ({}, ("xdg-open",), ""),
        (SCREEN, ("xdg-open",), "xdg-open"),
        ({"WAYLAND_DISPLAY": "wayland-0"}, ("open", "xdg-open"), "xdg-open"),
        (SCREEN, (), ""),
        (SCREEN, ("wslview", "open"), "open"),
        (SCREEN | {"SSH_TTY": "/dev/pts/1"}, ("xdg-open",), ""),
        (WSL, ("explorer.exe", "wslview"), "wslview"),
        (WSL, ("explorer.exe", "xdg-open"), "explorer.exe"),
        (WSL | SCREEN, ("xdg-open",), "xdg-open"),
        (WSL | {"SSH_CLIENT": "192.0.2.1 1 22"}, ("wslview",), ""),
    ],
)
def test_who_opens_pages(directory, monkeypatch, environment, programs, opener):
    """A screen's program, or that of Windows around its own Linux; nobody over SSH or without a screen."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    for program in programs:
        (directory / program).touch(0o755)
    assert find_opener() == (str(directory / opener) if opener else "")
