"""The published figures from one parameter set: fitted on Offline, the others predicted."""

import pytest

from yunqi.labs.npu import Basis, Compiled, Npu, Scenario, load_chip


@pytest.fixture(scope="module")
def resnet(npu: Npu) -> Compiled:
    return npu.compile(npu.reference("resnet50"))


def test_the_graph_has_the_published_work(resnet: Compiled) -> None:
    assert resnet.program.macs == 4_089_184_256
    assert resnet.program.refusals == ()
    assert [segment.place for segment in resnet.program.segments] == ["chip"]


def test_one_number_is_fitted_and_every_other_has_a_basis() -> None:
    chip = load_chip()
    fitted = [parameter.name for parameter in chip.parameters if parameter.basis is Basis.FITTED]
    assert fitted == ["link_efficiency"]
    assert all(parameter.source for parameter in chip.parameters)


def test_the_fit_on_offline_gives_the_stored_value_back(resnet: Compiled) -> None:
    from yunqi.labs.npu.engine.loadgen import fit_link

    found = fit_link(resnet.graph, resnet.program, resnet.chip, offline_ips=69_306.6)
    assert found == pytest.approx(resnet.chip.link_efficiency, rel=2e-4)


def test_peak_mode_is_predicted(resnet: Compiled) -> None:
    assert resnet.pace.peak_ips == pytest.approx(78_563, rel=0.10)


@pytest.mark.parametrize(
    ("scenario", "published"),
    [
        (Scenario.OFFLINE, 69_306.6),
        (Scenario.SINGLE_STREAM, 0.162535),
        (Scenario.SERVER, 45_169.48),
        (Scenario.MULTI_STREAM, 2_692),
    ],
)
def test_scenarios_are_predicted(npu: Npu, resnet: Compiled, scenario: Scenario, published: float) -> None:
    report = npu.loadgen(resnet, scenario)
    assert report.valid
    assert report.simulated
    assert report.value == pytest.approx(published, rel=0.10)


def test_the_server_keeps_its_bound_and_loses_it_above(npu: Npu, resnet: Compiled) -> None:
    report = npu.loadgen(resnet, Scenario.SERVER)
    assert report.latency_s["p99"] <= 0.015
    assert report.queries >= 270_336
    assert report.duration_s >= 59.9
