import pytest

from yunqi.cloud.models.engine.governor import Backoff, Governor, threads_beside
from yunqi.cloud.models.engine.wire import Answer, Broken, decode_error


@pytest.mark.parametrize(
    ("cores", "foreign", "threads"),
    [(2, 0.0, 2), (2, 0.4, 2), (2, 0.6, 1), (2, 2.0, 1), (1, 1.0, 1), (8, 3.1, 5), (8, 9.0, 1), (4, 0.0, 4)],
)
def test_threads_leave_busy_cores_alone(cores: int, foreign: float, threads: int) -> None:
    assert threads_beside(cores, foreign) == threads


def test_the_governor_waits_until_it_is_sure() -> None:
    governor = Governor(2)
    assert [governor.sample(2, load) for load in (1.0, 1.0, 0.0, 1.0, 1.0, 1.0)] == [None] * 5 + [1]
    assert [governor.sample(1, 0.0) for _ in range(3)] == [None, None, 2]


def test_back_off_doubles_up_to_its_limit_and_forgives() -> None:
    backoff = Backoff(longest=1.0, forgive_after=60)
    assert [backoff.fail(0) for _ in range(4)] == [0.25, 0.5, 1.0, 1.0]
    assert backoff.fail(61) == 0.25


def test_an_answer_is_put_together_from_any_cutting_of_the_bytes() -> None:
    stream = (
        'data: {"choices":[{"delta":{"role":"assistant","content":null}}]}\n\n'
        ': a comment\n\ndata: {"choices":[{"delta":{"content":"你"}}],'
        '"timings":{"prompt_n":3,"cache_n":2,"predicted_n":1}}\n\n'
        'data: {"choices":[{"delta":{"content":"好"},"finish_reason":"stop"}]}\n\n'
        'data: {"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":2,'
        '"prompt_tokens_details":{"cached_tokens":2}}}\n\n'
        "data: [DONE]\n\n"
    ).encode()
    for step in (1, 7, 1000):
        answer = Answer()
        deltas = [delta for i in range(0, len(stream), step) for delta in answer.feed(stream[i : i + step])]
        assert [delta.text for delta in deltas] == ["你", "好"]
        assert deltas[0].usage.input_tokens == 5
        assert (answer.text, answer.finish_reason, answer.done) == ("你好", "stop", True)
        assert (answer.usage.input_tokens, answer.usage.output_tokens, answer.usage.cached_tokens) == (5, 2, 2)


def test_tool_calls_are_joined_by_index() -> None:
    answer = Answer()
    for call in (b'"id":"a","function":{"name":"f","arguments":"{"}', b'"function":{"arguments":"}"}'):
        list(answer.feed(b'data: {"choices":[{"delta":{"tool_calls":[{"index":0,' + call + b"}]}}]}\n"))
    assert [(call.id, call.name, call.arguments) for call in answer.tool_calls] == [("a", "f", "{}")]
    assert answer.usage == type(answer.usage)(0, 2, exact=False)


def test_nonsense_and_errors_in_a_stream_are_refused() -> None:
    with pytest.raises(Broken, match="no chunk"):
        list(Answer().feed(b"data: {nonsense\n"))
    with pytest.raises(Broken, match="too hot"):
        list(Answer().feed(b'data: {"error":{"message":"too hot"}}\n'))
    assert decode_error(b"<html>").message == "<html>"
    assert decode_error(b'{"error":"plain"}').message == "plain"
    assert decode_error(b'{"message":"other"}').message == "other"
