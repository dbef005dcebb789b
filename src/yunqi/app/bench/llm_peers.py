"""Other engines that answer the chats of `yunqi bench llm`, each in a process of its own, without any of Yunqi's code.

llama.cpp's server is always there. OpenVINO GenAI answers where the Python that the option `peers` names has it (a
throw-away environment: it is no dependency), and can read the file; it reads GGUF of Q4_0, Q4_1 and Q8_0.
"""

import json
import os
import subprocess
import sys
from typing import Any

PLACES = 8


class Peer:
    """An engine in a process of its own, asked over its standard input."""

    def __init__(self, python: str, script: str, path: str) -> None:
        self._process = subprocess.Popen(
            [python, "-c", script, path, str(PLACES), str(len(os.sched_getaffinity(0)))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "OMP_WAIT_POLICY": "passive"},  # spinning threads would count as its work
        )
        self.name = self._line().get("name", "")

    def ask(self, questions: list[str], tokens: int) -> tuple[int, int, float]:
        """Ask these questions at once, for so many tokens each: prompt and answer tokens, and CPU seconds."""
        if self._process.stdin is None:
            raise OSError("the peer has no pipes")
        self._process.stdin.write(json.dumps({"questions": questions, "tokens": tokens}) + "\n")
        self._process.stdin.flush()
        answer = self._line()
        return int(answer["read"]), int(answer["said"]), float(answer["cpu"])

    def close(self) -> None:
        """End the process."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(timeout=30)

    def _line(self) -> dict[str, Any]:
        line = "" if self._process.stdout is None else self._process.stdout.readline()
        found: dict[str, Any] = json.loads(line) if line else {}
        return found


def llama(path: str) -> Peer:
    """Return llama.cpp's server in process: unified cache, continuous batching, prompt cache, sleeping threads."""
    return Peer(sys.executable, _START + _LLAMA + _SERVE, path)


def others(path: str, python: str) -> dict[str, Peer]:
    """Return the further peers that are installed and can read the file, by a short name."""
    if not python:
        return {}
    peer = Peer(python, _START + _OPENVINO + _SERVE, path)
    if not peer.name:
        peer.close()
        return {}
    return {"openvino": peer}


_START = """
import json, os, sys, threading, time
from importlib.metadata import version
out = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
path, places, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
"""
_LLAMA = """
import xllamacpp
params = xllamacpp.CommonParams()
params.model.path = path
params.n_ctx, params.n_parallel, params.kv_unified = 2048 * places, places, True
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
params.verbosity = 0
server = xllamacpp.Server(params)
name = f"xllamacpp {version('xllamacpp')}, in process"
def one(text, tokens, found):
    body = {"messages": [{"role": "user", "content": text}], "max_tokens": tokens, "temperature": 0, "cache_prompt": True}
    answer = server.handle_chat_completions(body)
    usage = (json.loads(answer) if isinstance(answer, str) else answer)["usage"]
    found.append((usage["prompt_tokens"], usage["completion_tokens"]))
def all_of(questions, tokens):
    found = []
    asked = [threading.Thread(target=one, args=(text, tokens, found)) for text in questions]
    [thread.start() for thread in asked]
    [thread.join() for thread in asked]
    return sum(read for read, _ in found), sum(said for _, said in found)
"""
_OPENVINO = """
import openvino_genai
plan = openvino_genai.SchedulerConfig()
plan.cache_size, plan.enable_prefix_caching, plan.max_num_seqs = 1, True, places
server = openvino_genai.LLMPipeline(path, "CPU", scheduler_config=plan, INFERENCE_NUM_THREADS=threads)
name = f"openvino-genai {version('openvino-genai')}, in process"
def all_of(questions, tokens):
    settings = openvino_genai.GenerationConfig()
    settings.max_new_tokens, settings.do_sample = tokens, False
    said = server.generate(questions, settings).perf_metrics
    return said.get_num_input_tokens(), said.get_num_generated_tokens()
"""
_SERVE = """
out.write(json.dumps({"name": name}) + "\\n")
out.flush()
for line in sys.stdin:
    asked = json.loads(line)
    before = time.process_time()
    read, said = all_of(asked["questions"], asked["tokens"])
    out.write(json.dumps({"read": read, "said": said, "cpu": time.process_time() - before}) + "\\n")
    out.flush()
os._exit(0)
"""
