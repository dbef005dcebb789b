"""Keys, scopes, signatures, usage, blobs and settings."""

import io
from datetime import timedelta
from pathlib import Path

import pytest

from yunqi.kernel import Denied, Invalid, Kernel, KernelConfig, NotFound, load


def test_a_key_verifies_until_it_is_revoked(kernel: Kernel) -> None:
    key, secret = kernel.auth.create_key("default", "till", frozenset({"shop"}))
    assert secret.startswith("sk-")
    principal = kernel.auth.verify(secret)
    assert (principal.workspace, principal.allows("read"), principal.allows("admin")) == ("default", True, False)
    with pytest.raises(Denied, match="lacks the scope"):
        principal.require("models")
    kernel.auth.revoke("default", key.id)
    with pytest.raises(Denied, match="revoked"):
        kernel.auth.verify(secret)


def test_the_secret_is_nowhere_in_the_data_folder(kernel: Kernel) -> None:
    _, secret = kernel.auth.create_key("default", "till", frozenset({"shop"}))
    for path in kernel.config.data_dir.rglob("*"):
        if path.is_file():
            assert secret.encode() not in path.read_bytes()
    assert (kernel.config.data_dir / "secret").stat().st_mode & 0o777 == 0o600


def test_another_workspace_cannot_revoke_or_see_a_key(kernel: Kernel) -> None:
    key, _ = kernel.auth.create_key("a", "k", frozenset({"admin"}))
    with pytest.raises(NotFound):
        kernel.auth.revoke("b", key.id)
    assert kernel.auth.list_keys("b") == []


@pytest.mark.parametrize(("name", "scopes"), [("", {"admin"}), ("x", set()), ("x", {"root"}), ("x" * 101, {"read"})])
def test_a_bad_key_request_is_refused(kernel: Kernel, name: str, scopes: set[str]) -> None:
    with pytest.raises(Invalid):
        kernel.auth.create_key("default", name, frozenset(scopes))


def test_a_signature_is_bound_to_value_and_purpose(kernel: Kernel) -> None:
    signed = kernel.auth.sign("visitor", "ann")
    assert kernel.auth.unsign("visitor", signed) == "ann"
    assert kernel.auth.unsign("session", signed) is None
    assert kernel.auth.unsign("visitor", "bob" + signed[3:]) is None
    assert kernel.auth.unsign("visitor", "") is None


def test_usage_is_counted_once_a_request(kernel: Kernel) -> None:
    for _ in range(2):
        with kernel.store.begin() as tx:
            kernel.usage.record(
                tx, request_id="r", workspace="w", key_id=1, meter="tokens", quantity=7, model="m", at=kernel.clock()
            )
    today = kernel.clock().date().isoformat()
    assert [(row.key, row.quantity) for row in kernel.usage.report("w")] == [(today, 7)]
    assert [(row.key, row.quantity) for row in kernel.usage.report("w", by="model")] == [("m", 7)]
    assert kernel.usage.report("w", until=kernel.clock() - timedelta(days=1)) == []
    with pytest.raises(Invalid):
        kernel.usage.report("w", by="hour")


def test_a_blob_is_kept_by_its_content(kernel: Kernel) -> None:
    ref = kernel.blobs.put(b"abc")
    assert ref == kernel.blobs.put(io.BytesIO(b"abc"))
    assert kernel.blobs.read(ref) == b"abc"
    kernel.blobs.delete(ref)
    with pytest.raises(NotFound):
        kernel.blobs.read(ref)
    with pytest.raises(Invalid):
        kernel.blobs.read("sha256:../../etc/passwd")


def test_settings_come_from_code_then_file_then_environment(tmp_path: Path) -> None:
    file = tmp_path / "yunqi.toml"
    file.write_text('[kernel]\nport = 9000\nhost = "::1"\n')
    found, infos = load({"kernel": KernelConfig}, file=file, environment={"YUNQI_PORT": "9001"})
    assert (found["kernel"].port, found["kernel"].host, found["kernel"].log_level) == (9001, "::1", "info")
    sources = {info.name: info.source for info in infos}
    assert (sources["port"], sources["host"], sources["log_level"]) == ("environment", "file", "default")
    assert all(info.doc for info in infos)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("[kernel]\nprot = 1", "Did you mean 'port'"),
        ("[kernle]\nport = 1", "Did you mean 'kernel'"),
        ("[kernel]\nport = 'x'", "not a valid int"),
        ("[kernel", "not valid TOML"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, text: str, match: str) -> None:
    file = tmp_path / "yunqi.toml"
    file.write_text(text)
    with pytest.raises(Invalid, match=match):
        load({"kernel": KernelConfig}, file=file, environment={})
