"""The published layouts of M6: counts, and the command that lists them."""

import json
import subprocess
import sys

import pytest
from tests.command import yunqi

from yunqi.cloud.models import M6Layout, m6_layouts
from yunqi.cloud.models.engine.m6.spec import M6Spec, count, dense_twin
from yunqi.kernel import Invalid

TOTALS = {
    "M6-base": 326_588_416,
    "M6-10B": 10_166_108_160,
    "M6-100B": 103_317_661_696,
    "M6-T base": 1_387_632_640,
    "M6-T 10B": 10_805_032_960,
    "M6-T 100B": 103_216_936_960,
    "M6-T 1T": 1_002_755_160_064,
    "M6-10T": 10_050_952_787_968,
}


def test_layouts_count_to_the_published_totals() -> None:
    found = {layout.name: layout for layout in m6_layouts()}
    assert {name: layout.counted().total for name, layout in found.items()} == TOTALS
    assert [name for name, layout in found.items() if not layout.fits()] == ["M6-T 1T"]
    assert found["M6-T 1T"].counted().total / found["M6-T 1T"].published - 1 == pytest.approx(5.5e-5, abs=1e-6)


def test_a_token_of_a_trillion_uses_two_experts_a_layer() -> None:
    layout = _named("M6-T 1T")
    counted = layout.counted()
    assert counted.experts == 24 * 960 * 2 * 1024 * 21248
    assert counted.total - counted.active == 24 * 958 * 2 * 1024 * 21248


@pytest.mark.parametrize("name", TOTALS)
def test_the_module_has_as_many_parameters_as_the_closed_form(name: str) -> None:
    torch = pytest.importorskip("torch")
    from yunqi.cloud.models.engine.m6.network import M6

    layout = _named(name)
    with torch.device("meta"):
        module = M6(layout.spec)
    assert sum(weight.numel() for weight in module.parameters()) == TOTALS[name]


def test_the_dense_twin_does_the_same_work_a_token() -> None:
    spec = _spec(experts=8, prototypes=2)
    twin = dense_twin(spec)
    assert twin.inner == 2 * 24 + 4
    assert count(twin).multiply_adds == count(spec).multiply_adds
    with pytest.raises(Invalid, match="every layer"):
        dense_twin(_spec(experts=8, every=2))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"heads": 3}, "heads"),
        ({"every": 3}, "every"),
        ({"experts": 4, "prototypes": 3}, "prototypes"),
        ({"experts": 4, "prototypes": 2, "chosen": 3}, "chosen"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(changed: dict[str, int], message: str) -> None:
    with pytest.raises(Invalid, match=message):
        _spec(**changed)


def test_the_command_lists_layouts_as_json() -> None:
    done = yunqi("models", "m6", "--json")
    rows = json.loads(done.stdout)["layouts"]
    assert {row["name"]: row["total"] for row in rows} == TOTALS
    assert rows[-1]["experts"] == 10240
    assert rows[-1]["inner"] == 9984


def test_the_front_door_needs_no_torch() -> None:
    code = "import sys, yunqi.cloud.models as m; m.m6_layouts(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def _named(name: str) -> M6Layout:
    return next(layout for layout in m6_layouts() if layout.name == name)


def _spec(**changed: int) -> M6Spec:
    sizes = {"vocabulary": 50, "codes": 8, "width": 16, "layers": 4, "heads": 2, "inner": 24, "places": 20}
    return M6Spec(**{**sizes, "patches": 4, "patch_width": 12, **changed})
