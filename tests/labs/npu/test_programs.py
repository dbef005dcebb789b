"""Programs as text and image, timelines, energy, sweeps, plots, and the command line over all of it."""

import json
import xml.dom.minidom
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import command
from tests.command import Done
from tests.labs.npu.networks import small_cnn

from yunqi.kernel import Invalid, NotFound
from yunqi.labs.npu import Npu, load_chip, vary
from yunqi.labs.npu.engine.chips import chip_from_toml
from yunqi.labs.npu.engine.compile import assemble, disassemble, from_text, to_text
from yunqi.labs.npu.engine.networks import NETWORKS
from yunqi.labs.npu.engine.plots import roofline, scatter, steps
from yunqi.labs.npu.engine.timing import Batching
from yunqi.labs.npu.engine.timing.energy import area_of, energy_of
from yunqi.labs.npu.engine.timing.timeline import simulate, utilisation
from yunqi.labs.npu.engine.timing.views import perfetto
from yunqi.labs.npu.model import Instruction, Place, ProgramRefused
from yunqi.labs.npu.service.documents import profile_document

words = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
places = st.builds(Place, st.integers(0, 2**48 - 1), st.integers(0, 2**47))
tokens = st.from_regex(r"[tpm][0-9]{1,4}", fullmatch=True)
numbers = st.lists(st.integers(-(2**40), 2**40), min_size=1, max_size=4).map(tuple)
instructions = st.builds(
    Instruction,
    opcode=st.tuples(words, words).map(".".join),
    target=places,
    sources=st.lists(places, max_size=3).map(tuple),
    weights=st.none() | places,
    fields=st.lists(st.tuples(words, numbers), max_size=4).map(tuple),
    stages=st.lists(words, max_size=3).map(tuple),
    waits=st.lists(tokens, max_size=2).map(tuple),
    signals=st.just("") | tokens,
    split=st.sampled_from(["none", "rows", "channels"]),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(instructions, max_size=4))
def test_programs_go_round_through_text_and_image(program: list[Instruction]) -> None:
    text = to_text(program)
    assert from_text(text) == program
    assert disassemble(assemble(text)) == text


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=120), st.text(max_size=80))
def test_what_is_no_program_is_refused(image: bytes, text: str) -> None:
    for attempt in (lambda: disassemble(image), lambda: disassemble(b"YNPU\x01" + image), lambda: assemble(text)):
        try:
            attempt()
        except ProgramRefused as error:
            message = error.message
        else:
            message = "it was a program"
        assert message


def test_a_wrong_line_is_named() -> None:
    with pytest.raises(ProgramRefused, match="Line 2"):
        from_text("tensor.conv @0x0+4 <- @0x4+4\ntensor.conv somewhere")


def test_a_network_s_program_waits_for_other_engines_only(npu: Npu) -> None:
    program = npu.instructions(npu.compile(small_cnn()))
    assert [one.opcode for one in program][:3] == ["tensor.conv", "pooling.maxpool", "tensor.conv"]
    assert program[0].waits == ()
    assert program[1].waits == ("t0",)
    assert program[2].waits == ("p0",)
    assert from_text(to_text(program)) == program


@pytest.mark.slow
def test_events_and_closed_form_agree(npu: Npu) -> None:
    compiled = npu.compile(NETWORKS["resnet50"]())
    for batching, cycles in (
        (Batching.BATCH, compiled.pace.batch_cycles),
        (Batching.SPLIT, compiled.pace.split_cycles),
    ):
        timeline = simulate(compiled.program, compiled.chip, batching=batching)
        start = min(span.start for span in timeline.spans if span.core == 0)
        assert timeline.cycles - start == pytest.approx(cycles, rel=0.03)


def test_an_engine_does_one_thing_at_a_time_and_reads_what_is_written(npu: Npu) -> None:
    compiled = npu.compile(small_cnn())
    timeline = simulate(compiled.program, compiled.chip, images=2)
    ends: dict[tuple[int, str], int] = {}
    for span in timeline.spans:
        if span.engine in ("tensor", "pooling", "memory"):
            assert span.start >= ends.get((span.core, span.engine), 0)
            ends[(span.core, span.engine)] = span.end
    assert 0 < utilisation(timeline, compiled.chip)["tensor"] <= 1
    trace = perfetto(timeline, compiled.chip)
    assert {event["pid"] for event in trace["traceEvents"]} == {0, 1, 2, 3, 4}


@pytest.mark.slow
def test_energy_and_area_meet_the_published_points(npu: Npu) -> None:
    compiled = npu.compile(NETWORKS["resnet50"]())
    found = energy_of(compiled.program, compiled.chip, images_per_second=78_563)
    assert found.images_per_joule == pytest.approx(500, rel=0.03)
    dense = npu.compile(NETWORKS["dense-gemm"]())
    watts = energy_of(dense.program, dense.chip, images_per_second=825.75e12 / 2 / (8192 * 4096)).watts
    assert watts == pytest.approx(280, rel=0.01)
    assert area_of(compiled.chip, load_chip()).total == pytest.approx(709)


def test_more_cores_are_faster_and_larger(npu: Npu) -> None:
    graph = npu.read(small_cnn(size=64))
    variants = npu.sweep(graph, {"cores": [1, 2, 4]})
    assert [one.peak_ips for one in variants] == sorted(one.peak_ips for one in variants)
    assert [one.area_mm2 for one in variants] == sorted(one.area_mm2 for one in variants)
    with pytest.raises(Invalid, match="2,000"):
        npu.sweep(graph, {"cores": list(range(1, 60)), "rows": list(range(1, 60))})


def test_a_design_that_is_too_small_is_reported_not_hidden(npu: Npu) -> None:
    found = npu.sweep(npu.read(small_cnn()), {"sram_bytes": [1024, 1 << 24]})
    assert [one.fits for one in found] == [False, True]
    assert [one.best for one in found] == [False, True]


def test_parameters_are_checked_by_name(tmp_path: Path, npu: Npu) -> None:
    with pytest.raises(Invalid, match="wheels"):
        vary(load_chip(), wheels=4)
    with pytest.raises(Invalid, match="lacks"):
        chip_from_toml('name = "x"\n[cores]\nvalue = 4\nbasis = "assumption"\nsource = "mine"\n')
    with pytest.raises(Invalid, match="basis"):
        chip_from_toml('name = "x"\n[cores]\nvalue = 4\n')
    with pytest.raises(Invalid, match="TOML"):
        chip_from_toml("[")
    with pytest.raises(NotFound):
        npu.chip("nothing")
    with pytest.raises(NotFound):
        npu.chip(str(tmp_path / "gone.toml"))


def test_plots_are_well_formed_pictures(npu: Npu) -> None:
    profile = profile_document(npu.compile(small_cnn()))
    points = [(row["intensity"], row["tops"] * 1e12, row["layer"] + "<&>") for row in profile["layers"]]
    for text in (
        roofline(points, peak=1e15, bandwidth=1e12, title="a & b"),
        scatter([(1.0, 2.0, "a")], [(1.0, 2.0, "a")], title="t", across="x", up="y"),
        scatter([], [], title="empty", across="x", up="y"),
        steps([1.0, 3.0, 2.0], title="t", across="x", up="y", limit=4.0),
    ):
        assert xml.dom.minidom.parseString(text).documentElement.tagName == "svg"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    (folder / "net.onnx").write_bytes(small_cnn(batch="n"))
    (folder / "bad.onnx").write_bytes(b"\x00\x01nothing")
    np.savez(folder / "in.npz", x=np.random.default_rng(0).standard_normal((3, 3, 16, 16)).astype(np.float32))
    return folder


def yunqi(folder: Path, *arguments: str) -> Done:
    return command.yunqi("npu", *arguments, cwd=folder, YUNQI_DATA_DIR=str(folder / "var"), COLUMNS="200")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "keys"),
    [
        (("compile", "net.onnx", "--json"), {"segments", "sram_peak", "refusals"}),
        (("loadgen", "net.onnx", "--scenario", "single-stream", "--json"), {"value", "valid", "latency_ms"}),
        (
            ("loadgen", "net.onnx", "--scenario", "offline", "--cpu", "--seconds", "0.2", "--json"),
            {"value", "simulated"},
        ),
        (
            ("profile", "net.onnx", "--trace", "t.json", "--roofline", "r.svg", "--json"),
            {"layers", "timeline", "memory"},
        ),
        (
            ("quantize", "net.onnx", "--inputs", "in.npz", "--out", "q.onnx", "--json"),
            {"top1_agreement", "weight_bytes"},
        ),
        (
            ("run", "net.onnx", "--inputs", "in.npz", "--dump", "d.npz", "--tensor", "r1", "--json"),
            {"outputs", "tensors"},
        ),
        (("asm", "net.onnx", "--out", "p.npu", "--json"), {"instructions", "text"}),
        (("sweep", "net.onnx", "--axis", "cores=2,4", "--plot", "s.svg", "--json"), {"variants"}),
        (("chip", "--json"), {"parameters", "peak_tops"}),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_every_command_prints_one_document(place: Path, arguments: tuple[str, ...], keys: set[str]) -> None:
    done = yunqi(place, *arguments)
    assert done.returncode == 0, done.stderr
    assert keys <= json.loads(done.stdout).keys()


@pytest.mark.slow
def test_a_bad_file_ends_with_a_sentence_and_exit_2(place: Path) -> None:
    done = yunqi(place, "compile", "bad.onnx", "--json")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert json.loads(done.stdout)["error"]["code"] == "network_refused"
    assert yunqi(place, "compile", "gone.onnx").returncode == 1
