"""The pure parts of the paged engine: blocks, scheduling, choosing, packing, stop texts."""

import math

import numpy as np
import pytest

from yunqi.cloud.models.engine.paged.blocks import SIZE, BlockPool
from yunqi.cloud.models.engine.paged.choosing import Chosen, Wishes, choose
from yunqi.cloud.models.engine.paged.packing import has_four_bits, nibbles, pack
from yunqi.cloud.models.engine.paged.scheduler import Scheduler
from yunqi.cloud.models.engine.paged.sequence import Sequence, Stage
from yunqi.cloud.models.engine.paged.stops import Stops
from yunqi.cloud.models.service.paged.compiled import chosen
from yunqi.kernel import Invalid


def sequence(tokens: list[int], most: int = 4) -> Sequence:
    return Sequence(tokens, Wishes(), most, frozenset({0}), lambda chosen, reason: False)


def read(scheduler: Scheduler) -> list[tuple[int, bool]]:
    runs = scheduler.plan()
    scheduler.ran(runs)
    return [(run.count, run.last) for run in runs]


def test_a_long_prompt_is_read_in_pieces_beside_who_decodes() -> None:
    scheduler = Scheduler(BlockPool(40), places=2, chunk=50)
    first, second = sequence([1] * 10), sequence(list(range(120)))
    scheduler.add(first)
    assert read(scheduler) == [(10, True)]
    first.tokens.append(7)
    scheduler.add(second)
    assert read(scheduler) == [(1, True), (49, False)]
    first.tokens.append(7)
    assert read(scheduler) == [(1, True), (49, False)]
    first.tokens.append(7)
    assert read(scheduler) == [(1, True), (22, True)]


def test_more_is_read_at_once_while_nobody_decodes() -> None:
    scheduler = Scheduler(BlockPool(40), places=2, chunk=50, calm=80)
    first, second = sequence([1] * 100), sequence(list(range(120)))
    scheduler.add(first)
    assert read(scheduler) == [(80, False)]
    scheduler.add(second)
    assert read(scheduler) == [(20, True), (60, False)]
    first.tokens.append(7)
    assert read(scheduler) == [(1, True), (49, False)]


def test_a_known_beginning_is_shared_to_the_token_and_kept_after_its_sequence() -> None:
    pool = BlockPool(10)
    scheduler = Scheduler(pool, places=4, chunk=500)
    first = sequence(list(range(2 * SIZE + 10)))
    scheduler.add(first)
    read(scheduler)
    scheduler.finish(first)
    assert pool.available == 10
    second = sequence([*range(2 * SIZE + 5), 999, 998])
    scheduler.add(second)
    runs = scheduler.plan()
    assert second.cached == 2 * SIZE + 5
    assert [run.count for run in runs] == [2]
    assert len(scheduler.copies) == 1
    source, target = scheduler.copies[0]
    assert source != target == second.blocks[-1].number


def test_the_same_prompt_again_reads_its_last_token_only() -> None:
    scheduler = Scheduler(BlockPool(10), places=4, chunk=500)
    for expected in (SIZE, 1):
        one = sequence(list(range(SIZE)))
        scheduler.add(one)
        assert read(scheduler) == [(expected, True)]
        scheduler.finish(one)


def test_who_gave_a_seed_reads_the_last_token_apart() -> None:
    scheduler = Scheduler(BlockPool(10), places=4, chunk=500)
    one = sequence([1] * 20)
    one.alone = True
    scheduler.add(one)
    assert [read(scheduler), read(scheduler)] == [[(19, False)], [(1, True)]]


def test_what_is_known_gives_way_oldest_first() -> None:
    pool = BlockPool(2)
    scheduler = Scheduler(pool, places=1, chunk=500)
    for start in (0, 100, 200):
        one = sequence(list(range(start, start + 20)))
        scheduler.add(one)
        read(scheduler)
        scheduler.finish(one)
    assert pool.known(list(range(20))).length == 0
    assert pool.known(list(range(100, 120))).length == 20
    assert pool.known(list(range(200, 220))).length == 20


def test_no_block_is_lost_over_many_requests() -> None:
    rng = np.random.default_rng(1)
    pool = BlockPool(16)
    scheduler = Scheduler(pool, places=3, chunk=64)
    for _ in range(200):
        scheduler.add(sequence(rng.integers(1, 3, int(rng.integers(2, 100))).tolist()))
    for _ in range(5000):
        if scheduler.is_idle:
            break
        for run in [run for run in _stepped(scheduler) if run.last]:
            run.sequence.tokens.append(int(rng.integers(1, 3)))
            if run.sequence.said >= 3:
                scheduler.finish(run.sequence)
    assert scheduler.is_idle
    assert pool.available == 16


def _stepped(scheduler: Scheduler):  # type: ignore[no-untyped-def]
    runs = scheduler.plan()
    numbers = [block.number for one in scheduler.running for block in {id(b): b for b in one.blocks}.values()]
    assert all(0 <= number < 16 for number in numbers)
    for one in scheduler.running:
        assert len({block.number for block in one.blocks}) == len(one.blocks)
    scheduler.ran(runs)
    return runs


def test_who_leaves_gives_its_blocks_back() -> None:
    pool = BlockPool(8)
    scheduler = Scheduler(pool, places=2, chunk=64)
    one = sequence([1] * 100)
    scheduler.add(one)
    read(scheduler)
    one.stage = Stage.LEAVING
    assert read(scheduler) == []
    assert pool.available == 8
    assert one.stage is Stage.DONE


def test_choosing_follows_temperature_top_p_penalties_and_grammar() -> None:
    logits = np.array([1.0, 3.0, 2.0, -1.0], dtype=np.float32)
    assert choose(logits, Wishes(), (), 0.0) == Chosen(1)
    assert choose(logits, Wishes(presence=1.5), (1,), 0.0).token == 2
    assert choose(logits, Wishes(frequency=0.6), (1, 1), 0.0).token == 2
    allowed = np.array([True, False, False, True])
    assert choose(logits, Wishes(), (), 0.0, allowed=allowed).token == 0
    drawn = [choose(logits, Wishes(temperature=1.0), (), (place + 0.5) / 1000).token for place in range(1000)]
    chances = np.exp(logits) / np.exp(logits).sum()
    assert np.bincount(drawn, minlength=4) == pytest.approx(chances * 1000, abs=1.5)
    cut = {choose(logits, Wishes(temperature=1.0, top_p=0.5), (), draw).token for draw in (0.0, 0.5, 0.999)}
    assert cut == {1}
    assert {choose(logits, Wishes(temperature=1.0, top_k=2), (), draw).token for draw in (0.1, 0.5, 0.999)} == {1, 2}


def test_log_probabilities_are_those_of_the_logits() -> None:
    logits = np.array([1.0, 3.0, 2.0, -1.0], dtype=np.float32)
    found = choose(logits, Wishes(logprobs=2), (), 0.0)
    whole = math.log(sum(math.exp(value) for value in (1.0, 3.0, 2.0, -1.0)))
    assert found.logprob == pytest.approx(3.0 - whole)
    assert [token for token, _ in found.others] == [1, 2]


@pytest.mark.parametrize(("name", "value"), [("temperature", -1.0), ("top_p", 0.0), ("top_p", 1.5)])
def test_wishes_out_of_range_are_named(name: str, value: float) -> None:
    with pytest.raises(Invalid, match=name):
        Wishes(**{name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(("bits", "most"), [(8, 0.005), (4, 0.15)])
def test_packed_weights_lie_close_to_what_they_stand_for(bits: int, most: float) -> None:
    weight = np.random.default_rng(0).normal(size=(16, 128)).astype(np.float32)
    weight[3] = 0.0
    packed = pack(weight, bits)
    error = np.abs(packed.unpacked() - weight).max(axis=1) / np.maximum(np.abs(weight).max(axis=1), 1e-9)
    assert packed.bits == bits
    assert error.max() < most


def test_weights_that_have_four_bits_already_keep_them_exactly() -> None:
    rng = np.random.default_rng(1)
    steps = rng.uniform(-0.01, 0.01, size=(300, 4, 1)).astype(np.float16).astype(np.float32)
    values = rng.integers(0, 16, size=(300, 4, 32))
    values[:, :, 5] = 0  # as Q4_0 has it: some value is furthest from zero, and that is -8 steps
    weight = ((values - 8) * steps).reshape(300, 128).astype(np.float32)
    packed = pack(weight, 4)
    assert np.array_equal(packed.values, values)
    assert np.array_equal(packed.unpacked(), weight)
    assert has_four_bits(weight)
    assert has_four_bits(weight * rng.uniform(0.1, 10.0, size=(300, 1)).astype(np.float32))
    weight[299, 127] += 0.1 * np.abs(steps[299, 3, 0])
    assert not has_four_bits(weight)
    assert not has_four_bits(weight[:, :31])


def test_four_bits_are_chosen_by_what_they_lose() -> None:
    weight = np.random.default_rng(0).normal(size=(64, 128)).astype(np.float32)
    groups = weight.reshape(64, 4, 32)
    low, high = groups.min(-1, keepdims=True), groups.max(-1, keepdims=True)
    scales = (high - low) / 15
    zeros = np.rint(-low / scales)
    plain = (np.clip(np.rint(groups / scales) + zeros, 0, 15) - zeros) * scales
    lost = np.square(pack(weight, 4).unpacked() - weight).mean()
    assert lost < 0.93 * np.square(plain - groups).mean()


def test_columns_that_are_no_whole_groups_get_eight_bits() -> None:
    assert pack(np.ones((2, 33), dtype=np.float32), 4).bits == 8


def test_nibbles_lie_low_half_first() -> None:
    assert nibbles(np.array([1, 2, 3], dtype=np.uint8)).tolist() == [0x21, 0x03]


@pytest.mark.parametrize("cut", [1, 2, 3, 100])
def test_a_stop_text_ends_the_answer_however_it_is_cut(cut: int) -> None:
    stops, told, text = Stops(["</end>", "STOP"]), "", "a < b </en d STO </end> never"
    for start in range(0, len(text), cut):
        told += stops.feed(text[start : start + cut])
    assert stops.is_met
    assert told + stops.close() == "a < b </en d STO "


def test_what_might_have_been_a_stop_text_is_told_at_the_end() -> None:
    stops = Stops(["STOP"])
    assert stops.feed("go ST") == "go "
    assert stops.close() == "ST"
    assert not stops.is_met


def test_engines_are_chosen_by_name_and_unknown_ones_refused() -> None:
    assert chosen(("auto",), "a") == "auto"
    assert chosen(("llama.cpp", "a=openvino"), "a") == "openvino"
    assert chosen(("a=openvino", "llama.cpp"), "b") == "llama.cpp"
    with pytest.raises(Invalid, match="'vllm' is unknown"):
        chosen(("vllm",), "a")
