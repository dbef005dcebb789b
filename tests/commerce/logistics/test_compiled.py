"""Where compiled code is kept: another source, another folder."""

from pathlib import Path

import numba
import pytest

from yunqi.commerce.logistics.engine.compiled import folder, kept


def test_a_changed_source_has_another_folder_and_other_files_do_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    beside = tmp_path / "b"
    beside.mkdir()
    (tmp_path / "a.py").write_text("import numba\n@numba.njit\ndef f(): return 1\n")
    first = folder(tmp_path, beside)
    assert first == folder(tmp_path, beside)
    assert first.parent == tmp_path / "cache" / "yunqi"
    (beside / "words.py").write_text("SAID = 'hello'\n")
    assert folder(tmp_path, beside) == first
    (beside / "called.py").write_text("import numba\n@numba.njit\ndef g(): return 2\n")
    assert folder(tmp_path, beside) != first


def test_the_setting_is_put_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    before = numba.config.CACHE_DIR
    with pytest.raises(ValueError, match="stop"), kept(tmp_path) as found:
        assert str(found) == numba.config.CACHE_DIR
        raise ValueError("stop")
    assert before == numba.config.CACHE_DIR
