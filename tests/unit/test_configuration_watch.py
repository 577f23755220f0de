"""When the configuration is read again, and that a wrong one changes nothing."""

import asyncio
import logging
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from cone_cli.configuration_watch import LOOK_EVERY_S, ConfigurationWatch
from cone_sidecar.errors import ConfigurationError, UsageError
from fakes.virtual_clock import VirtualClock, settled


@dataclass
class Told:
    """A configuration that is nothing but its files and their content."""

    files: tuple[Path, ...]
    content: tuple[str, ...] = ()


@dataclass
class World:
    """Files, a clock, and what was made true."""

    directory: Path
    clock: VirtualClock = field(default_factory=VirtualClock)
    changes: list = field(default_factory=list)
    fault: Exception | None = None

    def __post_init__(self):
        self.file = self.directory / "sidecar.yaml"
        self.secret = self.directory / "secret"
        self.file.write_text("one")
        self.watch = ConfigurationWatch(self.read(), self.read, self.change, self.clock)

    def read(self):
        if self.fault:
            raise self.fault
        files = (self.file, self.secret)
        return Told(files, tuple(p.read_text() if p.exists() else "" for p in files))

    def change(self, told):
        self.changes.append(told.content)


@pytest.fixture(name="world")
async def _world(tmp_path):
    world = World(tmp_path)
    task = asyncio.create_task(world.watch.run())
    await world.clock.pass_time(0)
    yield world
    assert not task.done()
    task.cancel()
    await asyncio.wait({task})


async def test_what_stays_is_not_read_again(world):
    """An hour without a change is one without work."""
    await world.clock.pass_time(3600)
    assert world.changes == []


async def test_a_changed_file_is_read_once(world):
    """The second look that finds it as it was takes it."""
    await world.clock.pass_time(1)
    world.file.write_text("two")
    await world.clock.pass_time(10)
    assert world.changes == [("two", "")]


async def test_a_file_that_is_being_written(world):
    """Half of it is never taken, however right it looks."""
    world.file.write_text("")
    await world.clock.pass_time(LOOK_EVERY_S)
    world.file.write_text("two")
    await world.clock.pass_time(LOOK_EVERY_S)
    assert world.changes == []
    await world.clock.pass_time(LOOK_EVERY_S)
    assert world.changes == [("two", "")]


async def test_a_secret_that_appears_and_one_that_is_replaced(world):
    """Files of secrets are watched like the file that names them."""
    world.secret.write_text("a")
    await world.clock.pass_time(3)
    world.secret.write_text("bc")
    await world.clock.pass_time(3)
    assert world.changes == [("one", "a"), ("one", "bc")]


async def test_a_link_that_leads_elsewhere(world, tmp_path):
    """As kubelet replaces a ConfigMap: the path stays, and so does its own link."""
    for version in ("old", "new"):
        (tmp_path / version).mkdir()
        (tmp_path / version / "sidecar.yaml").write_text(version)
    (tmp_path / "..data").symlink_to("old")
    world.file.unlink()
    world.file.symlink_to("..data/sidecar.yaml")
    await world.clock.pass_time(3)
    (tmp_path / "..next").symlink_to("new")
    (tmp_path / "..next").rename(tmp_path / "..data")
    await world.clock.pass_time(3)
    assert world.changes == [("old", ""), ("new", "")]


async def test_whoever_asks_has_it_read_at_once(world):
    """Changed or not, without waiting for the next look; many who ask are one."""
    world.watch.ask()
    world.watch.ask()
    await settled()
    assert world.changes == [("one", "")]


async def test_a_wrong_one_changes_nothing(world, caplog):
    """All that is wrong is in the log, and the next right one is taken."""
    world.fault = ExceptionGroup(
        "both", [UsageError("max-wiat is no key", hint="max-wait"), ConfigurationError("no file")]
    )
    world.file.write_text("two")
    await world.clock.pass_time(60)
    assert world.changes == []
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [
        (logging.ERROR, "the configuration stays as it was: max-wiat is no key; max-wait"),
        (logging.ERROR, "the configuration stays as it was: no file"),
    ]
    world.fault = None
    world.file.write_text("three")
    await world.clock.pass_time(3)
    assert world.changes == [("three", "")]


async def test_a_fault_of_ours_ends_nothing(world, caplog):
    """It is in the log, and the watch goes on."""
    world.fault = RuntimeError("broken")
    world.watch.ask()
    await settled()
    assert "could not be read again" in caplog.text
    world.fault = None
    world.watch.ask()
    await settled()
    assert world.changes == [("one", "")]


async def test_a_mounted_file_that_was_replaced_where_it_comes_from(tmp_path, caplog):
    """An editor's new file never shows under a mount of the old one alone: that is said, once."""
    path = tmp_path / "sidecar.yaml"
    path.write_text("one")
    clock = VirtualClock()
    with path.open() as mounted:
        told = Told((Path(f"/proc/self/fd/{mounted.fileno()}"),))
        watch = ConfigurationWatch(told, lambda: told, lambda _: None, clock)
        task = asyncio.create_task(watch.run())
        await clock.pass_time(5)
        assert not caplog.messages
        path.unlink()
        await clock.pass_time(5)
        watch.ask()
        await clock.pass_time(5)
        task.cancel()
        await asyncio.wait({task})
    (said,) = caplog.messages
    assert "was replaced where it is mounted from" in said
    assert "mount its directory" in said
